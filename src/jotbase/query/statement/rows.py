"""The SQL of a node's rows: FROM, access rules, filters, joins with the parent, ORDER BY, LIMIT.

In charge of everything from FROM on. Must not know the JSON of a row. A table's source and its
select rule come from one function, `from_clause`, so that no table is read without its rule.
"""

from __future__ import annotations

from collections.abc import Iterable

from jotbase.expression.expr import (
    TRUE,
    And,
    Apply,
    Expr,
    Not,
    Or,
    conjuncts,
    is_local,
    rename_scope,
)
from jotbase.expression.predicate import predicate
from jotbase.expression.semantics import ITEMS
from jotbase.query.plan.computed import (
    ComputedRelation,
    ComputedTable,
    computed_relation_source,
    computed_table_alias,
    computed_table_source,
)
from jotbase.query.plan.conditions import WIDTH
from jotbase.query.plan.function_rows import FunctionRows, rows_source
from jotbase.query.plan.guarding import Guard
from jotbase.query.plan.nodes import (
    Combined,
    Condition,
    Embed,
    HasEmbed,
    LimitSlot,
    Node,
    OffsetSlot,
    OrderBy,
    Value,
)
from jotbase.query.plan.row_keys import column_list
from jotbase.query.plan.updatable import UpdatableView
from jotbase.query.statement import barrier
from jotbase.query.statement.columns import json_step_sql
from jotbase.query.statement.narrowing import index_condition
from jotbase.records import dataclass
from jotbase.schema.model.tables import RANGES, Table, Type
from jotbase.sql.dialect import SQLITE, Dialect
from jotbase.sql.fragment import Fragment, bound, join, parenthesized, sql

_ROW = "row"


@dataclass(frozen=True, slots=True)
class StatementContext:
    """The environment of a statement: dialect and guard."""

    dialect: Dialect
    guard: Guard


@dataclass(frozen=True, slots=True)
class FromClause:
    """The sources of a FROM clause, and the conditions for their rows to be visible.

    `conditions` depend on the row itself, `lookups` on other rows.
    """

    sources: Fragment
    conditions: tuple[Fragment, ...] = ()
    lookups: tuple[Fragment, ...] = ()

    @property
    def seen(self) -> tuple[Fragment, ...]:
        """All visibility conditions."""
        return (*self.conditions, *self.lookups)

    def under(self, rule: Expr, context: StatementContext) -> FromClause:
        """Return the FROM clause with a further rule."""
        parts = () if rule == TRUE else conjuncts(rule)
        own = tuple(expression_sql(part, context) for part in parts if is_local(part))
        others = tuple(expression_sql(part, context) for part in parts if not is_local(part))
        return FromClause(self.sources, (*self.conditions, *own), (*self.lookups, *others))


def from_clause(
    table: Table, alias: str, context: StatementContext, parent: str = ""
) -> FromClause:
    """Return a table under an alias, together with the select rule of the table.

    Rows that a call gave back are what the function chose to give. A computed relation's hang on
    the row called `parent`.
    """
    clause = FromClause(_source(table, alias, parent, context))
    if _is_given(table.base if isinstance(table, ComputedTable) else table):
        return clause
    clause = clause.under(_rule(table, alias, context), context)
    if isinstance(table, UpdatableView):
        key, names = table.row_key, column_list(table.row_key, context.dialect)
        mine = column_list(key, context.dialect, alias)
        shown = sql(f"({mine}) IN (SELECT {names} {table.rows_of})")
        return FromClause(clause.sources, clause.conditions, (*clause.lookups, shown))
    return clause


def _rule(table: Table, alias: str, context: StatementContext) -> Expr:
    return rename_scope(context.guard.row_condition(table, "select"), _ROW, alias)


def _is_given(table: Table) -> bool:
    return isinstance(table, FunctionRows) and not isinstance(table, ComputedRelation)


def _source(table: Table, alias: str, parent: str, context: StatementContext) -> Fragment:
    """Return the source of a table, without its rule."""
    dialect = context.dialect
    if isinstance(table, ComputedTable):
        own = computed_table_alias()
        inside = FromClause(_source(table.base, own, parent, context))
        if not _is_given(table.base):
            inside = inside.under(_rule(table.base, own, context), context)
        # Computed columns run the project's code, so only for visible rows.
        if barrier.hides_rows(table.base):
            inside = FromClause(_fenced(own, inside.sources + where_clause(inside.seen), context))
        return computed_table_source(table, inside.sources, alias, dialect, inside.seen)
    if isinstance(table, ComputedRelation):
        return computed_relation_source(table, alias, parent, dialect)
    if isinstance(table, FunctionRows):
        return rows_source(table, alias, dialect)
    return sql(f"{dialect.identifier(table.name)} AS {dialect.identifier(alias)}")


def _fenced(alias: str, chosen: Fragment, context: StatementContext) -> Fragment:
    called = context.dialect.identifier(alias)
    return barrier.fenced_source(f"{called}.*", chosen, called, context.dialect)


