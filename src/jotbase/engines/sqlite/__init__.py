"""The embedded engine: SQLite in one file, one writer with group commit, reads beside it."""

from jotbase.engines.sqlite.engine import SqliteEngine, SqliteOptions
from jotbase.engines.sqlite.write.call_threads import CallLimits

__all__ = ["CallLimits", "SqliteEngine", "SqliteOptions"]
