"""The security barrier: which conditions may be evaluated on rows that a rule hides.

A leakproof operator discloses nothing about its arguments except by its result (PostgreSQL, CREATE
FUNCTION, LEAKPROOF): it raises no error, runs no project code, and its cost does not depend on the
values. Leakproof conditions are joined with the rule by AND, so that indexes can be used; all
others are evaluated only for rows that satisfy the rule. In charge of this distinction (decision
50). Must not know the content of a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jotbase.expression.data_types.patterns import like_prefix
from jotbase.expression.expr import TRUE, And, Apply, Field, Literal, Not, Or, RequestValue
from jotbase.expression.operators import OPERATORS
from jotbase.expression.typed import type_of
from jotbase.query.plan.computed import ComputedTable
from jotbase.query.plan.function_rows import FunctionRows
from jotbase.query.plan.nodes import Combined, Condition, Embed, HasEmbed, Node
from jotbase.schema.model.tables import Table
from jotbase.sql.dialect import SQLITE, Dialect
from jotbase.sql.fragment import Fragment, bound, join, sql


def split_conditions(node: Node) -> tuple[list[Condition], list[Condition]]:
    """Return (leakproof conditions, other conditions) of a node."""
    beside: list[Condition] = []
    behind: list[Condition] = []
    for part in (*_parts(node.where), *_required(node)):
        (beside if is_leakproof(part, node.table) else behind).append(part)
    return beside, behind


def _parts(where: Condition) -> Iterator[Condition]:
    if isinstance(where, And) or (
        isinstance(where, Combined) and where.operator == "and" and not where.negated
    ):
        for part in where.parts:
            yield from _parts(part)
    elif where != TRUE:
        yield where


def _required(node: Node) -> Iterator[HasEmbed]:
    for item in node.items:
        if isinstance(item.value, Embed) and item.value.required:
            yield HasEmbed(item.value)


def is_leakproof(where: Condition, table: Table) -> bool:
    """Return whether a condition may be evaluated on rows that the caller may not see."""
    match where:
        case And(parts) | Or(parts):
            return all(is_leakproof(part, table) for part in parts)
        case Combined(_, mixed):
            return all(is_leakproof(part, table) for part in mixed)
        case Not(part):
            return is_leakproof(part, table)
        case HasEmbed(embed):
            return _is_looked_up(embed.node)
        case Apply(operator, (Field(_, name), *others)):
            semantics = OPERATORS[operator].semantics(type_of(where.arguments[-1]))
            plain = all(isinstance(one, RequestValue | Literal) for one in others)
            return semantics.leakproof and plain and _is_stored(table, name)
    return False


def _is_looked_up(node: Node) -> bool:
    """Return whether related rows are found by stored columns alone."""
    table = node.table
    if isinstance(table, FunctionRows | ComputedTable) or hides_rows(table):
        return False
    return not split_conditions(node)[1]


def _is_stored(table: Table, name: str) -> bool:
    """Return whether a column is read as it is stored, and nothing is worked out for that.

    What a pulled table generates may be worked out as it is read; in an index, it was before.
    """
    if isinstance(table, ComputedTable) and name not in table.base.by_name:
        return False
    if hides_rows(table):
        return name in table.origins
    column = table.by_name.get(name)
    return column is not None and (column.generated is None or name in _indexed(table))


def _indexed(table: Table) -> set[str]:
    keys = [one.columns for one in table.unique] + [one.columns for one in table.indexes]
    return {*table.primary_key, *(name for key in keys for name in key)}


def index_prefixes(
    costly: Iterable[Condition], table: Table
) -> Iterator[tuple[Field, RequestValue | str]]:
    """Yield columns that an index begins with, and what texts there begin with that fit a pattern.

    That a text begins with another is no more than a comparison, and lets the index find the few
    rows that the pattern is then asked about.
    """
    for part in costly:
        match part:
            case Apply("like", (Field(_, name) as column, (RequestValue() | Literal()) as pattern)):
                if _is_stored(table, name) and name in _leading(table):
                    yield column, _index_prefix(pattern)


def _leading(table: Table) -> set[str]:
    keys = [table.primary_key, *(one.columns for one in table.unique)]
    keys += [one.columns for one in table.indexes] + [one.columns for one in table.foreign_keys]
    return {key[0] for key in keys if key}


def _index_prefix(pattern: RequestValue | Literal) -> RequestValue | str:
    if isinstance(pattern, Literal):
        return like_prefix(pattern.value)
    return RequestValue(pattern.index, lambda text: like_prefix(pattern.read(text)), pattern.type)


def hides_rows(table: Table) -> bool:
    """Return whether the table is a view, whose SQL hides rows as a rule does."""
    return table.view is not None and not isinstance(table, FunctionRows)


def evaluated_after(seen: Iterable[Fragment], costly: Iterable[Fragment]) -> Fragment:
    """Return the conditions so that they are evaluated only for rows that satisfy `seen`.

    A CASE looks at no branch that it does not take (sqlite.org/lang_expr.html, "The CASE
    expression"), wherever the planner puts it; parts of an AND come in any order. The second CASE
    is for speed: SQLite works out all parts of an AND or OR that is a value, and of a condition no
    more than it needs.
    """
    return (
        sql("CASE WHEN ")
        + join(" AND ", seen)
        + " THEN CASE WHEN "
        + join(" AND ", costly)
        + " THEN TRUE END END"
    )


def fenced_source(
    columns: str, chosen: Fragment, alias: str, dialect: Dialect = SQLITE
) -> Fragment:
    """Return a FROM clause as a subquery, so that outer conditions are evaluated after it.

    No condition moves into a query that has a LIMIT, since it would change what is counted
    (sqlite.org/optoverview.html, 11 and 12); in PostgreSQL, OFFSET does the same.
    """
    if dialect.is_postgres:
        return sql(f"(SELECT {columns} FROM ") + chosen + f" OFFSET 0) AS {alias}"
    return sql(f"(SELECT {columns} FROM ") + chosen + " LIMIT " + bound(-1) + f") AS {alias}"
