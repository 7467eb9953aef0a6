"""INSERT, UPDATE and DELETE statements, and the rows of their RETURNING clause.

In charge of the SQL that writes rows, and of converting rows between stored and canonical form.
Must not know payloads, responses or rules.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, groupby, repeat
from operator import eq, itemgetter
from typing import Any

from jotbase.errors import ConflictError
from jotbase.expression.expr import Context
from jotbase.query.plan.row_keys import Key, column_list, is_numbered, table_key_in
from jotbase.query.write.identity import (
    current_value,
    follow_given,
    identity_of,
    next_numbers,
    numbered_column,
    reset_statement,
    sequence_value,
    skip_taken,
)
from jotbase.schema.model.tables import RANGES, Table, Type
from jotbase.schema.values.convert import loaded, stored
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment
from jotbase.sql.units import PAUSE, TURN, Rows, Statement, UnitOfWork
from jotbase.values import Row

#: Rows of one statement: many enough to amortize parsing, in a few sizes so that prepared
#: statements are reused. A statement of more rows than one has at most MOST_VALUES values.
CHUNKS = (256, 32)
MAX_VALUES = 2048

#: Types whose stored form is their canonical form.
_SAME = (
    frozenset(
        (Type.INTEGER, Type.NUMBER, Type.TEXT, Type.UUID, Type.TIMESTAMP, Type.DATE, Type.TIME)
    )
    | RANGES
)


def statement_of(fragment: Fragment, context: Context) -> Statement:
    """Return a fragment as a statement with its slots filled from the context."""
    values = [value.fill(context) if hasattr(value, "fill") else value for value in fragment.params]
    return Statement(fragment.text, values)


@dataclass(frozen=True, slots=True)
class Insert:
    """An INSERT; `unnumbered` rows get their numbers from the table's sequence.

    If they are several, their numbers must still be inserted before the values of each row.
    """

    text: str
    params: Sequence[Any] = ()
    unnumbered: int = 0


def insert_statements(
    table: Table, rows: Sequence[Row], dialect: Dialect, conflict: str = "", *, read: bool = True
) -> Iterator[Insert]:
    """Yield statements that insert the rows, in order; `conflict` is an ON CONFLICT clause.

    They return the columns of `returning_list` for each row, unless it is not `read`.
    """
    identity = identity_of(table, dialect)
    for keys, alike in groupby(rows, tuple):
        names, some = _sorted(keys), list(alike)
        number = numbered_column(table)
        unnumbered = number is not None and number not in names
        for chunk in _chunks(some, len(names)):
            if not names and (identity is None or not unnumbered):
                # DEFAULT VALUES has no value that could conflict, and allows no ON CONFLICT.
                one = Insert(_insert(table, names, 0, "", dialect, read), (), int(unnumbered))
                yield from [one] * len(chunk)
                continue
            text = _insert(table, names, len(chunk), conflict, dialect, read)
            values = _values(table, names, chunk, dialect)
            yield Insert(text, values, len(chunk) if unnumbered else 0)


def _chunks(rows: Sequence[Row], width: int) -> Iterator[Sequence[Row]]:
    start = 0
    for size in CHUNKS:
        while len(rows) - start >= size and (size * width <= MAX_VALUES or size == CHUNKS[-1]):
            yield rows[start : start + size]
            start += size
    if start < len(rows):
        yield rows[start:]


def insert_rows(
    table: Table,
    rows: Sequence[Row],
    dialect: Dialect,
    conflict: str = "",
    *,
    conflict_columns: Container[str] = (),
    moving: bool = False,
    drawing: bool = False,
) -> UnitOfWork[tuple[list[Key], list[Row]]]:
    """Insert the rows; return (row keys, rows) as `load_returned` does.

    `conflict_columns` are the columns of the conflict. Numbers that rows bring do not move the
    table's own sequence, unless they are `moving` it; `drawing`, each of them takes one of the
    sequence's too.
    """
    keys: list[Key] = []
    loaded_rows: list[Row] = []
    identity = numbered_column(table)
    for statement in insert_statements(table, rows, dialect, conflict):
        if identity is None or (moving and not statement.unnumbered):
            found = yield statement
        elif statement.unnumbered:
            if identity in conflict_columns:  # no row must be met by a number nobody asked for
                yield from skip_taken(table, identity, statement.unnumbered, dialect)
            found = yield from _numbered(table, identity, statement, dialect)
        elif dialect.is_postgres:
            found = yield statement
        else:
            last = yield from current_value(table)
            found = yield statement
            yield reset_statement(table, last + (len(found) if drawing else 0))
        some = load_returned(table, found, dialect)
        given = dialect.is_postgres and not statement.unnumbered and (moving or drawing)
        if given and identity is not None:
            numbers = [row[identity] for row in some[1]]
            yield from follow_given(table, identity, numbers, dialect, moving=moving)
        keys.extend(some[0])
        loaded_rows.extend(some[1])
    if len(loaded_rows) > TURN:  # the whole of them is looked at next
        yield PAUSE
    return keys, loaded_rows


def insert_unread(table: Table, rows: Sequence[Row], dialect: Dialect) -> UnitOfWork[list[Row]]:
    """Insert rows that `are_known`, and return them as they are stored, in canonical form.

    To fetch a row from RETURNING takes about as long as to insert it.
    """
    number = numbered_column(table)
    inserted: list[Row] = []
    for some in _chunks(rows, len(table.columns)):  # each of them is one statement
        if number is None:
            inserted += yield from _inserted_as_given(table, some, dialect)
            continue
        try:
            inserted += yield from _inserted_with_numbers(table, number, some, dialect)
        except ConflictError as error:
            if error.key is None or error.key.columns != (number,):
                raise
            yield from skip_taken(table, number, len(some), dialect)
            inserted += yield from _inserted_with_numbers(table, number, some, dialect)
    if len(rows) > TURN:  # the whole of them is looked at next
        yield PAUSE
    return inserted


def _inserted_with_numbers(
    table: Table, number: str, rows: Sequence[Row], dialect: Dialect
) -> UnitOfWork[Sequence[Row]]:
    """Insert rows with the sequence's next numbers; a table's first rows must tell theirs."""
    numbers = yield from next_numbers(table, len(rows))
    if None in numbers:
        return (yield from insert_rows(table, rows, dialect))[1]
    numbered = [{**row, number: given} for row, given in zip(rows, numbers, strict=True)]
    return (yield from _inserted_as_given(table, numbered, dialect))


def _inserted_as_given(
    table: Table, rows: Sequence[Row], dialect: Dialect
) -> UnitOfWork[Sequence[Row]]:
    yield from insert_statements(table, rows, dialect, read=False)
    return rows


def are_known(table: Table, rows: Sequence[Row], dialect: Dialect) -> bool:
    """Return whether many rows have all that is stored of them, but for the table's own numbers.

    SQLite's triggers cannot change a row that is inserted (https://sqlite.org/lang_createtrigger.html).
    """
    if dialect.is_postgres or table.view is not None or len(rows) <= CHUNKS[-1]:
        return False
    number = numbered_column(table)
    needed = {one.name: None for one in table.columns if one.name != number}.keys()
    return all(map(eq, map(dict.keys, rows), repeat(needed)))


def _numbered(table: Table, identity: str, statement: Insert, dialect: Dialect) -> UnitOfWork[Rows]:
    """Insert rows with the next numbers; beyond those that others gave, where they are taken."""
    try:
        return (yield from _numbering(table, statement, dialect))
    except ConflictError as error:
        if error.key is None or error.key.columns != (identity,):
            raise
        yield from skip_taken(table, identity, statement.unnumbered, dialect)
        return (yield from _numbering(table, statement, dialect))


def _numbering(table: Table, statement: Insert, dialect: Dialect) -> UnitOfWork[Rows]:
    """Insert rows that are numbered by the sequence; PostgreSQL does so by itself."""
    if dialect.is_postgres:
        return (yield statement)
    return (yield from _with_numbers(table, statement))


def _with_numbers(table: Table, statement: Insert) -> UnitOfWork[Rows]:
    """Insert rows with the sequence's next numbers; a single row's INSERT reads it itself."""
    count = statement.unnumbered
    if count == 1:
        return (yield statement)
    numbers = yield from next_numbers(table, count)
    values, width = statement.params, len(statement.params) // count
    numbered: list[Any] = [None] * (count * (width + 1))
    numbered[:: width + 1] = numbers
    for place in range(width):
        numbered[place + 1 :: width + 1] = values[place::width]
    return (yield Statement(statement.text, numbered))


@lru_cache(maxsize=1024)
def _insert(
    table: Table, names: tuple[str, ...], count: int, conflict: str, dialect: Dialect, read: bool
) -> str:
    """Return the text of an INSERT of `count` rows with those columns."""
    into = f"INSERT INTO {dialect.identifier(table.name)}"
    back = f" RETURNING {returning_list(table, dialect)}" if read else ""
    if not count:
        return f"{into} DEFAULT VALUES{back}"
    identity = identity_of(table, dialect)
    if identity is None or identity in names:
        rows = [", ".join(_marks(table, names, dialect))] * count
    else:
        number = sequence_value(table) if count == 1 else "?"
        rows = [number + ", ?" * len(names)] * count
        names = (identity, *names)
    listed = ", ".join(map(dialect.identifier, names))
    values = ", ".join(f"({row})" for row in rows)
    return f"{into} ({listed}) VALUES {values}{conflict}{back}"


def _marks(table: Table, names: Sequence[str], dialect: Dialect) -> list[str]:
    return [mark(table.by_name[name].type, dialect) for name in names]


def mark(kind: Type, dialect: Dialect) -> str:
    """Return the place of a value of a column's: PostgreSQL's driver has no text for ranges."""
    return f"?::text::{kind.value}" if dialect.is_postgres and kind in RANGES else "?"


@lru_cache(maxsize=4096)
def _sorted(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(names))


def _values(
    table: Table, names: tuple[str, ...], rows: Sequence[Row], dialect: Dialect
) -> list[Any]:
    # The driver binds booleans as 0 and 1.
    odd = [
        (name, kind)
        for name, kind in _non_canonical(table)
        if name in names and kind is not Type.BOOLEAN
    ]
    if odd:
        rows = [
            row | {name: stored(kind, row[name], dialect) for name, kind in odd} for row in rows
        ]
    if len(names) < 2:
        return [row[name] for row in rows for name in names]
    return list(chain.from_iterable(map(itemgetter(*names), rows)))


@lru_cache(maxsize=1024)
def returning_list(table: Table, dialect: Dialect, alias: str | None = None) -> str:
    """Return the RETURNING list: the table's rowid, if it has one, and its columns."""
    number = table.row_key if is_numbered(table) else ()
    if not dialect.is_postgres:
        return column_list((*number, *table.by_name), dialect, alias)
    shown = [column_list([name], dialect, alias) for name in (*number, *table.by_name)]
    for place, column in enumerate(table.columns, len(number)):
        if column.type in RANGES:
            shown[place] += "::text"
    return ", ".join(shown)


