"""Identity columns: each has its own sequence, as in PostgreSQL.

SQLite's AUTOINCREMENT continues from the largest number ever inserted, so that one explicit id of
2^63-1 exhausts the table. Here the sequence (its row in `sqlite_sequence`) is independent of
explicit values and skips existing ones (decision 55). In charge of the SQL for that. Without a row
in `sqlite_sequence` SQLite assigns the number: in a table without AUTOINCREMENT, or one that never
had a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from jotbase.errors import RequestError
from jotbase.schema.model.tables import Table
from jotbase.schema.values.convert import GREATEST
from jotbase.sql.dialect import Dialect, text_literal
from jotbase.sql.units import Statement, UnitOfWork

_SEQUENCE = "SELECT seq FROM sqlite_sequence WHERE name = ?"
_MOVE = "UPDATE sqlite_sequence SET seq = ? WHERE name = ?"

#: PostgreSQL's own sequence of a column; it draws numbers itself, taken ones among them.
_OWN = "pg_get_serial_sequence(?::text, ?::text)"
_LAST_POSTGRES = f"SELECT coalesce(pg_sequence_last_value({_OWN}::regclass), 0)"
_MOVE_POSTGRES = f"SELECT setval({_OWN}, ?)"
_DRAW_POSTGRES = f"SELECT nextval({_OWN}) FROM generate_series(1, ?::bigint)"

#: Statements about sequences, which the plan of a write does not show.
COUNTING = frozenset((_SEQUENCE, _MOVE, _LAST_POSTGRES, _MOVE_POSTGRES, _DRAW_POSTGRES))


@lru_cache(maxsize=1024)
def identity_of(table: Table, dialect: Dialect) -> str | None:
    """Return the identity column if its numbers are assigned here, None if the database does."""
    return None if dialect.is_postgres else numbered_column(table)


@lru_cache(maxsize=1024)
def numbered_column(table: Table) -> str | None:
    """Return the identity column, None if there is none or the view has INSTEAD OF triggers."""
    if table.view is not None:
        return None
    return next((column.name for column in table.columns if column.identity), None)


def sequence_value(table: Table) -> str:
    """Return the SQL expression of the next number; NULL lets SQLite assign one."""
    last = f"(SELECT seq FROM sqlite_sequence WHERE name = {text_literal(table.name)})"
    return f"1 + min({last}, {GREATEST - 1})"


def next_numbers(table: Table, count: int) -> UnitOfWork[Sequence[int | None]]:
    """Read the next numbers, with the write lock held; None lets SQLite assign one."""
    known = yield Statement(_SEQUENCE, [table.name])
    if not known:
        return [None] * count
    last = int(known[0][0])
    return [min(last + place, GREATEST) for place in range(1, count + 1)]


def current_value(table: Table) -> UnitOfWork[int]:
    """Read the last number of the sequence."""
    found = yield Statement(_SEQUENCE, [table.name])
    return int(found[0][0]) if found else 0


def reset_statement(table: Table, number: int) -> Statement:
    """Return the statement that resets the sequence after rows with explicit numbers."""
    return Statement(_MOVE, [number, table.name])


def skip_taken(table: Table, column: str, count: int, dialect: Dialect) -> UnitOfWork[None]:
    """Advance the sequence so that no row has any of the `count` numbers after it.

    Raises RequestError 2200H if there are none up to its end.
    """
    own = [dialect.identifier(table.name), column]
    known = yield (
        Statement(_LAST_POSTGRES, own)
        if dialect.is_postgres
        else Statement(_SEQUENCE, [table.name])
    )
    if not known:  # SQLite assigns the largest rowid plus one
        return
    last = int(known[0][0])
    mine, name = dialect.identifier(table.name), dialect.identifier(column)
    big = "?::bigint" if dialect.is_postgres else "?"
    found = yield Statement(
        f"SELECT at FROM (SELECT {big} AS at UNION ALL SELECT {name} FROM {mine}"
        f" WHERE {name} > {big}) AS places WHERE NOT EXISTS (SELECT 1 FROM {mine}"
        f" WHERE {name} > at AND {name} <= at + {big})"
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
        move = Statement(_MOVE_POSTGRES, [*own, free])
        yield move if dialect.is_postgres else Statement(_MOVE, [free, table.name])


def follow_given(
    table: Table, column: str, numbers: Sequence[int], dialect: Dialect, *, moving: bool
) -> UnitOfWork[None]:
    """Have PostgreSQL's sequence follow numbers that rows brought: drawn as often, or moved past.

    By itself it takes no notice of them.
    """
    own = [dialect.identifier(table.name), column]
    if not moving:
        yield Statement(_DRAW_POSTGRES, [*own, len(numbers)])
        return
    known = yield Statement(_LAST_POSTGRES, own)
    most = max((int(known[0][0]), *numbers))
    if most > 0:
        yield Statement(_MOVE_POSTGRES, [*own, most])
