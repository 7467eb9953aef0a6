"""SQL as values: fragments with bound parameters, dialects, units of work."""
