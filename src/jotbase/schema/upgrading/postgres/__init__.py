"""A PostgreSQL database brought to a model."""
