"""What runs beside requests: upkeep, indexing, mail."""
