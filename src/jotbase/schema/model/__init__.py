"""The model: tables, columns and keys as immutable values."""
