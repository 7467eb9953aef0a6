"""Computed columns and relations in a statement: functions of a row, called from SQL.

In charge of the SQL that calls them: one SQL function, whose arguments are the computed field's
key, the row and the caller. Must not know what a function does. The select rule of a relation's
table applies to the rows that a function returns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, fields, replace
from functools import cached_property
from typing import Any

import orjson

from jotbase.errors import Fault, ProjectError
from jotbase.expression.data_types.output import json_argument, json_text
from jotbase.expression.expr import Context
from jotbase.query.plan.function_rows import FunctionRows, document_value, rows_source
from jotbase.query.plan.functions import Returns
from jotbase.query.plan.row_keys import is_numbered
from jotbase.records import dataclass
from jotbase.schema.model.tables import Column, Computed, Model, Table, Type
from jotbase.sql.dialect import Dialect, text_literal
from jotbase.sql.fragment import Fragment, bound, join, sql
from jotbase.sql.units import ComputedFor

#: The name of the SQL function that calls all computed fields.
SQL_NAME = "jot_computed"

#: An alias that no table can have.
_BASE = "jotbase.row"


@dataclass(frozen=True, eq=False)
class ComputedTable(Table):
    """A table with those of its computed columns that a request names; `*` does not include
    them.
    """

    base: Table = field(default_factory=lambda: Table("", ()))
    extras: tuple[Computed, ...] = ()

    @cached_property
    def row_key(self) -> tuple[str, ...]:
        """The row key of the base table."""
        return self.base.row_key

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """The columns by name, including computed ones."""
        return {**self.base.by_name, **{one.column.name: one.column for one in self.extras}}


@dataclass(frozen=True, eq=False)
class ComputedRelation(FunctionRows):
    """The rows that a computed relation of `parent` returns, as a table."""

    parent: Table = field(default_factory=lambda: Table("", ()))
    relation: str = ""


@dataclass(frozen=True, slots=True)
class CallerSlot:
    """The slot for the caller as JSON: a function runs as the request's caller."""

    def fill(self, context: Context) -> str:
        """Return the caller's token as JSON."""
        caller = context.principal
        return orjson.dumps(
            {
                "role": caller.role,
                "id": caller.id,
                "email": caller.email,
                "session_id": caller.session_id,
                "expires_at": caller.expires_at,
                "claims": dict(caller.claims),
            }
        ).decode()


@dataclass(frozen=True, slots=True)
class _KnownSlot:
    """The slot for what is known of computed fields, for a database that cannot call code."""

    def fill(self, context: Context) -> ComputedFor:
        """Return the caller, in whose place the engine binds what is known."""
        return ComputedFor(CallerSlot().fill(context))


def with_computed_columns(table: Table, names: Iterable[str], model: Model) -> Table:
    """Return the table with the computed columns among the names that are no stored column."""
    known = model.computed.get(table.name)
    if not known:
        return table
    wanted = {name for name in names if name not in table.by_name}
    extras = tuple(one for name, one in known.items() if name in wanted and one.target is None)
    return ComputedTable(**_facts(table), base=table, extras=extras) if extras else table


def computed_relation(
    table: Table, name: str, model: Model
) -> tuple[ComputedRelation, bool] | None:
    """Return (computed relation, whether it is to-one) by name, None if there is none."""
    found = model.computed.get(table.name, {}).get(name)
    if found is None or found.target is None:
        return None
    target = model.tables[found.target]
    without = {"indexes": (), "searches": (), "unique": ()}
    own = ComputedRelation(**{**_facts(target), **without}, parent=table, relation=found.key)
    return own, found.to_one


def _facts(table: Table) -> dict[str, Any]:
    return {one.name: getattr(table, one.name) for one in fields(Table)}


