"""Background work as units of work: who runs it, what is due, what came of it.

In charge of the SQL. Must not know what a task does, nor when it is looked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from jotbase.records import dataclass
from jotbase.sql.dialect import Dialect
from jotbase.sql.units import Statement, UnitOfWork
from jotbase.tasks.tables import HOOKS, RUNNER, SCHEDULES, TASKS

#: How many numbers of the log one unit of work looks through for a hook, and how many of its
#: changes wait as tasks at most (and one slice more): the rest waits in the log.
SLICE, AHEAD = 500, 500

_CHANGES = {
    "sqlite": ('"jotbase.changes"', '"committed_at"'),
    "postgres": (
        '"jotbase"."changes"',
        'to_char("committed_at" AT TIME ZONE \'UTC\', \'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\')',
    ),
}
#: The database's own clock, in epoch seconds: those of several servers may differ.
_CLOCK = {
    "sqlite": "unixepoch('now', 'subsec')",
    "postgres": "extract(epoch FROM clock_timestamp())::double precision",
}
_COLUMNS = (
    '"key", "name", "number", "kind", "old", "new", "committed_at", "arguments", "due",'
    ' "attempts", "version", "dead"'
)
_SHOWN = (
    '"key", "name", "number", "kind", "old", "new", "committed_at", "arguments", "due",'
    ' "attempts", "version"'
)


@dataclass(frozen=True, slots=True)
class Task:
    """One task that waits; that of a change has its `number` and rows, any other `arguments`."""

    key: str
    name: str
    number: int
    kind: str | None
    old: str | None
    new: str | None
    committed_at: str | None
    arguments: str | None
    due: float
    attempts: int
    version: int


@dataclass(frozen=True, slots=True)
class Told:
    """What a hook is told of: changes of a kind of one table."""

    name: str
    table: str
    kind: Literal["INSERT", "UPDATE", "DELETE"]


@dataclass(frozen=True, slots=True)
class Telling:
    """What one slice came to: whether there is `more` at once, whether hooks are told of the
    `whole` log, and the hooks that `missed` what came before a number.
    """

    more: bool
    whole: bool
    missed: Sequence[tuple[str, int]] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that failed: when the task is due again, None if it never is."""

    key: str
    error: str
    due: float | None


#: The longest text of an error that is kept.
ERROR_LENGTH = 500

#: A statement that reads, with its values.
Asked = tuple[str, Sequence[object]]


def take_lease(dialect: Dialect, holder: str, seconds: float) -> UnitOfWork[bool]:
    """Become, or stay, the one runner of this database; False while another is."""
    clock = _CLOCK[dialect.name]
    rows = yield Statement(
        f'UPDATE {RUNNER[dialect.name]} SET "holder" = ?, "until" = {clock} + ?'
        f' WHERE "holder" = ? OR "until" < {clock} RETURNING "one"',
        (holder, seconds, holder),
    )
    return bool(rows)


def release_lease(dialect: Dialect, holder: str) -> UnitOfWork[None]:
    """Let another run the tasks at once."""
    yield Statement(f'UPDATE {RUNNER[dialect.name]} SET "until" = 0 WHERE "holder" = ?', (holder,))


def begun(dialect: Dialect) -> Asked:
    """Return the statement that reads what was declared: (hook, ""), (schedule, spec)."""
    hooks, schedules = HOOKS[dialect.name], SCHEDULES[dialect.name]
    return f'SELECT "name", \'\' FROM {hooks} UNION ALL SELECT "name", "spec" FROM {schedules}', ()


def declare(
    dialect: Dialect,
    hooks: Sequence[Told],
    newest: int,
    schedules: Sequence[tuple[str, str, float]],
) -> UnitOfWork[None]:
    """Begin new hooks at the newest change, and new schedules at their time; forget others."""
    hooked, scheduled = HOOKS[dialect.name], SCHEDULES[dialect.name]
    told = [hook.name for hook in hooks]
    yield Statement(f"DELETE FROM {hooked}{_without(told)}", tuple(told))
    for hook in hooks:
        yield Statement(
            f'INSERT INTO {hooked} ("name", "table", "kind", "cursor") VALUES (?, ?, ?, ?)'
            " ON CONFLICT DO NOTHING",
            (hook.name, hook.table, hook.kind, newest),
        )
    names = [name for name, _, _ in schedules]
    yield Statement(f"DELETE FROM {scheduled}{_without(names)}", tuple(names))
    for name, spec, due in schedules:
        yield Statement(
            f'INSERT INTO {scheduled} ("name", "spec", "due") VALUES (?, ?, ?)'
            ' ON CONFLICT ("name") DO UPDATE SET "spec" = excluded."spec", "due" = excluded."due"'
            f' WHERE {scheduled}."spec" <> excluded."spec"',
            (name, spec, due),
        )


