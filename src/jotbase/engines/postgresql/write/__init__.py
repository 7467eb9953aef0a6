"""Units of work and calls: one transaction each, side by side."""
