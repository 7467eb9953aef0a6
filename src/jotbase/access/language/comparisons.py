"""Type checking of comparisons in rules: which types compare, and how operands are coerced.

In charge of giving both operands the same type when a rule is loaded, so that SQL and the in-memory
evaluation cannot differ. Must not know the syntax of rules.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from jotbase.access.language.coercion import coercer, list_coercer
from jotbase.access.language.syntax_errors import rule_error
from jotbase.errors import RequestError
from jotbase.expression.expr import Apply, Expr, Fact, Field, Literal, Now, Or
from jotbase.expression.typed import item_of, type_of
from jotbase.schema.model.tables import RANGES, Type
from jotbase.schema.values.convert import GREATEST, LEAST, from_text

NUMBERS = frozenset({Type.INTEGER, Type.NUMBER, Type.DECIMAL})
#: The types that a text literal in a rule can be coerced to.
WRITTEN = frozenset({Type.TEXT, Type.UUID, Type.TIMESTAMP, Type.DATE, Type.TIME}) | RANGES
_INCOMPARABLE = frozenset({Type.ARRAY, Type.BYTES, Type.JSON})
_NAMES = {
    Type.INTEGER: "a whole number",
    Type.NUMBER: "a number",
    Type.DECIMAL: "a decimal",
    Type.BOOLEAN: "true or false",
    Type.TEXT: "text",
    Type.UUID: "a UUID",
    Type.TIMESTAMP: "a date-time",
    Type.DATE: "a date",
    Type.TIME: "a time",
    Type.BYTES: "bytes",
    Type.JSON: "JSON",
    Type.ARRAY: "an array",
    **dict.fromkeys(RANGES, "a range"),
}


def type_name(expression: Expr) -> str:
    """Return a description of an expression's type, for messages."""
    kind = type_of(expression)
    return "a claim of unknown type" if kind is None else _NAMES[kind]


def typed_comparison(operator: str, left: Expr, right: Expr, node: ast.AST) -> Apply:
    """Return `left operator right` with both operands coerced to one type. Raises RuleError."""
    _refuse_none(left, right, node)
    left, right = unify(left, right, node)
    for side in (left, right):
        if type_of(side) in _INCOMPARABLE and not _is_inside_json(operator, side):
            raise rule_error(
                node,
                f"{type_name(side)} cannot be compared",
                "Use `item in row.column`, `len(row.column)`, or `is None`.",
            )
    return Apply(operator, (left, right))


def _is_inside_json(operator: str, side: Expr) -> bool:
    # A value inside JSON has no static type: it can be compared for equality, but not ordered.
    known = isinstance(side, Literal | Fact) or is_json_path(side)
    return operator in ("eq", "neq") and type_of(side) is Type.JSON and known


def is_json_path(side: Expr) -> bool:
    """Whether the expression is a path into a JSON column."""
    return isinstance(side, Apply) and side.operator == "json_get"


def _refuse_none(left: Expr, right: Expr, node: ast.AST) -> None:
    if any(isinstance(side, Literal) and side.value is None for side in (left, right)):
        raise rule_error(
            node,
            "nothing equals None: the comparison would never be true",
            "Write `is None` or `is not None`.",
        )


def unify(left: Expr, right: Expr, node: ast.AST) -> tuple[Expr, Expr]:
    """Return both operands, a literal or fact coerced to the other's type. Raises RuleError."""
    left_open, right_open = _is_open(left), _is_open(right)
    if left_open and right_open:
        kind = _common(left, right, node)
        return coerced(left, kind, node), coerced(right, kind, node)
    if left_open:
        return coerced(left, _kind(right), node), right
    if right_open:
        return left, coerced(right, _kind(left), node)
    if is_json_path(left) != is_json_path(right):
        return _as_text(left, right), _as_text(right, left)
    _refuse_mixture(left, right, node)
    return left, right


def _is_open(side: Expr) -> bool:
    return isinstance(side, Literal | Fact)


def _kind(side: Expr) -> Type:
    # Only literals, facts and JSON paths have no type of their own.
    return type_of(side) or Type.JSON


def _as_text(side: Expr, other: Expr) -> Expr:
    """Return a path into JSON as text (`->>`) if it is compared with text."""
    if isinstance(side, Apply) and is_json_path(side) and type_of(other) is Type.TEXT:
        return Apply("json_text", side.arguments)
    return side


def _refuse_mixture(left: Expr, right: Expr, node: ast.AST) -> None:
    kinds = {_kind(left), _kind(right)}
    if len(kinds) > 1 and not kinds <= NUMBERS:
        raise type_mismatch(left, right, node)


def type_mismatch(left: Expr, right: Expr, node: ast.AST) -> Exception:
    """Return the error of two types that cannot be compared."""
    hint = "Compare values of one type; a column's type comes from `type` and `format`."
    if {type_of(left), type_of(right)} == {Type.DATE, Type.TIMESTAMP}:
        hint = "today() is the date of now()." if Now() in (left, right) else hint
    return rule_error(
        node, f"{type_name(left)} is compared with {type_name(right)}, which is never true", hint
    )