def hooked_tables(dialect: Dialect) -> UnitOfWork[frozenset[str]]:
    """Return the tables whose changes hooks are told of."""
    rows = yield Statement(f'SELECT "table" FROM {HOOKS[dialect.name]}')
    return frozenset(name for (name,) in rows)


def _without(names: Sequence[str]) -> str:
    return f' WHERE "name" NOT IN ({_marks(names)})' if names else ""


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def cursors(dialect: Dialect) -> Asked:
    """Return the statement that reads (name, newest change that it was told of) of the hooks."""
    return f'SELECT "name", "cursor" FROM {HOOKS[dialect.name]}', ()


def move_cursors(dialect: Dialect, told: int) -> UnitOfWork[None]:
    """Note that no hook has anything to be told of up to that change."""
    yield Statement(
        f'UPDATE {HOOKS[dialect.name]} SET "cursor" = ? WHERE "cursor" < ?', (told, told)
    )


def has_untold(dialect: Dialect, hooks: Sequence[Told], after: int, newest: int) -> Asked:
    """Return the statement that reads a row if the log has something for a hook after a change."""
    kinds = " OR ".join(['("table" = ? AND "kind" = ?)'] * len(hooks))
    values = [value for hook in hooks for value in (hook.table, hook.kind)]
    log = _CHANGES[dialect.name][0]
    return (
        f'SELECT 1 FROM {log} WHERE "number" > ? AND "number" <= ? AND ({kinds}) LIMIT 1',
        (after, newest, *values),
    )


def add_changes(
    dialect: Dialect,
    hooks: Sequence[Told],
    oldest: int,
    newest: int,
    now: float,
    ahead: int | None = AHEAD,
) -> UnitOfWork[Telling]:
    """Make a task of each change in a slice of the log that a hook was not told of yet, in the
    transaction that moves the hook's cursor; none for a hook of which more than `ahead` wait.

    `oldest` is the first number that the log still has, 0 if it has none.
    """
    marked: dict[str, int] = dict((yield Statement(*cursors(dialect))))
    waiting: dict[str, int] = dict((yield Statement(*_waiting(dialect)))) if ahead else {}
    more, whole = False, True
    missed: list[tuple[str, int]] = []
    for hook in hooks:
        cursor = marked.get(hook.name, newest)
        if cursor >= newest:
            continue
        if ahead and waiting.get(hook.name, 0) > ahead:
            whole = False
            continue
        if (first := oldest or newest + 1) > cursor + 1:
            missed.append((hook.name, first))
            cursor = first - 1
        until = min(newest, cursor + SLICE)
        more = more or until < newest
        yield _insert_changes(dialect, hook, cursor, until, now)
        yield Statement(
            f'UPDATE {HOOKS[dialect.name]} SET "cursor" = ? WHERE "name" = ?', (until, hook.name)
        )
    return Telling(more, whole and not more, tuple(missed))


def _waiting(dialect: Dialect) -> Asked:
    return (
        f'SELECT "name", count(*) FROM {TASKS[dialect.name]}'
        ' WHERE "dead" = 0 AND "number" > 0 GROUP BY "name"',
        (),
    )


def _insert_changes(dialect: Dialect, hook: Told, cursor: int, until: int, now: float) -> Statement:
    changes, at = _CHANGES[dialect.name]
    return Statement(
        f"INSERT INTO {TASKS[dialect.name]} ({_COLUMNS})"
        f" SELECT CAST(? AS text) || '/' || \"number\" || '/' || {at}, CAST(? AS text),"
        f' "number", "kind", "old", "new", {at}, NULL, CAST(? AS double precision), 0, 0, 0'
        f' FROM {changes} WHERE "number" > ? AND "number" <= ? AND "table" = ? AND "kind" = ?'
        " ON CONFLICT DO NOTHING",
        (hook.name, hook.name, now, cursor, until, hook.table, hook.kind),
    )


def keep_untold_changes(dialect: Dialect) -> UnitOfWork[None]:
    """Make tasks of all that hooks were not told of yet: the log is to be emptied."""
    rows = yield Statement(f'SELECT "name", "table", "kind" FROM {HOOKS[dialect.name]}')
    hooks = [Told(*row) for row in rows]
    if dialect.is_postgres:  # what has committed and has no number yet
        yield Statement('SELECT "jotbase"."number_changes"()')
    ends = yield Statement(f'SELECT min("number"), max("number") FROM {_CHANGES[dialect.name][0]}')
    oldest, newest = ends[0]
    if hooks and newest is not None:
        while (yield from add_changes(dialect, hooks, oldest, newest, 0.0, None)).more:
            continue


