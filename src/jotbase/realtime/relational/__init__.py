"""Rules over other tables, asked of the database."""
