"""Rows that are written while the others are held against a changed schema, beside the traffic.

In charge of the triggers that note such rows, from before the first row is read until the migration
takes their numbers. Must not know how rows are checked (`stored_rows`). Notes bear a token, so that
a migration does not take those of another, which may have begun later, for its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jotbase.schema.ddl.constraints import literal
from jotbase.schema.model.tables import Table
from jotbase.schema.upgrading.comparison import TableChange
from jotbase.sql.dialect import SQLITE
from jotbase.sql.units import Statement, UnitOfWork

_TOUCHED = '"jotbase.touched"'
_TRIGGERS = (
    "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'jotbase.touched.%'"
    " UNION ALL SELECT name FROM sqlite_schema WHERE name = 'jotbase.touched'"
)

#: So many numbers are read at a time: a unit may read 32 MiB in one statement.
PAGE = 10_000
#: More numbers than these are not held in memory: all rows are checked again instead.
MOST_TOUCHED = 1_000_000
_PAGE = (
    f'SELECT "table", "row" FROM {_TOUCHED} WHERE ("table", "row") > (?, ?)'
    f' ORDER BY "table", "row" LIMIT {PAGE}'
)

#: The numbers of the rows that were written since their table was checked, by table.
Written = Mapping[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class CheckedAhead:
    """What a migration need not check again: the tables in `written`, but for those rows, if the
    database still holds the model of the text `stored`.
    """

    stored: str | None
    written: Written


def can_be_checked_ahead(change: TableChange) -> bool:
    """Return whether the rows that a change concerns can be checked while the table is written."""
    if change.old.without_rowid:
        return False
    return bool(change.columns) or rows_can_be_checked_ahead(change)


def rows_can_be_checked_ahead(change: TableChange) -> bool:
    """Return whether whole rows can be: they are as they will be, under the same number."""
    same = change.old.by_name.keys() == change.new.by_name.keys()
    is_copied = change.rebuild and change.new.row_key[0] not in change.new.by_name
    anew = change.filled or change.retyped_arrays or is_copied or change.new.without_rowid
    return change.rows and same and not anew


def note_touched_rows(token: str, tables: Sequence[Table]) -> UnitOfWork[None]:
    """Begin to note the rows of these tables that are written."""
    yield from take_touched_rows(token)
    yield Statement(
        f"CREATE TABLE {_TOUCHED}"
        ' ("table" TEXT NOT NULL, "row" INTEGER NOT NULL, PRIMARY KEY ("table", "row"))'
        " STRICT, WITHOUT ROWID"
    )
    yield Statement(f'INSERT INTO {_TOUCHED} ("table", "row") VALUES (?, 0)', (f"token.{token}",))
    for table in tables:
        for text in _triggers(table):
            yield Statement(text)


def _triggers(table: Table) -> Iterator[str]:
    called = literal(table.name)
    row = f"NEW.{SQLITE.identifier(table.row_key[0])}"
    for event in ("INSERT", "UPDATE"):
        name = SQLITE.identifier(f"jotbase.touched.{event.lower()}.{table.name}")
        yield (
            f"CREATE TRIGGER {name} AFTER {event} ON {SQLITE.identifier(table.name)} BEGIN"
            f' INSERT INTO {_TOUCHED} ("table", "row") SELECT {called}, {row}'
            f' WHERE NOT EXISTS (SELECT 1 FROM {_TOUCHED} WHERE "table" = {called}'
            f' AND "row" = {row}); END'
        )


def take_touched_rows(token: str) -> UnitOfWork[dict[str, list[int]] | None]:
    """End the noting, and return the numbers by table; None if it was not begun with the token, or
    noted more than `MOST_TOUCHED`.
    """
    names = [str(name) for (name,) in (yield Statement(_TRIGGERS))]
    if "jotbase.touched" not in names:
        return None
    noted = yield from _noted_rows(token)
    for name in names:
        if name != "jotbase.touched":
            yield Statement(f"DROP TRIGGER {SQLITE.identifier(name)}")
    yield Statement(f"DROP TABLE {_TOUCHED}")
    return noted


def _noted_rows(token: str) -> UnitOfWork[dict[str, list[int]] | None]:
    own = yield Statement(f'SELECT 1 FROM {_TOUCHED} WHERE "table" = ?', (f"token.{token}",))
    if not own:
        return None
    found: dict[str, list[int]] = {}
    count = 0
    page = yield Statement(_PAGE, ("", 0))
    while page:
        for table, row in page:
            found.setdefault(str(table), []).append(int(row))
        count += len(page)
        if count > MOST_TOUCHED:
            return None
        page = yield Statement(_PAGE, page[-1])
    return found
