"""Checking written rows against rules: local parts in memory, relational parts by one statement.

In charge of one check of any number of rows as a unit of work, against the current tables: the
caller runs it before the rows are stored (`query.write.guarded_storing`). Must not know which rule
is checked when.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, Final

from jotbase.errors import AccessError
from jotbase.expression.expr import TRUE, Context, Expr, Field, all_of, conjuncts, is_local, walk
from jotbase.expression.judge import Env, Judge, judge
from jotbase.expression.predicate import predicate
from jotbase.query.plan.function_rows import document_value
from jotbase.query.plan.guarding import merge_refused
from jotbase.records import dataclass
from jotbase.schema.model.tables import Column, Table, Type
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment, bound, sql
from jotbase.sql.units import PAUSE, TURN, Statement, UnitOfWork
from jotbase.values import ANON, Row

_ROWS: Final = "jot.rows"
#: The index of each row in a pair of the bound document.
_PLACES = {"new": 0, "row": 1}


class _Pairs:
    """The type of the slot for the rows: a JSON array of [new, old] arrays of values."""


_PAIRS = _Pairs()


@dataclass(frozen=True, slots=True)
class Denial:
    """The message and hint of the error when a condition is not true."""

    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One condition on `new`, and on `row` if there is an old row; `denial` is its error.

    `distinguishing_columns` are the columns that the local part reads: of rows that are equal in
    them only one is evaluated. It is None if such values cannot be compared by `==` (1 and true
    within documents). `columns_read` are the columns of `new` that any part reads, `local_columns`
    those of the local part.
    """

    table: Table
    local: Judge | None
    distinguishing_columns: tuple[str, ...] | None
    relational: Fragment | None
    columns_read: frozenset[str]
    local_columns: frozenset[str]
    denial: Denial


def make_check(expression: Expr, table: Table, dialect: Dialect, denial: Denial) -> Check:
    """Compile the check of a condition on rows written to a table."""
    parts = conjuncts(expression)
    local = all_of(*filter(is_local, parts))
    relational = all_of(*(part for part in parts if not is_local(part)))
    return Check(
        table,
        None if local == TRUE else judge(local),
        _distinguishing_columns(local),
        None if relational == TRUE else _statement(relational, table, dialect),
        frozenset(one.name for one in _fields(expression) if one.scope == "new"),
        frozenset(one.name for one in _fields(local)),
        denial,
    )


def _distinguishing_columns(local: Expr) -> tuple[str, ...] | None:
    fields = _fields(local)
    if any(field.type in (Type.JSON, Type.ARRAY) for field in fields):
        return None
    return tuple(dict.fromkeys(field.name for field in fields))


def _fields(expression: Expr) -> list[Field]:
    return [node for node in walk(expression) if isinstance(node, Field)]


def run_check(
    check: Check, rows: Sequence[Row], olds: Sequence[Row] | None, context: Context
) -> UnitOfWork[None]:
    """Check rows; yields one statement for the relational part. Raises AccessError 42501."""
    if check.local is not None:
        judged = rows if olds is not None else _different(rows, check.distinguishing_columns)
        for number, row in enumerate(judged):
            if number % TURN == TURN - 1:
                yield PAUSE
            scopes = {"new": row} if olds is None else {"new": row, "row": olds[number]}
            if check.local(Env(scopes, context)) is not True:
                raise access_error(check.denial, context)
    if check.relational is not None and rows:
        found = yield _bound(check.relational, check.table, rows, olds, context)
        if found:
            raise access_error(check.denial, context)


def local_denial(check: Check, rows: Sequence[Row], context: Context) -> AccessError | None:
    """Return the error of the local part for rows to insert, None if they pass.

    Rows without all of `local_columns` are not checked.
    """
    judge = check.local
    if judge is None or not all(check.local_columns <= row.keys() for row in rows):
        return None
    judged = _different(rows, check.distinguishing_columns)
    fine = all(judge(Env({"new": row}, context)) is True for row in judged)
    return None if fine else access_error(check.denial, context)


def _different(
    rows: Sequence[Row], distinguishing_columns: tuple[str, ...] | None
) -> Sequence[Row]:
    """Return one row for each distinct combination of values in these columns."""
    if distinguishing_columns is None or len(rows) < 2:
        return rows
    if not distinguishing_columns:
        return rows[:1]
    try:
        return list(dict(zip(map(itemgetter(*distinguishing_columns), rows), rows)).values())  # noqa: B905
    except KeyError:  # some rows lack a column
        names = distinguishing_columns
        return list({tuple([row.get(name) for name in names]): row for row in rows}.values())


