"""The server: its address, connections, types, views and errors."""