def add_task(dialect: Dialect, key: str, name: str, arguments: str, due: float) -> UnitOfWork[None]:
    """Add a task. One of the same key that waits stays as it is, and runs again if it is running;
    one that is dead gives way.
    """
    tasks = TASKS[dialect.name]
    yield Statement(
        f"INSERT INTO {tasks} ({_COLUMNS})"
        " VALUES (?, ?, 0, NULL, NULL, NULL, NULL, ?, ?, 0, 0, 0)"
        f' ON CONFLICT ("key") DO UPDATE SET "version" = {tasks}."version" + 1,'
        f' "arguments" = {_if_dead(tasks, "arguments")}, "due" = {_if_dead(tasks, "due")},'
        f' "attempts" = {_if_dead(tasks, "attempts")}, "dead" = 0',
        (key, name, arguments, due),
    )


def _if_dead(tasks: str, column: str) -> str:
    return f'CASE {tasks}."dead" WHEN 1 THEN excluded."{column}" ELSE {tasks}."{column}" END'


def waiting_changes(dialect: Dialect, name: str, limit: int) -> Asked:
    """Return the statement that reads the first changes that a hook is to be told of."""
    return (
        f'SELECT {_SHOWN} FROM {TASKS[dialect.name]} WHERE "name" = ? AND "dead" = 0'
        f' AND "number" > 0 ORDER BY "number" LIMIT {limit}',
        (name,),
    )


def due_tasks(
    dialect: Dialect, names: Sequence[str], busy: Sequence[str], now: float, limit: int
) -> Asked:
    """Return the statement that reads the tasks of these names that are due, none of the `busy`
    keys, those first that are due for longest.
    """
    but = f' AND "key" NOT IN ({_marks(busy)})' if busy else ""
    return (
        f'SELECT {_SHOWN} FROM {TASKS[dialect.name]} WHERE "name" IN ({_marks(names)})'
        f' AND "dead" = 0 AND "number" = 0 AND "due" <= ?{but} ORDER BY "due" LIMIT {limit}',
        (*names, now, *busy),
    )


def settle(dialect: Dialect, done: Sequence[Task], failures: Sequence[Failure]) -> UnitOfWork[None]:
    """Take what is done from the table, unless it was asked for again; note what failed."""
    tasks = TASKS[dialect.name]
    told = [one.key for one in done if one.number]
    if told:
        yield Statement(f'DELETE FROM {tasks} WHERE "key" IN ({_marks(told)})', tuple(told))
    for task in done:
        if not task.number:
            yield Statement(
                f'DELETE FROM {tasks} WHERE "key" = ? AND "version" = ?', (task.key, task.version)
            )
    for one in failures:
        yield Statement(
            f'UPDATE {tasks} SET "attempts" = "attempts" + 1, "error" = ?, "due" = ?, "dead" = ?'
            ' WHERE "key" = ?',
            (one.error[:ERROR_LENGTH], one.due or 0.0, int(one.due is None), one.key),
        )


def due_schedules(dialect: Dialect, now: float) -> Asked:
    """Return the statement that reads (name, spec, due) of schedules that are due."""
    return (
        f'SELECT "name", "spec", "due" FROM {SCHEDULES[dialect.name]} WHERE "due" <= ?',
        (now,),
    )


def add_due_times(
    dialect: Dialect, due: Sequence[tuple[str, float, float]], now: float
) -> UnitOfWork[None]:
    """Add the task of each schedule (name, time, next time), and set its next time, if nobody has
    yet.
    """
    for name, at, following in due:
        moved = yield Statement(
            f'UPDATE {SCHEDULES[dialect.name]} SET "due" = ? WHERE "name" = ? AND "due" = ?'
            ' RETURNING "name"',
            (following, name, at),
        )
        if moved:
            yield from add_task(dialect, f"{name}/{at:.0f}", name, "[[], {}]", now)


@dataclass(frozen=True, slots=True)
class DeadTask:
    """A task that failed for good: how often it was run, and the last error."""

    key: str
    attempts: int
    error: str


def dead_tasks(dialect: Dialect) -> Asked:
    """Return the statement that reads what `DeadTask` holds of the tasks that failed for good."""
    return (
        f'SELECT "key", "attempts", "error" FROM {TASKS[dialect.name]} WHERE "dead" = 1'
        ' ORDER BY "name", "number", "key"',
        (),
    )
