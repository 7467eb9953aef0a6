"""Rows held against their table's JSON Schema."""
