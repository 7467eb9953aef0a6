"""The embedded engine: SQLite in one file, one writer with group commit, reads beside it."""

from jotbase.engines.calls.call_threads import CallLimits
from jotbase.engines.sqlite.engine import SqliteEngine, SqliteOptions

__all__ = ["CallLimits", "SqliteEngine", "SqliteOptions"]
