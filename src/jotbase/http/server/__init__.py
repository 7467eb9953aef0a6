"""The server process, its routes and its fast path."""
