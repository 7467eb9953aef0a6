"""The PostgreSQL engine, by asyncpg; imported only where the database's URL asks for it."""

from jotbase.engines.postgresql.engine import PostgresEngine, PostgresOptions

__all__ = ["PostgresEngine", "PostgresOptions"]
