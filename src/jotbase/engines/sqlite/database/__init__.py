"""One SQLite file and its connections: opened, described, refused."""
