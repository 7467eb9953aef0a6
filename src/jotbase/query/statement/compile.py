"""Compiling a read plan to a single SQL statement, embeds included, whose result is JSON.

In charge of building JSON objects and arrays from rows. Must not know requests, access rules
(`rows` adds each table's rule), or the SQL of a single value (`output`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from orjson import dumps

from jotbase.expression.data_types.output import concatenate, json_argument, json_text
from jotbase.query.plan.computed import ComputedTable
from jotbase.query.plan.function_rows import FunctionRows
from jotbase.query.plan.guarding import Guard
from jotbase.query.plan.nodes import (
    WHOLE,
    Embed,
    LimitSlot,
    Node,
    OffsetSlot,
    ReadPlan,
    Value,
    Window,
)
from jotbase.query.plan.row_keys import column_list, is_numbered
from jotbase.query.statement.columns import value_sql
from jotbase.query.statement.rows import (
    FromClause,
    StatementContext,
    correlated_tables,
    filtered_from,
    from_clause,
    is_sorted,
    limit_clause,
    order_by_clause,
    where_clause,
)
from jotbase.records import dataclass
from jotbase.sql.dialect import Dialect, text_literal
from jotbase.sql.fragment import Fragment, bound, join, parenthesized, sql

#: A row's place among the chosen ones, under a name that no column has.
_PLACE = '"jotbase.place"'


def explain(dialect: Dialect) -> str:
    """Return what stands before a statement to have its plan told."""
    return "EXPLAIN " if dialect.is_postgres else "EXPLAIN QUERY PLAN "


@dataclass(frozen=True, slots=True)
class _Key:
    """One key of a JSON object; `alias` is that of the row with the value."""

    name: str
    value: Value | Embed | _Spread
    alias: str


@dataclass(frozen=True, slots=True)
class _Spread:
    """One key of a spread to-many relation: it becomes an array."""

    embed: Embed
    key: _Key


def compile_read(
    plan: ReadPlan,
    dialect: Dialect,
    guard: Guard,
    among: Fragment | None = None,
    *,
    spooled: bool = False,
) -> Fragment:
    """Return the statement of a read: one row of (JSON text, rows in it[, rows in all]).

    `among` is a condition besides the plan's: which rows a write has left. Where the query's plan
    is asked for, the rows are those of EXPLAIN QUERY PLAN. A `spooled` one gives each row's text to
    the aggregate `jot_spool`: an aggregate as well, so that SQLite keeps the order of the rows. On
    PostgreSQL the rows themselves come, each with the counts.
    """
    context = StatementContext(dialect, guard)
    if among is not None:
        clause = _root(plan.node, context)
        clause = replace(clause, conditions=(*clause.conditions, among))
        return _array(plan.node, clause, context, sql(", count(*)"))
    if plan.answer.media.kind == "plan":
        return explain(context.dialect) + _array(
            plan.node, _root(plan.node, context), context, sql("")
        )
    extra = sql(", count(*)" + (" OVER ()" if spooled and dialect.is_postgres else ""))
    if plan.count:
        extra += ", " + parenthesized(_total(plan.node, context))
    return _array(plan.node, _root(plan.node, context), context, extra, spooled=spooled)


def _root(node: Node, context: StatementContext) -> FromClause:
    return filtered_from(node, from_clause(node.table, node.alias, context), context)


def _total(node: Node, context: StatementContext) -> Fragment:
    clause = _root(node, context)
    if node.aggregated:
        whole = replace(node, window=WHOLE, order=())
        return "SELECT count(*) FROM (" + _groups(whole, clause, context) + ")"
    return "SELECT count(*) FROM " + clause.sources + where_clause(clause.conditions)


def _array(
    node: Node,
    clause: FromClause,
    context: StatementContext,
    extra: Fragment,
    *,
    spooled: bool = False,
) -> Fragment:
    """Return a select of the JSON array of the node's rows; `extra` are more columns."""
    keys = tuple(_keys(node))
    rows = _rows(node, clause, context)
    row = _object(keys, node, context)
    if not spooled:
        return "SELECT " + _listed(row, node, context) + extra + rows
    if context.dialect.is_postgres:
        return "SELECT " + row + extra + rows + _by_place(node, context)
    return "SELECT jot_spool(" + row + ")" + extra + rows


def _is_flat(keys: tuple[_Key, ...], context: StatementContext) -> bool:
    """Return whether one call makes the object; PostgreSQL's writes blanks that nobody reads."""
    return not context.dialect.is_postgres and all(isinstance(key.value, Value) for key in keys)


