"""The type of what an expression gives.

In charge of reading types off a tree whose leaves know theirs. Must not know SQL, nor check
anything: a tree is made well typed by whoever writes it (`conditions`, `access.language.rules`).
"""

from __future__ import annotations

from jotbase.expression.expr import (
    And,
    Apply,
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
from jotbase.schema.model.tables import Type


def type_of(expression: Expr) -> Type | None:
    """Return the type of the expression's value; None where a leaf does not know its own."""
    match expression:
        case Field() | Literal() | RequestValue() | Fact():
            return expression.type
        case Now(day):
            return Type.DATE if day else Type.TIMESTAMP
        case NewUuid():
            return Type.UUID
        case Apply(operator):
            return OPERATORS[operator].result
        case Follow(_, _, _, _, value):
            return type_of(value)
        case And() | Or() | Not() | Exists():
            return Type.BOOLEAN


def item_of(expression: Expr) -> Type | None:
    """Return the type of an array's items, None for all else and for mixed items."""
    match expression:
        case Field():
            return expression.item
        case Follow(_, _, _, _, value):
            return item_of(value)
        case _:
            return None
