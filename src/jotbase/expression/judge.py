"""Evaluating expressions in memory: compiled once into closures, called for each row.

In charge of the evaluation in Python, in SQL's three-valued logic: true, false, or None for
unknown. Must not know SQL, engines, or where rows come from. `operators` defines the operators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from jotbase.expression.data_types.documents import equal
from jotbase.expression.expr import (
    And,
    Apply,
    Context,
    Exists,
    Expr,
    Fact,
    Field,
    Follow,
    Literal,
    NewUuid,
    Not,
    Now,
    Or,
    RequestValue,
)
from jotbase.expression.operators import OPERATORS
from jotbase.expression.typed import type_of
from jotbase.schema.model.tables import Type
from jotbase.values import Row


def _no_tables(name: str) -> Iterable[Row]:
    raise LookupError(f"no rows of {name} at hand: only local expressions can be judged here")


@dataclass(slots=True)
class Env:
    """The environment of an evaluation: rows by scope, in canonical form, and the context.

    `tables` returns all rows of the table with that name, for expressions that depend on other
    rows.
    """

    rows: Mapping[str, Row]
    context: Context
    tables: Callable[[str], Iterable[Row]] = _no_tables


#: A condition: true, false, or None for unknown.
Judge = Callable[[Env], bool | None]
Evaluator = Callable[[Env], Any]


def judge(expression: Expr) -> Judge:
    """Compile the condition to a function of an environment."""
    return value(expression)


def value(expression: Expr) -> Evaluator:
    """Compile the expression to a function from an environment to its canonical value."""
    match expression:
        case Literal(constant, kind):
            return _literal(constant, kind)
        case Field(scope, name, kind):
            return _field(scope, name, kind)
        case RequestValue() | Fact() | Now() | NewUuid():
            fill = expression.fill
            return lambda env: fill(env.context)
        case Apply():
            return _apply(expression)
        case And(parts):
            return _connective(tuple(map(value, parts)), by=False)
        case Or(parts):
            return _connective(tuple(map(value, parts)), by=True)
        case Not(part):
            return _not(value(part))
        case Exists():
            return _exists(expression)
        case Follow():
            return _follow(expression)


def _literal(constant: Any, kind: Type | None) -> Evaluator:
    known = _number(constant) if kind is Type.DECIMAL else constant
    return lambda env: known


def _number(text: Any) -> Any:
    if isinstance(text, list | tuple):
        return tuple(map(_number, text))
    return None if text is None else Decimal(str(text))


def _field(scope: str, name: str, kind: Type) -> Evaluator:
    if kind is Type.DECIMAL:
        return lambda env: _number(env.rows[scope].get(name))
    return lambda env: env.rows[scope].get(name)


def _apply(expression: Apply) -> Evaluator:
    operator = OPERATORS[expression.operator]
    last = expression.arguments[-1]
    read = operator.semantics(type_of(last)).read
    arguments = tuple(map(_exact if _is_decimal(expression) else value, expression.arguments))
    if len(arguments) == 1:
        return _strict_one(read, arguments[0]) if operator.strict else _any_one(read, arguments[0])
    if len(arguments) == 2:
        pair = _strict_two if operator.strict else _any_two
        return pair(read, *arguments)
    return _strict_many(read, arguments)


def _is_decimal(expression: Apply) -> bool:
    return any(type_of(argument) is Type.DECIMAL for argument in expression.arguments)


def _exact(expression: Expr) -> Evaluator:
    """Return an evaluator with numbers as Decimal, so that 0.1 equals the decimal 0.1."""
    found = value(expression)
    return lambda env: _as_decimal(found(env))


def _as_decimal(found: Any) -> Any:
    return found if isinstance(found, Decimal | bool) else _number(found)


def _strict_one(read: Callable[..., Any], argument: Evaluator) -> Evaluator:
    def run(env: Env) -> Any:
        found = argument(env)
        return None if found is None else read(found)

    return run


def _any_one(read: Callable[..., Any], argument: Evaluator) -> Evaluator:
    return lambda env: read(argument(env))


def _strict_two(read: Callable[..., Any], left: Evaluator, right: Evaluator) -> Evaluator:
    def run(env: Env) -> Any:
        first = left(env)
        if first is None:
            return None
        second = right(env)
        return None if second is None else read(first, second)

    return run


def _any_two(read: Callable[..., Any], left: Evaluator, right: Evaluator) -> Evaluator:
    return lambda env: read(left(env), right(env))


def _strict_many(read: Callable[..., Any], arguments: tuple[Evaluator, ...]) -> Evaluator:
    def run(env: Env) -> Any:
        values = [argument(env) for argument in arguments]
        return None if None in values else read(*values)

    return run


def _connective(parts: tuple[Evaluator, ...], *, by: bool) -> Evaluator:
    """Return a conjunction (`by` False decides it) or a disjunction (`by` True decides it)."""

    def run(env: Env) -> bool | None:
        unknown = False
        for part in parts:
            found: bool | None = part(env)
            if found is by:
                return by
            if found is None:
                unknown = True
        return None if unknown else not by

    return run


def _not(part: Evaluator) -> Evaluator:
    def run(env: Env) -> bool | None:
        found = part(env)
        return None if found is None else not found

    return run


def _with_row(env: Env, scope: str, row: Row) -> Env:
    return Env({**env.rows, scope: row}, env.context, env.tables)


def _exists(expression: Exists) -> Evaluator:
    where, scope, name = value(expression.where), expression.scope, expression.table.name

    def run(env: Env) -> bool:
        return any(where(_with_row(env, scope, row)) is True for row in env.tables(name))

    return run


def _follow(expression: Follow) -> Evaluator:
    name, scope, key = expression.table.name, expression.scope, expression.key
    base, found = value(expression.base), value(expression.value)

    def run(env: Env) -> Any:
        wanted = base(env)
        if wanted is None:
            return None
        for row in env.tables(name):
            if equal(row.get(key), wanted):
                return found(_with_row(env, scope, row))
        return None

    return run