def _rows(node: Node, clause: FromClause, context: StatementContext) -> Fragment:
    """Return the FROM clause of the chosen rows in order, to-one spreads beside them.

    Rows are chosen before any JSON is made, so that what a limit drops costs nothing. Where they
    must be sorted for that, only their numbers are: whole rows would be moved about.
    """
    alias = context.dialect.identifier(node.alias)
    if node.aggregated:
        return " FROM (" + _groups(node, clause, context) + f") AS {alias}"
    chosen = (
        clause.sources
        + where_clause(clause.conditions)
        + order_by_clause(node, context)
        + limit_clause(node, context.dialect)
    )
    if context.dialect.is_postgres:
        return _placed_rows(node, chosen, context)
    stored = is_numbered(node.table) and not isinstance(node.table, FunctionRows | ComputedTable)
    if node.window.has_limit and stored and is_sorted(node):
        number = column_list(node.table.row_key, context.dialect, node.alias)
        table = context.dialect.identifier(node.table.name)
        numbers = f" FROM (SELECT {number} AS number FROM " + chosen + ") AS jot_kept"
        kept = f" CROSS JOIN {table} AS {alias} ON {number} = jot_kept.number"
        return numbers + kept + _joins(node, context)
    return f" FROM (SELECT {alias}.* FROM " + chosen + f") AS {alias}" + _joins(node, context)


def _placed_rows(node: Node, chosen: Fragment, context: StatementContext) -> Fragment:
    """Return the FROM clause for PostgreSQL, where a join may bring rows out of their order."""
    alias, joins = context.dialect.identifier(node.alias), _joins(node, context)
    rows = f"(SELECT {alias}.* FROM " + chosen + f") AS {alias}"
    if joins:
        rows = f"(SELECT *, row_number() OVER () AS {_PLACE} FROM " + rows + f") AS {alias}"
    return " FROM " + rows + joins


def _joins(node: Node, context: StatementContext) -> Fragment:
    """Return the joins of the to-one relations that are spread in the node, recursively."""
    joins = sql("")
    for item in node.items:
        embed = item.value
        if isinstance(embed, Embed) and embed.spread and embed.link.to_one:
            clause = correlated_tables(embed, node.alias, context, joined=True)
            matching = join(" AND ", (*clause.conditions, *_within(embed.node.window)))
            joins += " LEFT JOIN " + clause.sources + " ON " + matching
            joins += _joins(embed.node, context)
    return joins


def _within(window: Window) -> tuple[Fragment, ...]:
    """Return the condition that the only row of a to-one relation is within the window."""
    if not window.is_explicit:
        return ()
    return (bound(LimitSlot(window)) + " <> 0", bound(OffsetSlot(window)) + " = 0")


def _groups(node: Node, clause: FromClause, context: StatementContext) -> Fragment:
    """Return the grouped rows of a node: one column a key, named k0, k1 and so on."""
    columns: list[Fragment] = []
    grouping: list[str] = []
    for number, key in enumerate(_keys(node)):
        value = key.value
        column = (
            value_sql(value, context.dialect)[0]
            if isinstance(value, Value)
            else _text(key, context)
        )
        columns.append(column + f" AS k{number}")
        if not (isinstance(value, Value) and value.aggregate is not None):
            grouping.append(str(number + 1))
    return (
        "SELECT "
        + join(", ", columns)
        + " FROM "
        + clause.sources
        + _joins(node, context)
        + where_clause(clause.conditions)
        + (f" GROUP BY {', '.join(grouping)}" if grouping else "")
        + _groups_in_order(node, grouping, context)
        + limit_clause(node, context.dialect)
    )


def _groups_in_order(node: Node, grouping: list[str], context: StatementContext) -> Fragment:
    """Return the ORDER BY of groups: as asked, then by their keys.

    SQLite sorts rows to group them; PostgreSQL may hash them, and the plan, which depends on all
    rows, hidden ones among them, would show in the order of the answer.
    """
    asked = order_by_clause(node, context)
    if not grouping or not context.dialect.is_postgres:
        return asked
    keys = ", ".join(f"{place} NULLS FIRST" for place in grouping)
    return asked + (f", {keys}" if asked else f" ORDER BY {keys}")


def _keys(node: Node) -> Iterator[_Key]:
    """Yield the keys of a node's objects, with spreads expanded."""
    for item in node.items:
        value = item.value
        if isinstance(value, Value):
            yield _Key(item.key, value, node.alias)
        elif not value.shown:
            continue
        elif not value.spread:
            yield _Key(item.key, value, node.alias)
        elif value.link.to_one:
            yield from _keys(value.node)
        else:
            for key in _keys(value.node):
                yield _Key(key.name, _Spread(value, key), node.alias)