def _common(left: Expr, right: Expr, node: ast.AST) -> Type:
    """Return the common type of two operands without a type of their own."""
    kinds = [kind for kind in (type_of(left), type_of(right)) if kind is not None]
    if not kinds:
        raise rule_error(
            node,
            "neither side says of which type it is",
            "Compare a claim with a column or a literal.",
        )
    if len(set(kinds)) > 1 and not set(kinds) <= NUMBERS:
        raise type_mismatch(left, right, node)
    return Type.NUMBER if set(kinds) <= NUMBERS else kinds[0]


def coerced(side: Expr, kind: Type, node: ast.AST) -> Expr:
    """Return a literal or fact coerced to the type. Raises RuleError if that is never possible."""
    if isinstance(side, Fact):
        readable = side.type is None or kind in WRITTEN or kind is Type.JSON
        if side.type is Type.ARRAY or not readable:
            raise type_mismatch(side, Literal(None, kind), node)
        return Fact(side.path, coercer(kind), kind)
    if isinstance(side, Literal):
        return _settled_literal(side, kind, node)
    return side


def _settled_literal(side: Literal, kind: Type, node: ast.AST) -> Literal:
    value, own = side.value, side.type
    if own is kind or kind is Type.JSON:
        return Literal(value, kind)
    if own in NUMBERS and kind in NUMBERS:
        return Literal(str(value), kind) if kind is Type.DECIMAL else side
    if own is not Type.TEXT or kind not in WRITTEN | {Type.DECIMAL}:
        raise type_mismatch(side, Literal(None, kind), node)
    try:
        return Literal(from_text(kind, value), kind)
    except RequestError as error:
        raise rule_error(node, f"{value!r} is not {_NAMES[kind]}: {error.message}") from error


def literal(value: Any, node: ast.AST) -> Literal:
    """Return a constant of a rule. Raises RuleError for a value that no column can hold."""
    if value is None:
        return Literal(None)
    if isinstance(value, bool):
        return Literal(value, Type.BOOLEAN)
    if isinstance(value, int):
        if not LEAST <= value <= GREATEST:
            raise rule_error(node, "the number does not fit 64 bits")
        return Literal(value, Type.INTEGER)
    if isinstance(value, float) and abs(value) != float("inf"):
        return Literal(value, Type.NUMBER)
    if isinstance(value, str):
        _refuse_odd_text(value, node)
        return Literal(value, Type.TEXT)
    raise rule_error(node, f"{value!r} is no value of JSON")


def _refuse_odd_text(value: str, node: ast.AST) -> None:
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise rule_error(node, "text cannot hold U+0000 or half of a surrogate pair")


def in_options(left: Expr, options: Sequence[Expr], node: ast.AST) -> Expr:
    """Return `left in [options]`. Raises RuleError."""
    if not options:
        raise rule_error(node, "nothing is in an empty list")
    pairs = [typed_comparison("eq", left, option, node).arguments for option in options]
    lefts, rights = zip(*pairs, strict=True)
    if len(set(lefts)) > 1:
        raise type_mismatch(rights[0], rights[-1], node)
    values = tuple(right.value for right in rights if isinstance(right, Literal))
    if len(values) == len(rights):
        return Apply("in", (lefts[0], Literal(values, type_of(rights[0]))))
    equal = tuple(Apply("eq", pair) for pair in pairs)
    return Or(equal) if len(equal) > 1 else equal[0]


def in_array(left: Expr, right: Expr, node: ast.AST) -> Expr:
    """Return `left in right` for a list fact or an array column. Raises RuleError."""
    _refuse_none(left, left, node)
    if isinstance(right, Fact):
        return _inside_fact(left, right, node)
    if type_of(right) is not Type.ARRAY:
        raise rule_error(
            node,
            f"`in` looks into a list, not into {type_name(right)}",
            "Write a list such as ['a', 'b'], user.roles, a claim, or an array column.",
        )
    item = item_of(right)
    if item is None or item in _INCOMPARABLE:
        raise rule_error(
            node,
            "`in` needs an array whose items have one simple type",
            'Say it in the schema: "items": {"type": "string"}.',
        )
    held, _ = unify(left, Field("", "items", item), node)
    return Apply("holds", (right, held))


def _inside_fact(left: Expr, right: Fact, node: ast.AST) -> Expr:
    if right.type not in (None, Type.ARRAY):
        raise rule_error(node, f"`in` looks into a list, not into user.{right.path[0]}")
    if isinstance(left, Apply) and is_json_path(left):
        left = Apply("json_text", left.arguments)
    kind = type_of(left) or (Type.TEXT if right.type is Type.ARRAY else None)
    if kind is None:
        raise rule_error(
            node,
            "neither side says of which type it is",
            "Compare a claim with a column or a literal.",
        )
    if kind in _INCOMPARABLE or (right.type is Type.ARRAY and kind not in WRITTEN):
        raise type_mismatch(left, Literal(None, Type.TEXT), node)
    return Apply("in", (coerced(left, kind, node), Fact(right.path, list_coercer(kind), kind)))
