"""Rules that are true of no row at all for a caller: told from the caller alone, before any row.

In charge of finding that out without a row: what looks at one is unknown, and what remains decides.
Must not know when it is asked, nor what is said to the caller.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jotbase.expression.expr import And, Apply, Context, Exists, Expr, Field, Follow, Or, walk
from jotbase.expression.judge import Env, judge, value
from jotbase.expression.operators import OPERATORS

#: Whether a condition can be true of no row, for the context's caller.
Hopeless = Callable[[Context], bool]


def hopeless(condition: Expr) -> Hopeless:
    """Return what says for a caller that the condition is true of no row; no is no promise."""
    if _is_closed(condition):
        say = judge(condition)
        return lambda context: say(Env({}, context)) is not True
    match condition:
        case And(parts):
            one_of = tuple(map(hopeless, parts))
            return lambda context: any(one(context) for one in one_of)
        case Or(parts):
            each = tuple(map(hopeless, parts))
            return lambda context: all(one(context) for one in each)
        case Exists(_, _, where):
            return hopeless(where)
        case Apply():
            return _applied(condition)
        case _:
            return lambda context: False


def _is_closed(expression: Expr) -> bool:
    """Say whether the caller and the clock decide alone."""
    return not any(isinstance(node, Field | Exists | Follow) for node in walk(expression))


def _applied(condition: Apply) -> Hopeless:
    """A strict operator is unknown as soon as one argument is, and nothing is in an empty list."""
    listing = condition.operator == "in"
    if not (listing or OPERATORS[condition.operator].strict):
        return lambda context: False
    known = tuple(value(one) for one in condition.arguments if _is_closed(one))
    empty: tuple[Any, ...] = (None, (), []) if listing else (None,)
    return lambda context: any(read(Env({}, context)) in empty for read in known)
