"""The embedded engine: SQLite in one file, one writer with group commit, reads beside it."""

from jotbase.engines.sqlite.desks import Places
from jotbase.engines.sqlite.engine import SqliteEngine, SqliteOptions

__all__ = ["Places", "SqliteEngine", "SqliteOptions"]