def expression_sql(expression: Expr, context: StatementContext) -> Fragment:
    """Return an expression as SQL that may stand between ANDs, whatever its operators are spelled.

    An OR in a spelling that stood free would reach over the rule it is joined with.
    """
    fragment = predicate(expression, context.dialect, many="rows")
    if isinstance(expression, And | Or | Not | Apply):
        return parenthesized(fragment)
    return fragment


def filtered_from(
    node: Node,
    clause: FromClause,
    context: StatementContext,
    ties: tuple[Fragment, ...] = (),
    *,
    joined: bool = False,
) -> FromClause:
    """Return the opened tables with all that a node's rows must fulfil.

    What is not leakproof stands behind the rule, and behind what a view itself hides. `ties` are
    what ties the rows to a parent; they are few by that, so that an index then only tests them. A
    parent that they are `joined` to stands in the same FROM clause, where a source cannot name it.
    """
    beside, costly = _conditions(node, context, tied=bool(ties), hidden=bool(clause.seen))
    if not costly:
        return FromClause(clause.sources, (*ties, *clause.seen, *beside))
    if barrier.hides_rows(node.table):
        inside, outside = ((), ties) if joined else (ties, ())
        rows = clause.sources + where_clause((*inside, *clause.seen, *beside))
        return FromClause(_fenced(node.alias, rows, context), (*outside, *costly))
    if not clause.seen:
        return FromClause(clause.sources, (*ties, *beside, *costly))
    asked = barrier.evaluated_after(clause.seen, costly)
    return FromClause(clause.sources, (*ties, *clause.conditions, *beside, asked))


def _conditions(
    node: Node, context: StatementContext, *, tied: bool, hidden: bool
) -> tuple[list[Fragment], list[Fragment]]:
    """Return what a node's rows must fulfil besides their table's rule: beside it, and behind it.

    An index of words is looked into beside the rule, as any other index: it finds the numbers of
    rows by words that it has, and reads no row.
    """
    few = None
    if not context.dialect.is_postgres:  # PostgreSQL's planner finds its text search indexes itself
        few = index_condition(node.where, node.table, node.alias, only_test=tied)
    beside, costly = barrier.split_conditions(node)
    plain = [condition_sql(one, node.alias, context) for one in beside]
    for column, beginning in barrier.index_prefixes(costly, node.table) if hidden else ():
        called = column_sql(column.scope, column.name, context)
        plain.append(sql(f"{called} LIKE ") + bound(beginning) + " ESCAPE '\\'")
    others = [condition_sql(one, node.alias, context) for one in costly]
    return _grouped(plain if few is None else [few, *plain]), _grouped(others)


def _grouped(parts: list[Fragment]) -> list[Fragment]:
    """Return a conjunction in groups, since SQLite bounds how high an expression may be."""
    while len(parts) > WIDTH:
        groups = [parts[start : start + WIDTH] for start in range(0, len(parts), WIDTH)]
        parts = [parenthesized(join(" AND ", group)) for group in groups]
    return parts


def condition_sql(where: Condition, alias: str, context: StatementContext) -> Fragment:
    """Return the SQL of a condition as an operand of AND."""
    if isinstance(where, HasEmbed):
        found = exists_sql(where.embed, alias, context)
        return "NOT " + found if where.negated else found
    if isinstance(where, Combined):
        word = " AND " if where.operator == "and" else " OR "
        parts = join(word, (condition_sql(part, alias, context) for part in where.parts))
        return ("NOT " if where.negated else sql("")) + parenthesized(parts)
    return expression_sql(where, context)


def exists_sql(embed: Embed, parent: str, context: StatementContext) -> Fragment:
    """Return the SQL of whether the parent has a row of the embedded relation."""
    return sql("EXISTS (SELECT 1 FROM ") + correlated_from(embed, parent, context) + ")"


def correlated_from(embed: Embed, parent: str, context: StatementContext) -> Fragment:
    """Return the sources of an embedded relation and ` WHERE` what ties them to the parent."""
    clause = correlated_tables(embed, parent, context)
    return clause.sources + where_clause(clause.conditions)


def correlated_tables(
    embed: Embed, parent: str, context: StatementContext, *, joined: bool = False
) -> FromClause:
    """Return the embedded table, its junction if any, and all that their rows must fulfil.

    They stand in a query of their own inside the parent's, or `joined` to it.
    """
    node, link = embed.node, embed.link
    clause = from_clause(node.table, node.alias, context, parent)
    if link.junction is None:
        ties = tuple(_equal(node.alias, own, parent, theirs, context) for theirs, own in link.pairs)
        return filtered_from(node, clause, context, ties, joined=joined)
    near = link.junction_alias
    between = from_clause(link.junction, near, context)
    ties = tuple(_equal(near, own, parent, theirs, context) for theirs, own in link.pairs)
    far = tuple(_equal(near, own, node.alias, there, context) for own, there in link.far)
    both = FromClause(
        between.sources + ", " + clause.sources,
        (*between.conditions, *far, *clause.conditions),
        (*between.lookups, *clause.lookups),
    )
    return filtered_from(node, both, context, ties, joined=joined)