def _object(keys: tuple[_Key, ...], node: Node, context: StatementContext) -> Fragment:
    """Return the SQL of a row's JSON object: `json_object` if possible, else concatenated text."""
    if node.aggregated:
        return _grouped_object(keys, node, context)
    if _is_flat(keys, context):
        pairs = [
            _name(key) + ", " + json_argument(*value_sql(key.value, context.dialect))
            for key in keys
            if isinstance(key.value, Value)
        ]
        return "json_object(" + join(", ", pairs) + ")"
    return _joined(keys, [_text(key, context) for key in keys], context)


def _grouped_object(keys: tuple[_Key, ...], node: Node, context: StatementContext) -> Fragment:
    alias = context.dialect.identifier(node.alias)
    texts: list[Fragment] = []
    for number, key in enumerate(keys):
        column = sql(f"{alias}.k{number}")
        if isinstance(key.value, Value):
            kind = value_sql(key.value, context.dialect)[1]
            flat = _is_flat(keys, context)
            texts.append(
                json_argument(column, kind) if flat else json_text(column, kind, context.dialect)
            )
        else:
            texts.append(column)
    if not _is_flat(keys, context):
        return _joined(keys, texts, context)
    pairs = [_name(key) + ", " + one for key, one in zip(keys, texts, strict=True)]
    return "json_object(" + join(", ", pairs) + ")"


def _joined(keys: tuple[_Key, ...], texts: list[Fragment], context: StatementContext) -> Fragment:
    """Return a JSON object concatenated of texts; column names are literals, aliases are bound."""
    pieces: list[Fragment] = []
    for number, (key, one) in enumerate(zip(keys, texts, strict=True)):
        opening = ("{" if number == 0 else ",") + dumps(key.name).decode() + ":"
        own = _is_own(key)
        pieces.append(sql(text_literal(opening)) if own else _bound_text(opening, context))
        pieces.append(one)
    return concatenate([*pieces, sql("'}'")], context.dialect) if pieces else sql("'{}'")


def _bound_text(text: str, context: StatementContext) -> Fragment:
    return bound(text) + "::text" if context.dialect.is_postgres else bound(text)


def _name(key: _Key) -> Fragment:
    return sql(text_literal(key.name)) if _is_own(key) else bound(key.name)


def _is_own(key: _Key) -> bool:
    value = key.value
    return isinstance(value, Value) and value.column is not None and value.column.name == key.name


def _text(key: _Key, context: StatementContext) -> Fragment:
    """Return the SQL of a key's value as JSON text."""
    value = key.value
    if isinstance(value, Value):
        return json_text(*value_sql(value, context.dialect), context.dialect)
    embed = value if isinstance(value, Embed) else value.embed
    clause = correlated_tables(embed, key.alias, context)
    if isinstance(value, _Spread):
        return parenthesized(_column(value, clause, context))
    if embed.link.to_one:
        return "coalesce(" + parenthesized(_one(embed.node, clause, context)) + ", 'null')"
    return parenthesized(_array(embed.node, clause, context, sql("")))


def _one(node: Node, clause: FromClause, context: StatementContext) -> Fragment:
    """Return a select of the JSON object of the only row."""
    keys = tuple(_keys(node))
    if node.aggregated:
        return "SELECT " + _object(keys, node, context) + _rows(node, clause, context) + " LIMIT 1"
    return (
        "SELECT "
        + _object(keys, node, context)
        + " FROM "
        + clause.sources
        + _joins(node, context)
        + where_clause(clause.conditions)
        + (limit_clause(node, context.dialect) if node.window.is_explicit else " LIMIT 1")
    )


def _column(spread: _Spread, clause: FromClause, context: StatementContext) -> Fragment:
    """Return a select of the JSON array of one key over the rows of a spread relation."""
    rows = _rows(spread.embed.node, clause, context)
    return "SELECT " + _listed(_text(spread.key, context), spread.embed.node, context) + rows


def _listed(one: Fragment, node: Node, context: StatementContext) -> Fragment:
    """Return the JSON array of a JSON text over all rows.

    Of text joined to text: json() around a sub-select would read its result once more, and
    `json_group_array` looks at SQLITE_LIMIT_LENGTH when it has gathered all.
    """
    if context.dialect.is_postgres:
        placed = _by_place(node, context)
        return "('[' || coalesce(string_agg(" + one + f", ','{placed}), '') || ']')"
    return "concat('[', group_concat(" + one + "), ']')"


def _by_place(node: Node, context: StatementContext) -> str:
    """Return the ORDER BY of PostgreSQL's rows where joins may have brought them out of order."""
    place = f"{context.dialect.identifier(node.alias)}.{_PLACE}"
    return f" ORDER BY {place}" if not node.aggregated and _joins(node, context) else ""
