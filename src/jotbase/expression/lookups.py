"""How a rule's look into other tables finds its rows: by a key, by an index, or by neither.

In charge of reading that off the condition and the tables. Must not know SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from jotbase.expression.expr import Apply, Exists, Expr, Fact, Field, conjuncts, scopes, walk
from jotbase.schema.model.tables import Table

#: What a statement asks a rule of: many rows for one caller, or one row for many callers.
Many = Literal["rows", "callers"]


@dataclass(frozen=True, slots=True)
class Lookup:
    """Loops inside one another as one: the tables by their scopes, and what must hold of them."""

    tables: Mapping[str, Table]
    parts: tuple[Expr, ...]


def _inner_loop(parts: Sequence[Expr], tables: Mapping[str, Table]) -> Exists | None:
    """Return the loop among the parts that is as good as one more table of a join.

    Two loops beside one another stay two: joined, each row of one would meet all of the other. One
    whose variable is called as one outside means another row by that name.
    """
    loops = [part for part in parts if isinstance(part, Exists)]
    return loops[0] if len(loops) == 1 and loops[0].scope not in tables else None


def lookup_of(expression: Exists) -> Lookup:
    """Return a loop, and those inside it, as one look."""
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


def is_correlated(part: Expr, look: Lookup, among: Many) -> bool:
    """Say whether a part of a look differs from one of the many to the next."""
    if among == "callers":
        return any(isinstance(node, Fact) for node in walk(part))
    return not scopes(part) <= look.tables.keys()


def is_shared(look: Lookup, among: Many) -> bool:
    """Say whether rows are better found once for all of the many, and each of them among those.

    So it is where a key does not find one row at most for each, and an index finds rows by what
    all have in common: of several indexes the database takes any, and then all rows of a team
    would be gone through for each of its members. For many rows, what finds the few of each is
    better still; for many callers, one look through a whole table is better than one for each.
    """
    differing = [part for part in look.parts if is_correlated(part, look, among)]
    if not differing or _finds(look, look.parts, one=True):
        return False
    if _finds(look, [part for part in look.parts if part not in differing]):
        return among == "callers" or not _finds(look, _for_anybody(look))
    return among == "callers" and not _finds(look, look.parts)


def _for_anybody(look: Lookup) -> list[Expr]:
    """Return the parts that hold whoever asks."""
    return [part for part in look.parts if not is_correlated(part, look, "callers")]


def _finds(look: Lookup, parts: Iterable[Expr], *, one: bool = False) -> bool:
    """Say whether these parts find the rows of all tables by an index, or with `one` by a key."""
    equal = list(_equalities(look, parts))
    reached: set[str] = set()
    while True:
        more = {
            scope
            for scope, table in look.tables.items()
            if scope not in reached
            and _is_found(table, _given(scope, equal, look, reached), one=one)
        }
        if not more:
            return len(reached) == len(look.tables)
        reached |= more


def _equalities(look: Lookup, parts: Iterable[Expr]) -> Iterator[tuple[str, str, Expr]]:
    """Yield (scope, column, what it must equal, or be among)."""
    for part in parts:
        match part:
            case Apply("eq", (left, right)):
                for side, other in ((left, right), (right, left)):
                    if isinstance(side, Field) and side.scope in look.tables:
                        yield side.scope, side.name, other
            case Apply("in", (Field(scope, name), options)) if scope in look.tables:
                yield scope, name, options


def _given(
    scope: str,
    equal: Sequence[tuple[str, str, Expr]],
    look: Lookup,
    reached: set[str],
) -> set[str]:
    """Return the columns of a scope whose values are known once the reached rows are."""
    return {
        name
        for own, name, other in equal
        if own == scope and scopes(other) & look.tables.keys() <= reached
    }


def _is_found(table: Table, given: set[str], *, one: bool) -> bool:
    keys = [table.primary_key, *(unique.columns for unique in table.unique)]
    if any(key and given.issuperset(key) for key in keys):
        return True
    if one:
        return False
    indexes = [index.columns for index in table.indexes]
    indexes += [key.columns for key in table.foreign_keys]
    return any(key and key[0] in given for key in (*keys, *indexes))
