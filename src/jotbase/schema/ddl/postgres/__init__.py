"""The model as PostgreSQL's SQL."""
