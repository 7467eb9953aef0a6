"""The expression tree of URL filters, access rules and subscription filters.

In charge of the nodes and of the values of one request (`Context`). Must not know how a tree is
parsed (`query.request`, `access.language.rules`), compiled to SQL (`predicate`) or evaluated in
memory (`judge`); `operators` defines the operators.
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
    """The values that fill the slots of a tree: the caller, the request's values, the time.

    `now` is RFC 3339 text in UTC, in the stored form of timestamps. `new_uuid` returns a new UUID
    (RFC 9562, lower-case text) at each call. `document` is the JSON of the rows that a function
    returned.
    """

    principal: Principal = ANONYMOUS
    values: tuple[Any, ...] = ()
    now: str = ""
    new_uuid: Callable[[], str] = _no_uuids
    document: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the row named `scope`: `row`, `new`, a loop's variable, a table's alias."""

    scope: str
    name: str
    type: Type
    item: Type | None = None


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant of a rule or plan, in canonical JSON form; lists are tuples."""

    value: Any
    type: Type | None = None


@dataclass(frozen=True, slots=True)
class RequestValue:
    """The request's value at `index`; `read` parses its text when it is bound."""

    index: int
    read: Callable[[Any], Any]
    type: Type | None = None

    def fill(self, context: Context) -> Any:
        """Return the value to bind."""
        return self.read(context.values[self.index])


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact about the caller: ("id",), ("role",), ("email",), ("roles",), ("claims", …).

    `read` converts it to the type that it is compared with; a value that does not fit becomes None
    (unknown).
    """

    path: tuple[str, ...]
    read: Callable[[Any], Any]
    type: Type | None = None

    def fill(self, context: Context) -> Any:
        """Return the fact of the context's caller, or None."""
        return self.read(fact(context.principal, self.path))


@dataclass(frozen=True, slots=True)
class Now:
    """The time of the request, or its date in UTC if `day` is set."""

    day: bool = False

    def fill(self, context: Context) -> Any:
        """Return the context's time or date."""
        return context.now[: len("2026-01-01")] if self.day else context.now


@dataclass(frozen=True, slots=True)
class NewUuid:
    """A new random UUID; allowed in defaults, not in rules."""

    def fill(self, context: Context) -> str:
        """Return the next UUID of the context's source."""
        return context.new_uuid()


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator or function of the operator table applied to arguments."""

    operator: str
    arguments: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class And:
    """A conjunction; true without parts."""

    parts: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """A disjunction; false without parts."""

    parts: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """A negation; unknown stays unknown."""

    part: Expr


@dataclass(frozen=True, slots=True)
class Exists:
    """Whether `table` has a row for which `where` is true; `scope` names the row in it.

    Never unknown.
    """

    table: Table
    scope: str
    where: Expr


@dataclass(frozen=True, slots=True)
class Follow:
    """A followed reference: `value` of the row of `table` whose `key` equals `base`, else null.

    `scope` names the row within `value`.
    """

    base: Expr
    table: Table
    scope: str
    key: str
    value: Expr


#: The nodes whose value depends on the request; they have `fill(context)`.
Open = RequestValue | Fact | Now | NewUuid
Expr = Field | Literal | Open | Apply | And | Or | Not | Exists | Follow

TRUE = Literal(True, Type.BOOLEAN)
FALSE = Literal(False, Type.BOOLEAN)


def fact(principal: Principal, path: tuple[str, ...]) -> Any:
    """Return the value at that path in the principal's token, or None."""
    first, *rest = path
    if first != "claims":
        return getattr(principal, first)
    value: Any = principal.claims
    for step in rest:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def children(expression: Expr) -> tuple[Expr, ...]:
    """Return the direct subexpressions."""
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
    """Yield the expression and all its subexpressions in pre-order."""
    yield expression
    for child in children(expression):
        yield from walk(child)


def all_of(*expressions: Expr | None) -> Expr:
    """Return the flattened conjunction without None and TRUE."""
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
    """Return the parts of a top-level conjunction, or a tuple of the expression itself."""
    if isinstance(expression, And):
        return tuple(part for inner in expression.parts for part in conjuncts(inner))
    return (expression,)


def facts(expression: Expr) -> tuple[Fact, ...]:
    """Return the distinct facts about the caller in the expression, in order of appearance."""
    return tuple(dict.fromkeys(node for node in walk(expression) if isinstance(node, Fact)))


def rename_scope(expression: Expr, old: str, new: str) -> Expr:
    """Return the expression with the row named `old` renamed to `new`."""
    match expression:
        case Field(scope, name, kind, item):
            return Field(new, name, kind, item) if scope == old else expression
        case Apply(operator, arguments):
            return Apply(operator, tuple(rename_scope(part, old, new) for part in arguments))
        case And(parts):
            return And(tuple(rename_scope(part, old, new) for part in parts))
        case Or(parts):
            return Or(tuple(rename_scope(part, old, new) for part in parts))
        case Not(part):
            return Not(rename_scope(part, old, new))
        case Exists(table, scope, where):
            return (
                expression if scope == old else Exists(table, scope, rename_scope(where, old, new))
            )
        case Follow(base, table, scope, key, value):
            inner = value if scope == old else rename_scope(value, old, new)
            return Follow(rename_scope(base, old, new), table, scope, key, inner)
        case _:
            return expression


def scopes(expression: Expr) -> frozenset[str]:
    """Return the free row names of the expression (those that it does not bind itself)."""
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
    """Whether the expression depends on row and caller alone, not on other rows."""
    return not any(isinstance(node, Exists | Follow) for node in walk(expression))
