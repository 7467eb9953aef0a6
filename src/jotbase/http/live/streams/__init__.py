"""Server-sent events: the changes of one table by GET."""
