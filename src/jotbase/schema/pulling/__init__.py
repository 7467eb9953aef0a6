"""An existing database read into schema files."""
