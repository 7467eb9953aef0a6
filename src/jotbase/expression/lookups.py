"""Access paths of a rule's subqueries: whether a key or an index finds the rows of other tables.

In charge of deciding this from the condition and the tables' keys. Must not know SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from jotbase.expression.expr import Apply, Exists, Expr, Fact, Field, conjuncts, scopes, walk
from jotbase.schema.model.tables import Table

#: What a statement evaluates a rule for: many rows of one caller, or many callers of one row.
Many = Literal["rows", "callers"]


@dataclass(frozen=True, slots=True)
class Lookup:
    """Nested `Exists` nodes as one join: its tables by scope, and the conditions of its rows."""

    tables: Mapping[str, Table]
    parts: tuple[Expr, ...]


def _inner_loop(parts: Sequence[Expr], tables: Mapping[str, Table]) -> Exists | None:
    """Return the `Exists` among the parts that can be joined with the tables, None if there is
    none.

    Two sibling `Exists` are not joined: the result would be a cross product. Neither is one whose
    scope has the name of an outer one.
    """
    loops = [part for part in parts if isinstance(part, Exists)]
    return loops[0] if len(loops) == 1 and loops[0].scope not in tables else None


def lookup_of(expression: Exists) -> Lookup:
    """Return an `Exists` and those nested in it as one lookup."""
    tables: dict[str, Table] = {}
    where: list[Expr] = []
    loop: Exists | None = expression
    while loop is not None:
        tables[loop.scope] = loop.table
        parts = conjuncts(loop.where)
        inner = _inner_loop(parts, tables)
        where.extend(part for part in parts if part is not inner)
        loop = inner
    return Lookup(tables, tuple(where))


def is_correlated(part: Expr, lookup: Lookup, among: Many) -> bool:
    """Return whether a part of a lookup depends on the one of the many that it is evaluated for."""
    if among == "callers":
        return any(isinstance(node, Fact) for node in walk(part))
    return not scopes(part) <= lookup.tables.keys()


def is_shared(lookup: Lookup, among: Many) -> bool:
    """Return whether the rows should be materialized once for all of the many.

    They should when no unique key finds at most one row for each, but an index finds rows by the
    parts that are the same for all: SQLite may choose either index, and then would scan all rows of
    a team for each of its members. For many rows, an index on the correlated parts is better still;
    for many callers, one scan of the table is better than one scan for each.
    """
    differing = [part for part in lookup.parts if is_correlated(part, lookup, among)]
    if not differing or _has_index(lookup, lookup.parts, one=True):
        return False
    if _has_index(lookup, [part for part in lookup.parts if part not in differing]):
        return among == "callers" or not _has_index(lookup, _caller_independent(lookup))
    return among == "callers" and not _has_index(lookup, lookup.parts)


def _caller_independent(lookup: Lookup) -> list[Expr]:
    """Return the parts that do not depend on the caller."""
    return [part for part in lookup.parts if not is_correlated(part, lookup, "callers")]


def _has_index(lookup: Lookup, parts: Iterable[Expr], *, one: bool = False) -> bool:
    """Return whether an index (with `one`: a unique key) finds the rows of all tables."""
    equal = list(_equalities(lookup, parts))
    reached: set[str] = set()
    while True:
        more = {
            scope
            for scope, table in lookup.tables.items()
            if scope not in reached
            and _is_indexed(table, _known_columns(scope, equal, lookup, reached), one=one)
        }
        if not more:
            return len(reached) == len(lookup.tables)
        reached |= more


def _equalities(lookup: Lookup, parts: Iterable[Expr]) -> Iterator[tuple[str, str, Expr]]:
    """Yield (scope, column, the expression that it must equal or be contained in)."""
    for part in parts:
        match part:
            case Apply("eq", (left, right)):
                for side, other in ((left, right), (right, left)):
                    if isinstance(side, Field) and side.scope in lookup.tables:
                        yield side.scope, side.name, other
            case Apply("in", (Field(scope, name), options)) if scope in lookup.tables:
                yield scope, name, options


def _known_columns(
    scope: str,
    equal: Sequence[tuple[str, str, Expr]],
    lookup: Lookup,
    reached: set[str],
) -> set[str]:
    """Return the columns of a scope whose values follow from the rows of the reached scopes."""
    return {
        name
        for own, name, other in equal
        if own == scope and scopes(other) & lookup.tables.keys() <= reached
    }


def _is_indexed(table: Table, given: set[str], *, one: bool) -> bool:
    keys = [table.primary_key, *(unique.columns for unique in table.unique)]
    if any(key and given.issuperset(key) for key in keys):
        return True
    if one:
        return False
    indexes = [index.columns for index in table.indexes]
    indexes += [key.columns for key in table.foreign_keys]
    return any(key and key[0] in given for key in (*keys, *indexes))