def _equal(left: str, column: str, right: str, other: str, context: StatementContext) -> Fragment:
    return sql(f"{column_sql(left, column, context)} = {column_sql(right, other, context)}")


def column_sql(alias: str, column: str, context: StatementContext) -> str:
    """Return the SQL of a column of the row `alias`."""
    return f"{context.dialect.identifier(alias)}.{context.dialect.identifier(column)}"


def where_clause(found: Iterable[Fragment]) -> Fragment:
    """Return ` WHERE` with the conjunction of the conditions, "" without any."""
    joined = join(" AND ", found)
    return " WHERE " + joined if joined else joined


def order_by_clause(node: Node, context: StatementContext) -> Fragment:
    """Return ` ORDER BY`: the requested terms, then the order of insertion.

    Rows alike come in the order of insertion (without row numbers, of the primary key), but
    backwards where an index is read backwards: else SQLite would not read the index, and sort the
    whole table for a page of it.
    """
    terms = [_term(one, node.alias, context) for one in node.order]
    if node.table.view is None and not node.aggregated and not _is_total(node):
        direction = " DESC" if _is_read_backwards(node) else ""
        terms.extend(
            sql(column_sql(node.alias, name, context) + direction) for name in node.table.row_key
        )
    return " ORDER BY " + join(", ", terms) if terms else sql("")


def _is_total(node: Node) -> bool:
    """Return whether no two rows are alike in the order: it has the whole primary key."""
    plain = {
        one.value.column.name
        for one in node.order
        if one.via is None and not one.value.steps and one.value.column is not None
    }
    key = node.table.primary_key
    return bool(key) and plain.issuperset(key)


def _is_read_backwards(node: Node) -> bool:
    names: list[str] = []
    for one in node.order:
        if one.via is not None or one.value.steps or one.value.column is None:
            return False
        if not one.descending or not one.nulls_first or one.value.column.type in _KEYS:
            return False
        names.append(one.value.column.name)
    found = _indexed(node.table)
    return bool(names) and any(tuple(names) == key[: len(names)] for key in found)


def is_sorted(node: Node) -> bool:
    """Return whether the order surely is none that an index has: rows are sorted then."""
    if not node.order:
        return False
    first = node.order[0]
    if first.via is not None or first.value.steps or first.value.column is None:
        return True
    if first.value.column.type in _KEYS:
        return True
    return not any(first.value.column.name in key for key in _indexed(node.table))


def _indexed(table: Table) -> list[tuple[str, ...]]:
    """Return the columns of each index."""
    return [
        table.primary_key,
        *(unique.columns for unique in table.unique),
        *(index.columns for index in table.indexes),
        *(key.columns for key in table.foreign_keys),
    ]


def _term(one: OrderBy, alias: str, context: StatementContext) -> Fragment:
    value = _sortable(one.value, context)
    nullable = one.value.column is None or one.value.column.nullable or one.value.steps != ()
    if one.via is not None:
        value = (
            sql("(SELECT ")
            + value
            + " FROM "
            + correlated_from(one.via, alias, context)
            + " LIMIT 1)"
        )
        nullable = True
    direction = " DESC" if one.descending else ""
    if not nullable:
        return value + direction
    # SQLite counts NULL as the least value, PostgreSQL as the greatest.
    usual = (one.nulls_first != one.descending) is not context.dialect.is_postgres
    nulls = "" if usual else (" NULLS FIRST" if one.nulls_first else " NULLS LAST")
    return value + direction + nulls


#: What sorts values whose text is in another order, by type: as their comparison does.
_KEYS = {
    **dict.fromkeys(RANGES, "jot_range_key"),
    Type.JSON: "jot_document_key",
    Type.ARRAY: "jot_array_key",
}


def _sortable(value: Value, context: StatementContext) -> Fragment:
    """Return a value to sort by: in the order in which values are compared."""
    if value.column is None:
        return sql("count(*)")
    column = sql(column_sql(value.alias, value.column.name, context))
    fragment, kind = json_step_sql(column, value.column.type, value.steps, context.dialect)
    if context.dialect.is_postgres:
        return f"{ITEMS}(" + fragment + ")" if kind is Type.ARRAY else fragment
    return f"{_KEYS[kind]}(" + fragment + ")" if kind in _KEYS else fragment


def limit_clause(node: Node, dialect: Dialect = SQLITE) -> Fragment:
    """Return ` LIMIT … OFFSET …` as far as the node's window wants it."""
    window = node.window
    if not (window.has_limit or window.has_offset):
        return sql("")
    slot = bound(LimitSlot(window))
    limit = " LIMIT " + ("nullif(" + slot + "::bigint, -1)" if dialect.is_postgres else slot)
    return limit + " OFFSET " + bound(OffsetSlot(window)) if window.has_offset else limit
