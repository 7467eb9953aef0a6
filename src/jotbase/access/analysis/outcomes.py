"""The possible outcomes of a rule for a kind of caller, over all rows: true, false or unknown.

In charge of a static analysis (abstract interpretation in three-valued logic) that errs on one
side only: an outcome that no row gives may be reported, but no real outcome is left out. Must not
know what is advised (`advice`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

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
    Not,
    Now,
    Or,
    walk,
)
from jotbase.expression.judge import Env, judge
from jotbase.expression.operators import OPERATORS
from jotbase.values import ANON, AUTHENTICATED, Principal

Outcomes = frozenset[bool | None]

_ALL: Outcomes = frozenset((True, False, None))
_UNKNOWN: Outcomes = frozenset((None,))
_NO: Outcomes = frozenset((False,))
_EITHER: Outcomes = frozenset((True, False))
_EQUAL = frozenset({"eq", "in", "holds"})


@dataclass(frozen=True, slots=True)
class CallerKind:
    """A kind of caller. `owns` says that the row may belong to the caller; rows of other tables are
    then not taken to do so.
    """

    principal: Principal
    owns: bool = False


#: A caller without a token; an authenticated one whom no row names; one whom the current row alone
#: names; one who signed in without an address.
VISITOR = CallerKind(Principal(ANON, None, None))
STRANGER = CallerKind(
    Principal(AUTHENTICATED, "00000000-0000-4000-8000-000000000000", "nobody@nowhere.invalid")
)
OWNER = CallerKind(STRANGER.principal, owns=True)
UNPROVEN = CallerKind(
    Principal(AUTHENTICATED, STRANGER.principal.id, claims={"is_anonymous": True, "email": ""})
)


def may_be_true(expression: Expr, caller: CallerKind) -> bool:
    """Return whether a rule may be true for such a caller."""
    return True in possible_outcomes(expression, caller)


def possible_outcomes(expression: Expr, caller: CallerKind) -> Outcomes:
    """Return every value that the expression may have."""
    match expression:
        case Literal(value):
            return frozenset((value,)) if value in (True, False, None) else _ALL
        case And(parts):
            return _joined([possible_outcomes(part, caller) for part in parts], by=False)
        case Or(parts):
            return _joined([possible_outcomes(part, caller) for part in parts], by=True)
        case Not(part):
            return frozenset(
                None if one is None else not one for one in possible_outcomes(part, caller)
            )
        case Exists(where=where):
            if caller.owns and any(isinstance(node, Fact) for node in walk(where)):
                return _NO
            return _EITHER if True in possible_outcomes(where, caller) else _NO
        case Follow(value=value):
            return possible_outcomes(value, CallerKind(caller.principal)) | _UNKNOWN
        case Fact() if caller.principal.role == ANON or not is_self_written(expression):
            result = expression.fill(Context(caller.principal))
            return frozenset((result,)) if result in (True, False, None) else _ALL
        case Apply():
            return _applied(expression, caller)
    return _ALL


def _joined(parts: Iterable[Outcomes], *, by: bool) -> Outcomes:
    found: Outcomes = frozenset((not by,))
    for part in parts:
        found = frozenset(_pair(one, other, by=by) for one in found for other in part)
    return found


def _pair(one: bool | None, other: bool | None, *, by: bool) -> bool | None:
    if by in (one, other):
        return by
    return None if None in (one, other) else not by


def is_self_written(fact: Fact) -> bool:
    """Return whether the caller can set the fact itself (`user_metadata`)."""
    return fact.path[:2] == ("claims", "user_metadata")


def _applied(expression: Apply, caller: CallerKind) -> Outcomes:
    """Return the possible results of an operator: any for a row's values, the actual one
    for facts.
    """
    inner = list(walk(expression))
    facts_used = [node for node in inner if isinstance(node, Fact)]
    signed_in = caller.principal.role != ANON
    if any(isinstance(node, Now) for node in inner):
        return _ALL
    if signed_in and any(map(is_self_written, facts_used)):
        return _ALL
    if not any(isinstance(node, Field | Exists | Follow) for node in inner):
        result = _judged(expression)(caller.principal)
        return frozenset((result,))
    if not facts_used:
        return _ALL
    context = Context(caller.principal)
    if OPERATORS[expression.operator].strict and any(
        fact.fill(context) is None for fact in facts_used
    ):
        return _UNKNOWN
    if expression.operator == "neq":
        return frozenset((True, None))
    followed = any(isinstance(node, Exists | Follow) for node in inner)
    if expression.operator in _EQUAL and (followed or not caller.owns):
        return frozenset((False, None))
    return _ALL


def _judged(expression: Apply) -> Callable[[Principal], bool | None]:
    result = judge(expression)
    return lambda principal: result(Env({}, Context(principal)))
