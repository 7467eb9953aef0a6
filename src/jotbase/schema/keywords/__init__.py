"""The keywords of schema files, and the types that they make of columns."""
