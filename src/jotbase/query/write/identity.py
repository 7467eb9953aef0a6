"""The numbers that an identity column gives: a sequence of its own, as in PostgreSQL.

SQLite's AUTOINCREMENT goes on from the greatest number that any row was given, so that one explicit
id of 2^63-1 ends the table. Here the sequence (its row in `sqlite_sequence`) counts on from itself,
over numbers that are taken, and what a caller gives does not move it. In charge of the SQL of that.
Without a row there, SQLite numbers: a table without AUTOINCREMENT, or one that never had a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from jotbase.errors import RequestError
from jotbase.schema.model.tables import Table
from jotbase.schema.values.convert import GREATEST
from jotbase.sql.dialect import Dialect
from jotbase.sql.units import Statement, UnitOfWork

_SEQUENCE = "SELECT seq FROM sqlite_sequence WHERE name = ?"
_MOVE = "UPDATE sqlite_sequence SET seq = ? WHERE name = ?"

#: Statements about sequences, which are no part of what a write is asked to show of its plan.
COUNTING = frozenset((_SEQUENCE, _MOVE))


@lru_cache(maxsize=1024)
def identity_of(table: Table, dialect: Dialect) -> str | None:
    """Return the column whose numbers are given here; None if there is none, or triggers do it."""
    if dialect.name != "sqlite" or table.view is not None:
        return None
    return next((column.name for column in table.columns if column.identity), None)


def sequence_value(table: Table) -> str:
    """Return the next number as an expression; NULL lets SQLite number."""
    name = table.name.replace("'", "''")
    last = f"(SELECT seq FROM sqlite_sequence WHERE name = '{name}')"
    return f"1 + min({last}, {GREATEST - 1})"


def next_numbers(table: Table, count: int) -> UnitOfWork[Sequence[int | None]]:
    """Return the numbers that follow, for a writer that has the lock; None lets SQLite number."""
    known = yield Statement(_SEQUENCE, [table.name])
    if not known:
        return [None] * count
    last = int(known[0][0])
    return [min(last + place, GREATEST) for place in range(1, count + 1)]


def current_value(table: Table) -> UnitOfWork[int]:
    """Return the last number that the sequence gave."""
    found = yield Statement(_SEQUENCE, [table.name])
    return int(found[0][0]) if found else 0


def reset_statement(table: Table, number: int) -> Statement:
    """Return the statement that sets the sequence back to where callers' numbers found it."""
    return Statement(_MOVE, [number, table.name])


def skip_taken(table: Table, column: str, count: int, dialect: Dialect) -> UnitOfWork[None]:
    """Move the sequence to where so many numbers follow that no row has.

    Raises RequestError 2200H if there are none up to its end.
    """
    known = yield Statement(_SEQUENCE, [table.name])
    if not known:  # SQLite numbers after the greatest
        return
    last = int(known[0][0])
    mine, name = dialect.identifier(table.name), dialect.identifier(column)
    found = yield Statement(
        f"SELECT at FROM (SELECT ? AS at UNION ALL SELECT {name} FROM {mine} WHERE {name} > ?)"
        f" WHERE NOT EXISTS (SELECT 1 FROM {mine} WHERE {name} > at AND {name} <= at + ?)"
        " ORDER BY at LIMIT 1",
        [last, last, count],
    )
    free = int(found[0][0]) if found else GREATEST
    if free > GREATEST - count:
        raise RequestError(
            "2200H",
            f'nextval: reached maximum value of sequence "{table.name}_{column}_seq" ({GREATEST})',
            hint="Give the row an id of your own, or remove the row with the greatest one.",
        )
    if free != last:
        yield Statement(_MOVE, [free, table.name])
