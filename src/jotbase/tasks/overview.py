"""Background work as an administrator sees it: what waits, what was given up, and what is planned.

In charge of the SQL. Must not know how it is shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from jotbase.sql.dialect import Dialect
from jotbase.sql.units import Statement, UnitOfWork
from jotbase.tasks.tables import SCHEDULES, TASKS
from jotbase.tasks.units import Asked


def listed(dialect: Dialect, dead: bool, limit: int) -> Asked:
    """Return the statement that reads (key, state, due, attempts, error) of tasks: the dead first,
    or they alone; then what is due first.
    """
    chosen = ' WHERE "dead" = 1' if dead else ""
    return (
        'SELECT "key", CASE "dead" WHEN 1 THEN \'dead\' ELSE \'waiting\' END, "due", "attempts",'
        f' "error" FROM {TASKS[dialect.name]}{chosen}'
        f' ORDER BY "dead" DESC, "due", "name", "number", "key" LIMIT {int(limit)}',
        (),
    )


def count_tasks(dialect: Dialect) -> Asked:
    """Return the statement that reads how many tasks are dead, and how many wait."""
    return (
        'SELECT count(*) FILTER (WHERE "dead" = 1), count(*) FILTER (WHERE "dead" = 0)'
        f" FROM {TASKS[dialect.name]}",
        (),
    )


def schedules(dialect: Dialect) -> Asked:
    """Return the statement that reads (name, spec, next time) of what is planned."""
    return f'SELECT "name", "spec", "due" FROM {SCHEDULES[dialect.name]} ORDER BY "name"', ()


def retry_tasks(dialect: Dialect, keys: Sequence[str], now: float) -> UnitOfWork[list[str]]:
    """Have dead tasks run again, all of them without keys; return their keys.

    A change that a hook was to be told of comes before those that wait for it.
    """
    rows = yield Statement(
        f'UPDATE {TASKS[dialect.name]} SET "dead" = 0, "attempts" = 0, "due" = ?'
        f' WHERE "dead" = 1{_of(keys)} RETURNING "key"',
        (now, *keys),
    )
    return sorted(key for (key,) in rows)


def delete_tasks(dialect: Dialect, keys: Sequence[str]) -> UnitOfWork[list[str]]:
    """Delete dead tasks, all of them without keys; return their keys."""
    rows = yield Statement(
        f'DELETE FROM {TASKS[dialect.name]} WHERE "dead" = 1{_of(keys)} RETURNING "key"',
        tuple(keys),
    )
    return sorted(key for (key,) in rows)


def _of(keys: Sequence[str]) -> str:
    return f' AND "key" IN ({", ".join("?" * len(keys))})' if keys else ""