def load_returned(table: Table, found: Rows, dialect: Dialect) -> tuple[list[Key], list[Row]]:
    """Return (row keys, rows in canonical form) of the result of a `returning_list`."""
    names = tuple(table.by_name)
    if is_numbered(table):
        rows: list[Row] = [dict(zip(names, values[1:])) for values in found]  # noqa: B905
    else:
        rows = [dict(zip(names, values)) for values in found]  # noqa: B905
    for name, kind in _non_canonical(table):
        for row in rows:
            if row[name] is not None:
                row[name] = loaded(kind, row[name], dialect)
    return list(map(_key_of(table), found)) if table.row_key else [], rows


@lru_cache(maxsize=1024)
def _key_of(table: Table) -> Callable[[tuple[Any, ...]], Key]:
    """Return the function from the values of a `returning_list` to the row key."""
    if is_numbered(table):
        return itemgetter(0)
    names = list(table.by_name)
    return itemgetter(*map(names.index, table.row_key))


@lru_cache(maxsize=1024)
def _non_canonical(table: Table) -> tuple[tuple[str, Type], ...]:
    """Return the columns whose stored form differs from their canonical form."""
    return tuple((one.name, one.type) for one in table.columns if one.type not in _SAME)


def update_statement(
    table: Table, changed: Row, keys: Sequence[Key], dialect: Dialect
) -> Statement:
    """Return the UPDATE of the rows with those keys."""
    setting = ", ".join(
        f"{dialect.identifier(name)} = {mark(table.by_name[name].type, dialect)}"
        for name in changed
    )
    values = [stored(table.by_name[name].type, value, dialect) for name, value in changed.items()]
    rows = table_key_in(table, keys, dialect)
    text = (
        f"UPDATE {dialect.identifier(table.name)} SET {setting}"
        f" WHERE {rows.text} RETURNING {returning_list(table, dialect)}"
    )
    return Statement(text, [*values, *rows.params])


def changed_keys(
    table: Table, keys: Sequence[Key], changed: Row, dialect: Dialect
) -> Sequence[Key]:
    """Return the rows' keys after the update."""
    own = {
        place: stored(table.by_name[name].type, changed[name], dialect)
        for place, name in enumerate(table.row_key)
        if name in changed
    }
    if not own:
        return keys
    if len(table.row_key) == 1:
        return [own[0]] * len(keys)
    return [tuple(own.get(place, part) for place, part in enumerate(key)) for key in keys]


def delete_statement(table: Table, keys: Sequence[Key], dialect: Dialect) -> Statement:
    """Return the DELETE of the rows with those keys."""
    rows = table_key_in(table, keys, dialect)
    text = (
        f"DELETE FROM {dialect.identifier(table.name)} WHERE {rows.text}"
        f" RETURNING {column_list(table.row_key[:1], dialect)}"
    )
    return Statement(text, rows.params)
