"""The one expression type: URL filters, access rules and subscription filters are all such trees.

In charge of the nodes and of what is filled in per request (`Context`). Must not know how a tree is
written (`grammar`, `access.rules`), what SQL it becomes (`predicate`) or how it is judged
(`judge`); what an operator means stands in `operators`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jotbase.records import dataclass
from jotbase.schema.model.tables import Table, Type
from jotbase.values import ANONYMOUS, Principal


def _no_uuids() -> str:
    raise LookupError("this context was made without a source of UUIDs")


@dataclass(frozen=True, slots=True)
class Context:
    """What a tree's open places are filled from: the caller, the request's values, the clock.

    `now` is RFC 3339 text in UTC, in the stored form of timestamps. `new_uuid` gives another UUID
    (RFC 9562, lower-case text) each time it is called. `document` are the rows that a function
    gave back, as JSON.
    """

    principal: Principal = ANONYMOUS
    values: tuple[Any, ...] = ()
    now: str = ""
    new_uuid: Callable[[], str] = _no_uuids
    document: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the row that `scope` names: `row`, `new`, a loop's variable, a table's alias."""

    scope: str
    name: str
    type: Type
    item: Type | None = None


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant of the rule or plan, in canonical JSON form; tuples stand for lists."""

    value: Any
    type: Type | None = None


@dataclass(frozen=True, slots=True)
class RequestValue:
    """The request's value number `index`, read from its text by `read` when it is bound."""

    index: int
    read: Callable[[Any], Any]
    type: Type | None = None

    def fill(self, context: Context) -> Any:
        """Return the value to bind."""
        return self.read(context.values[self.index])


@dataclass(frozen=True, slots=True)
class Fact:
    """Something about the caller: ("id",), ("role",), ("email",), ("roles",), ("claims", …).

    `read` makes the fact fit what it is compared with; what does not fit is None, which is unknown.
    """

    path: tuple[str, ...]
    read: Callable[[Any], Any]
    type: Type | None = None

    def fill(self, context: Context) -> Any:
        """Return the fact of the context's caller, or None."""
        return self.read(fact(context.principal, self.path))


@dataclass(frozen=True, slots=True)
class Now:
    """The time of the request, or with `day` its date in UTC."""

    day: bool = False

    def fill(self, context: Context) -> Any:
        """Return the context's time or date."""
        return context.now[: len("2026-01-01")] if self.day else context.now


@dataclass(frozen=True, slots=True)
class NewUuid:
    """A UUID that nothing else has: a default's, never a rule's."""

    def fill(self, context: Context) -> str:
        """Return the next UUID of the context's source."""
        return context.new_uuid()


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator or function of the operator table, applied."""

    operator: str
    arguments: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class And:
    """True when all are; without parts, true."""

    parts: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True when one is; without parts, false."""

    parts: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True when its part is false; unknown stays unknown."""

    part: Expr


@dataclass(frozen=True, slots=True)
class Exists:
    """Whether `table` has a row, inside called `scope`, with a true `where`: never unknown."""

    table: Table
    scope: str
    where: Expr


@dataclass(frozen=True, slots=True)
class Follow:
    """`value` on the row of `table` (inside called `scope`) whose `key` equals `base`, or null."""

    base: Expr
    table: Table
    scope: str
    key: str
    value: Expr


#: What a request fills in: nodes with `fill(context)`.
Open = RequestValue | Fact | Now | NewUuid
Expr = Field | Literal | Open | Apply | And | Or | Not | Exists | Follow

TRUE = Literal(True, Type.BOOLEAN)
FALSE = Literal(False, Type.BOOLEAN)


def fact(principal: Principal, path: tuple[str, ...]) -> Any:
    """Return what the principal's token says at that path, or None."""
    first, *rest = path
    if first != "claims":
        return getattr(principal, first)
    value: Any = principal.claims
    for step in rest:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def children(expression: Expr) -> tuple[Expr, ...]:
    """Return the expressions directly below."""
    match expression:
        case Apply(_, arguments):
            return arguments
        case And(parts) | Or(parts):
            return parts
        case Not(part):
            return (part,)
        case Exists(_, _, where):
            return (where,)
        case Follow(base, _, _, _, value):
            return (base, value)
        case _:
            return ()


def walk(expression: Expr) -> Iterator[Expr]:
    """Yield the expression and all below it, parents first."""
    yield expression
    for child in children(expression):
        yield from walk(child)


def all_of(*expressions: Expr | None) -> Expr:
    """Return the conjunction, flattened; None and TRUE fall away."""
    parts: list[Expr] = []
    for expression in expressions:
        if isinstance(expression, And):
            parts.extend(expression.parts)
        elif expression is not None and expression != TRUE:
            parts.append(expression)
    if not parts:
        return TRUE
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def conjuncts(expression: Expr) -> tuple[Expr, ...]:
    """Return the parts of a top-level conjunction, or the expression alone."""
    if isinstance(expression, And):
        return tuple(part for inner in expression.parts for part in conjuncts(inner))
    return (expression,)


def facts(expression: Expr) -> tuple[Fact, ...]:
    """Return what the expression asks of the caller, each once, in order of appearance."""
    return tuple(dict.fromkeys(node for node in walk(expression) if isinstance(node, Fact)))


def rescoped(expression: Expr, old: str, new: str) -> Expr:
    """Return the expression with the row that it calls `old` called `new`."""
    match expression:
        case Field(scope, name, kind, item):
            return Field(new, name, kind, item) if scope == old else expression
        case Apply(operator, arguments):
            return Apply(operator, tuple(rescoped(part, old, new) for part in arguments))
        case And(parts):
            return And(tuple(rescoped(part, old, new) for part in parts))
        case Or(parts):
            return Or(tuple(rescoped(part, old, new) for part in parts))
        case Not(part):
            return Not(rescoped(part, old, new))
        case Exists(table, scope, where):
            return expression if scope == old else Exists(table, scope, rescoped(where, old, new))
        case Follow(base, table, scope, key, value):
            inner = value if scope == old else rescoped(value, old, new)
            return Follow(rescoped(base, old, new), table, scope, key, inner)
        case _:
            return expression


def scopes(expression: Expr) -> frozenset[str]:
    """Return the names of the rows that the expression looks at from outside."""
    match expression:
        case Field(scope):
            return frozenset((scope,))
        case Exists(_, scope, where):
            return scopes(where) - {scope}
        case Follow(base, _, scope, _, value):
            return scopes(base) | (scopes(value) - {scope})
        case _:
            return frozenset[str]().union(*map(scopes, children(expression)))


def is_local(expression: Expr) -> bool:
    """Whether row and principal suffice: no other table is looked into."""
    return not any(isinstance(node, Exists | Follow) for node in walk(expression))