def computed_table_source(
    table: ComputedTable,
    inside: Fragment,
    alias: str,
    dialect: Dialect,
    seen: Iterable[Fragment] = (),
) -> Fragment:
    """Return the FROM source of the table with computed columns; `inside` is the base table's
    source.

    Functions are not called for rows that do not satisfy the conditions `seen`.
    """
    row = dialect.identifier(_BASE)
    columns = [sql(f"{row}.*")]
    hidden = is_numbered(table.base) and not dialect.is_postgres
    if hidden and not isinstance(table.base, FunctionRows):
        number = dialect.identifier(table.row_key[0])
        columns.append(sql(f"{row}.{number} AS {number}"))
    shown = join(" AND ", seen)
    for one in table.extras:
        found = function_call(one.key, table.base, _BASE, dialect)
        if dialect.is_postgres:
            before, after = document_value("\0", "0", one.column.type).split("\0")
            found = before + found + after
        found = "CASE WHEN " + shown + " THEN " + found + " END" if shown else found
        columns.append(found + f" AS {dialect.identifier(one.column.name)}")
    chosen = "(SELECT " + join(", ", columns) + " FROM " + inside + ")"
    return chosen + f" AS {dialect.identifier(alias)}"


def computed_table_alias() -> str:
    """Return the alias of the base table inside `computed_table_source`."""
    return _BASE


def computed_relation_source(
    table: ComputedRelation, alias: str, parent: str, dialect: Dialect
) -> Fragment:
    """Return the FROM source of a computed relation for the row with the alias `parent`."""
    return rows_source(
        table, alias, dialect, function_call(table.relation, table.parent, parent, dialect)
    )


def function_call(key: str, table: Table, alias: str, dialect: Dialect) -> Fragment:
    """Return the SQL call of a computed field: its key, the row, the caller."""
    called = dialect.identifier(alias)
    if dialect.is_postgres:
        texts = (
            sql(text_literal(f"{',' if place else '{'}{orjson.dumps(one.name).decode()}:") + " || ")
            + json_text(sql(f"{called}.{dialect.identifier(one.name)}"), one.type, dialect)
            for place, one in enumerate(table.readable)
        )
        row = sql("(") + join(" || ", texts) + " || '}')"
        known = bound(_KnownSlot()) + "::text::jsonb"
        return sql('"jotbase"."computed"(') + known + f", {text_literal(key)}, " + row + ")"
    pairs = (
        sql(text_literal(one.name) + ", ")
        + json_argument(sql(f"{called}.{dialect.identifier(one.name)}"), one.type)
        for one in table.readable
    )
    row = "json_object(" + join(", ", pairs) + ")"
    return sql(f"{SQL_NAME}({text_literal(key)}, ") + row + ", " + bound(CallerSlot()) + ")"


def with_computed(model: Model, found: Iterable[tuple[str, str, Returns]]) -> Model:
    """Return the model with functions of rows: (table, name, what it gives back) of each.

    Raises ProjectError for tables that there are not, names that are taken, and results that are
    neither a value nor rows of a table.
    """
    computed: dict[str, dict[str, Computed]] = {}
    faults: list[Fault] = []
    for table, name, returns in found:
        wrong = _wrong(model, computed, table, name, returns)
        if wrong is not None:
            reason = f"{name} cannot be computed: {wrong}"
            faults.append(Fault("functions/__init__.py", "", reason))
            continue
        many = returns.kind == "values"
        kind, item = (Type.ARRAY, returns.type) if many else (returns.type, None)
        column = Column(name, kind, {}, nullable=True, item=item)
        target = returns.table if returns.kind in ("row", "rows") else None
        made = Computed(f"{table}.{name}", column, target, to_one=returns.kind == "row")
        computed.setdefault(table, {})[name] = made
    if faults:
        raise ProjectError(faults)
    return replace(model, computed=computed) if computed else model


def _wrong(
    model: Model,
    computed: Mapping[str, Mapping[str, Computed]],
    table: str,
    name: str,
    returns: Returns,
) -> str | None:
    origin = model.get(table)
    if origin is None:
        return f"there is no table {table}"
    if name in origin.by_name or name in computed.get(table, {}):
        return f"{table} has a column of that name"
    if returns.kind in ("row", "rows") and model.get(returns.table or "") is None:
        return "it gives back rows of no table"
    if returns.kind == "nothing":
        return "it gives nothing back"
    return None
