"""What writes to clients: encoded frames, missed changes, what a topic's room says."""
