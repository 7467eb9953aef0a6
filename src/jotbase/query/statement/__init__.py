"""A read plan as one SQL statement."""
