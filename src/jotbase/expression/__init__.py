"""The one expression type: operators, their SQL and their in-memory reading."""
