"""A project as SQL for a database that others run: tables, and rules as row-level security."""
