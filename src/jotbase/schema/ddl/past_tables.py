"""Tables as they were after a change of the log: the current rows, with later changes undone.

In charge of the SQL of such a table, to be read in place of the current one within a single
statement: the statement's snapshot has the rows and the log alike, so that no commit can come
between them. Must not know who asks, or why.

The earliest change after the number that mentions a key says what the key had: the change's old
row, or no row where the change made it. Any other row is as it is now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from jotbase.records import dataclass
from jotbase.schema.ddl.changelog import CHANGES
from jotbase.schema.ddl.constraints import literal
from jotbase.schema.model.tables import Column, Table, Type
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment, bound, join, sql

#: The log on PostgreSQL, with what has committed and was not given a number yet.
_LOG = '"~log"'
#: Above any number of the log.
_UNNUMBERED = 1 << 62
#: How many changes are undone for one question at most: some 40 ms.
MOST_UNDONE = 10_000
_STRUCTURED = (Type.JSON, Type.ARRAY)


@dataclass(frozen=True, slots=True)
class Past:
    """The common table expressions of past tables, and their names by table."""

    definitions: tuple[Fragment, ...]
    names: Mapping[str, str]
    touched: Mapping[str, str]

    def source(self, table: Table) -> str | None:
        """Return the name of a table's past, None for a table that has none."""
        return self.names.get(table.name)


def past(tables: Iterable[Table], number: int, dialect: Dialect) -> Past:
    """Return the tables as they were after the change of that number.

    On PostgreSQL they read `pending_log`, which the statement must define before them.
    """
    definitions: list[Fragment] = []
    names: dict[str, str] = {}
    changed: dict[str, str] = {}
    for table in tables:
        touched = changed[table.name] = dialect.identifier(f"~touched after {number} {table.name}")
        names[table.name] = dialect.identifier(f"~{table.name} after {number}")
        definitions.append(touched + _touched(table, number, dialect))
        definitions.append(names[table.name] + _rows(table, touched, dialect))
    return Past(tuple(definitions), names, changed)


def unchanged_until(
    number: int, since: Past, table: Table, alias: str, dialect: Dialect
) -> Fragment:
    """Return the condition that no change up to that number, of those that the past undoes, is one
    of the row named `alias`.
    """
    same = _equal("x", alias, _key(table), dialect)
    touched = since.touched[table.name]
    return sql(
        f'NOT EXISTS (SELECT 1 FROM {touched} AS x WHERE x."~number" <= {number} AND {same})'
    )


def pending_log(tables: Iterable[Table], number: int, dialect: Dialect) -> tuple[Fragment, ...]:
    """Return the definition that past tables after that number or a later one read; none on
    SQLite, whose log has its numbers from the triggers.
    """
    if not dialect.is_postgres:
        return ()
    named = " IN (" + ", ".join(literal(table.name) for table in tables) + ")"
    return (
        sql(f'{_LOG} AS MATERIALIZED (SELECT "number", "table", "old", "new" FROM')
        + f' "jotbase"."changes" WHERE "table"{named} AND "number" > '
        + bound(number)
        + f'::bigint UNION ALL SELECT {_UNNUMBERED} + row_number() OVER (ORDER BY "end", "seq"),'
        f' "table", "old", "new" FROM (SELECT *, max("seq") OVER (PARTITION BY "transaction") AS'
        f' "end" FROM "jotbase"."pending") AS p WHERE "table"{named})',
    )


def changed_since(tables: Iterable[Table], number: int, dialect: Dialect) -> Fragment:
    """Return the condition that the log has a change of one of the tables after that number."""
    if dialect.is_postgres:
        named = " IN (" + ", ".join(literal(table.name) for table in tables) + ")"
        numbered = sql(f'EXISTS (SELECT 1 FROM "jotbase"."changes" WHERE "table"{named}')
        waiting = f' OR EXISTS (SELECT 1 FROM "jotbase"."pending" WHERE "table"{named})'
        return numbered + ' AND "number" > ' + bound(number) + "::bigint)" + waiting
    return join(
        " OR ",
        (
            sql(f'EXISTS (SELECT 1 FROM "{CHANGES}" WHERE "table" = {literal(table.name)}')
            + ' AND "number" > '
            + bound(number)
            + ")"
            for table in tables
        ),
    )


def too_many_since(tables: Iterable[Table], number: int, dialect: Dialect) -> Fragment:
    """Return the condition that more changes of the tables follow that number than are undone.

    They are counted only where so many of any table follow.
    """
    log, kind = _stored_log(dialect)
    counted = join(
        " + ",
        (
            sql(f'(SELECT count(*) FROM (SELECT 1 FROM {log} WHERE "table" =')
            + f' {literal(table.name)} AND "number" > '
            + bound(number)
            + f"{kind} LIMIT {MOST_UNDONE + 1}) AS c)"
            for table in tables
        ),
    )
    return (
        sql(f'((SELECT max("number") FROM {log}) > ')
        + bound(number + MOST_UNDONE)
        + f"{kind} AND "
        + counted
        + f" > {MOST_UNDONE})"
    )


