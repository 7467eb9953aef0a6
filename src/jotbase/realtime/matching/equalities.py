"""The column values that a condition requires: `id = 5`, `owner = user.id`, `status in (…)`.

In charge of a sound, incomplete analysis: a row without them cannot satisfy the condition, a row
with them may still fail it. Must not know subscribers, nor evaluate rows.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from jotbase.expression.expr import And, Apply, Context, Expr, Fact, Field, Literal, Not, Or, walk
from jotbase.expression.judge import Env, judge, value
from jotbase.expression.typed import type_of
from jotbase.realtime.matching.filters import SCOPE
from jotbase.schema.model.tables import Type
from jotbase.values import Row

#: Types whose equal values are equal in Python and have the same hash.
_PLAIN = frozenset(
    {
        Type.BOOLEAN,
        Type.DATE,
        Type.DECIMAL,
        Type.INTEGER,
        Type.NUMBER,
        Type.TEXT,
        Type.TIME,
        Type.TIMESTAMP,
        Type.UUID,
    }
)

_CONSTANT = (Literal, Fact, Apply, And, Or, Not)


@dataclass(frozen=True, slots=True)
class ComparedColumn:
    """A column as a condition compares it: `exact`, its numbers are compared as decimals."""

    name: str
    exact: bool

    def of(self, row: Row) -> Hashable:
        """Return what the row has there, in the form of `Needed`."""
        return _key(row.get(self.name), exact=self.exact)


#: One value that one column may have.
Needed = tuple[ComparedColumn, Hashable]
#: A condition is true only for rows with one of these values; for no row if it is empty.
OneOf = frozenset[Needed]


def needs(condition: Expr, context: Context) -> tuple[OneOf, ...]:
    """Return the requirements that every row must meet for the condition to be true.

    () for a condition that does not depend on single columns in this way.
    """
    if _is_constant(condition):
        return () if judge(condition)(Env({}, context)) is True else (frozenset(),)
    match condition:
        case And(parts):
            return tuple(one for part in parts for one in needs(part, context))
        case Or(parts):
            return _any_of([needs(part, context) for part in parts])
        case Apply("eq", (Field() as field, other)) | Apply("eq", (other, Field() as field)):
            return _equal(field, other, context)
        case Apply("in", (Field() as field, other)) if _is_constant(other):
            return _one_of(field, other, value(other)(Env({}, context)))
        case Apply("is", (Field() as field, Literal(wanted))):
            return _one_of(field, None, (wanted,))
    return ()


def _is_constant(expression: Expr) -> bool:
    """Return whether the expression depends on the caller alone (and not on the time)."""
    return all(
        isinstance(node, Literal | Fact | Apply | And | Or | Not) for node in walk(expression)
    )


def _any_of(branches: Sequence[tuple[OneOf, ...]]) -> tuple[OneOf, ...]:
    if not all(branches):
        return ()
    return (frozenset[Needed]().union(*(min(branch, key=len) for branch in branches)),)


def _equal(field: Field, other: Expr, context: Context) -> tuple[OneOf, ...]:
    if not _is_constant(other):
        return ()
    wanted = value(other)(Env({}, context))
    return _one_of(field, other, () if wanted is None else (wanted,))


def _one_of(field: Field, other: Expr | None, wanted: Iterable[Any] | None) -> tuple[OneOf, ...]:
    if field.scope != SCOPE or field.type not in _PLAIN:
        return ()
    exact = Type.DECIMAL in (field.type, None if other is None else type_of(other))
    column = ComparedColumn(field.name, exact)
    try:
        return (frozenset((column, _key(one, exact=exact)) for one in wanted or ()),)
    except TypeError:  # a list or an object: no value of such a column, but not for us to say
        return ()


def _key(found: Any, *, exact: bool) -> Hashable:
    """Return a dictionary key for a value, the same for equal values."""
    if exact and found is not None and not isinstance(found, bool | Decimal):
        return Decimal(str(found))
    hash(found)
    return found  # type: ignore[no-any-return]
