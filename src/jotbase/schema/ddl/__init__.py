"""The model as SQL: tables, constraints, the change log, full-text indexes."""