def _stored_log(dialect: Dialect) -> tuple[str, str]:
    """Return the name of the log, and what makes a bound number one of its numbers."""
    return ('"jotbase"."changes"', "::bigint") if dialect.is_postgres else (f'"{CHANGES}"', "")


def is_pruned(number: int, dialect: Dialect) -> Fragment:
    """Return the condition that the log does not have that change any more."""
    log, kind = _stored_log(dialect)
    return sql(f'NOT EXISTS (SELECT 1 FROM {log} WHERE "number" = ') + bound(number) + f"{kind})"


def _key(table: Table) -> tuple[Column, ...]:
    """Return the columns that tell rows apart; equal rows of a table without a key are one."""
    unique = next((one.columns for one in table.unique), ())
    names = table.primary_key or unique
    chosen = [table.by_name[name] for name in names] or table.columns
    return tuple(column for column in chosen if column.type not in _STRUCTURED)


def _equal(left: str, right: str, columns: Iterable[Column], dialect: Dialect) -> str:
    """Return the condition that two rows have one key, unknown values being equal."""
    same = "IS NOT DISTINCT FROM" if dialect.is_postgres else "IS"
    names = [dialect.identifier(column.name) for column in columns]
    return " AND ".join(f"{left}.{name} {same} {right}.{name}" for name in names)


def _touched(table: Table, number: int, dialect: Dialect) -> Fragment:
    """Return the keys that changes mention after the number, each with the earliest of them; none
    where more follow than are undone, which whoever asks must ask, too (`too_many_since`).
    """
    key = _key(table)
    names = ", ".join(dialect.identifier(column.name) for column in key)
    sides = (
        _logged(table, key, side, dialect)
        + f' WHERE l."table" = {literal(table.name)} AND l."number" > '
        + bound(number)
        + ("::bigint" if dialect.is_postgres else "")
        + f' AND l."{side}" IS NOT NULL AND NOT '
        + too_many_since((table,), number, dialect)
        for side in ("old", "new")
    )
    found = join(" UNION ALL ", sides)
    return (
        sql(f' AS MATERIALIZED (SELECT {names}, min("~number") AS "~number" FROM (')
        + found
        + f") AS m GROUP BY {names})"
    )


def _rows(table: Table, touched: str, dialect: Dialect) -> Fragment:
    """Return the rows: those that no later change mentions, and what the others were."""
    names = ", ".join(f"t.{dialect.identifier(column.name)}" for column in table.columns)
    key = _key(table)
    kept = (
        f"SELECT {names} FROM {dialect.identifier(table.name)} AS t WHERE NOT EXISTS"
        f" (SELECT 1 FROM {touched} AS x WHERE {_equal('x', 't', key, dialect)})"
    )
    columns = ", ".join(f"r.{dialect.identifier(column.name)}" for column in table.columns)
    if dialect.is_postgres:
        same = _equal("x", "r", key, dialect)
        restored = (
            f'SELECT {columns} FROM {touched} AS x JOIN {_LOG} AS l ON l."number" = x."~number",'
            f' json_populate_record(NULL::{dialect.identifier(table.name)}, l."old"::json) AS r'
            f' WHERE l."old" IS NOT NULL AND {same}'
        )
    else:
        mentions = " AND ".join(
            f"{_value(column, 'old')} IS x.{dialect.identifier(column.name)}" for column in key
        )
        values = ", ".join(_value(column, "old") for column in table.columns)
        restored = (
            f'SELECT {values} FROM {touched} AS x CROSS JOIN "{CHANGES}" AS l'
            f' WHERE l."number" = x."~number" AND l."old" IS NOT NULL AND {mentions}'
        )
    return sql(f" AS NOT MATERIALIZED ({kept} UNION ALL {restored})")


def _logged(table: Table, columns: Iterable[Column], side: str, dialect: Dialect) -> Fragment:
    """Return the SELECT of some columns of the rows on one side of the log."""
    if dialect.is_postgres:
        named = ", ".join(f"r.{dialect.identifier(column.name)}" for column in columns)
        made = f'json_populate_record(NULL::{dialect.identifier(table.name)}, l."{side}"::json)'
        return sql(f'SELECT {named}, l."number" AS "~number" FROM {_LOG} AS l, {made} AS r')
    values = ", ".join(
        f"{_value(column, side)} AS {dialect.identifier(column.name)}" for column in columns
    )
    return sql(f'SELECT {values}, l."number" AS "~number" FROM "{CHANGES}" AS l')


def _value(column: Column, side: str) -> str:
    """Return the stored value of a column of a logged row, on SQLite (`schema.ddl.changelog`)."""
    path = literal(f'$."{column.name}"')
    if column.type in _STRUCTURED:
        return f"nullif(l.\"{side}\" -> {path}, 'null')"
    value = f'l."{side}" ->> {path}'
    match column.type:
        case Type.BYTES:
            return f"unhex({value})"
        case Type.DECIMAL:
            return f"CAST({value} AS NUMERIC)"
        case Type.NUMBER:
            return f"CAST({value} AS REAL)"
    return f"({value})"
