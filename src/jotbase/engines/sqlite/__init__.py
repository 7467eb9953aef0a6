"""The embedded engine: SQLite in one file, one writer with group commit, reads beside it."""

from jotbase.engines.sqlite.engine import SqliteEngine, SqliteOptions
from jotbase.engines.sqlite.write.call_threads import Places

__all__ = ["Places", "SqliteEngine", "SqliteOptions"]
