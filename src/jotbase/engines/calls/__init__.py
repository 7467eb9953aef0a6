"""What calls of project code need whatever the database: threads, turns, deadlines, and an end."""