def check_rows(
    expression: Expr,
    rows: Sequence[Row],
    olds: Sequence[Row] | None,
    context: Context,
    dialect: Dialect,
    table: Table,
) -> UnitOfWork[None]:
    """Check that a condition is true for all rows (scope `new`; the old rows are `row`).

    Raises AccessError 42501.
    """
    check = make_check(expression, table, dialect, new_row_denial(table))
    yield from run_check(check, rows, olds, context)


def new_row_denial(table: Table) -> Denial:
    """Return PostgreSQL's message for a new row that violates a rule."""
    return Denial(f'new row violates row-level security policy for table "{table.name}"')


def unseen_row_denial(table: Table, *, updated: bool) -> Denial:
    """Return the same for a row that the select rule would hide from its writer."""
    why = (
        "The row as changed would be hidden from you by the select rule."
        if updated
        else "The row may be inserted, but the select rule would not give it back to you: write"
        " with Prefer: return=minimal."
    )
    return Denial(new_row_denial(table).message, why)


def old_row_denial(table: Table) -> Denial:
    """Return PostgreSQL's message for an existing row that ON CONFLICT may not change."""
    return Denial(merge_refused(table.name))


def access_error(denial: Denial, context: Context) -> AccessError:
    """Return the error of a denial: status 403, or 401 for an anonymous caller."""
    status = 401 if context.principal.role == ANON else 403
    return AccessError("42501", denial.message, hint=denial.hint, status=status)


def _statement(expression: Expr, table: Table, dialect: Dialect) -> Fragment:
    """Return the statement that finds a row for which the condition is not true."""
    rows = dialect.identifier(_ROWS)

    def fields(field: Field) -> Fragment:
        place = list(table.by_name).index(field.name)
        if dialect.is_postgres:
            pair = f"({rows}.value -> {_PLACES[field.scope]})"
            return sql("(" + document_value(pair, str(place), field.type) + ")")
        return _value(rows, _PLACES[field.scope], place, field.type)

    condition = predicate(expression, dialect, fields)
    if dialect.is_postgres:
        listed = sql("SELECT 1 FROM jsonb_array_elements(") + bound(_PAIRS) + "::text::jsonb)"
        return listed + f" AS {rows}(value) WHERE (" + condition + ") IS NOT TRUE LIMIT 1"
    select = sql("SELECT 1 FROM json_each(") + bound(_PAIRS) + f") AS {rows} WHERE ("
    return select + condition + ") IS NOT TRUE LIMIT 1"


def _value(rows: str, pair: int, place: int, kind: Type) -> Fragment:
    """Return the SQL of a value in the bound document, in its stored form."""
    path = f"'$[{pair}][{place}]'"
    match kind:
        case Type.JSON | Type.ARRAY:
            return sql(f"nullif({rows}.value -> {path}, 'null')")
        case Type.BYTES:
            return sql(f"unhex({rows}.value ->> {path})")
        case Type.DECIMAL:
            return sql(f"CAST({rows}.value ->> {path} AS NUMERIC)")
    return sql(f"({rows}.value ->> {path})")


def _bound(
    statement: Fragment,
    table: Table,
    rows: Sequence[Row],
    olds: Sequence[Row] | None,
    context: Context,
) -> Statement:
    old_rows: Sequence[Row | None] = olds if olds is not None else [None] * len(rows)
    pairs = [
        [_written(row, table), None if old is None else _written(old, table)]
        for row, old in zip(rows, old_rows, strict=True)
    ]
    document = json.dumps(pairs, ensure_ascii=False, separators=(",", ":"))
    return Statement(
        statement.text, [_filled(value, document, context) for value in statement.params]
    )


def _filled(value: Any, document: str, context: Context) -> Any:
    if value is _PAIRS:
        return document
    return value.fill(context) if hasattr(value, "fill") else value


def _written(row: Row, table: Table) -> list[Any]:
    return [_plain(row.get(column.name), column) for column in table.columns]


def _plain(value: Any, column: Column) -> Any:
    if column.type is Type.BYTES and value is not None:
        return base64.b64decode(value).hex()
    return value
