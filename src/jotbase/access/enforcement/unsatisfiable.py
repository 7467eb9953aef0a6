"""Rules that no row can satisfy for a given caller, found from the caller alone.

In charge of a sound, incomplete test: what depends on a row counts as possibly true. Must not know
when the test is made, nor which error the caller gets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jotbase.expression.expr import (
    And,
    Apply,
    Context,
    Exists,
    Expr,
    Field,
    Follow,
    Not,
    Or,
    walk,
)
from jotbase.expression.judge import Env, judge, value
from jotbase.expression.operators import OPERATORS

#: Returns whether no row can satisfy a condition for the context's caller.
Unsatisfiable = Callable[[Context], bool]


def unsatisfiable(condition: Expr) -> Unsatisfiable:
    """Compile a test: True if no row satisfies the condition; False proves nothing."""
    if _is_closed(condition):
        say = judge(condition)
        return lambda context: say(Env({}, context)) is not True
    match condition:
        case And(parts):
            one_of = tuple(map(unsatisfiable, parts))
            return lambda context: any(one(context) for one in one_of)
        case Or(parts):
            each = tuple(map(unsatisfiable, parts))
            return lambda context: all(one(context) for one in each)
        case Exists(_, _, where):
            return unsatisfiable(where)
        case Apply():
            return _applied(condition)
        case Not(part):
            return _negated(part)
        case _:
            return lambda context: False


def _negated(part: Expr) -> Unsatisfiable:
    """Return the test of `not part`: De Morgan's laws hold with unknown too."""
    match part:
        case Not(inner):
            return unsatisfiable(inner)
        case And(parts):
            return unsatisfiable(Or(tuple(map(Not, parts))))
        case Or(parts):
            return unsatisfiable(And(tuple(map(Not, parts))))
        case Apply(operator, arguments) if OPERATORS[operator].strict:
            known = tuple(value(one) for one in arguments if _is_closed(one))
            return lambda context: any(read(Env({}, context)) is None for read in known)
        case _:
            return lambda context: False


def _is_closed(expression: Expr) -> bool:
    """Return whether the expression depends on the caller and the time alone."""
    return not any(isinstance(node, Field | Exists | Follow) for node in walk(expression))


def _applied(condition: Apply) -> Unsatisfiable:
    """Compile the test of an operator: a strict one with an unknown argument is unknown, and `in`
    an empty list is false.
    """
    listing = condition.operator == "in"
    if not (listing or OPERATORS[condition.operator].strict):
        return lambda context: False
    known = tuple(value(one) for one in condition.arguments if _is_closed(one))
    empty: tuple[Any, ...] = (None, (), []) if listing else (None,)
    return lambda context: any(read(Env({}, context)) in empty for read in known)
