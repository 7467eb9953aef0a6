"""The functions of the rule language: `len`, `lower`, `startswith`, `now`, `today`, and `uuid`.

In charge of their syntax and argument types; `uuid` is for defaults only. Must not know paths,
loops or comparisons.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import NoReturn

from jotbase.access.language.comparisons import WRITTEN, coerced, is_json_path, type_name
from jotbase.access.language.other_languages import hint as hint_of
from jotbase.access.language.paths import suggestion
from jotbase.access.language.syntax_errors import rule_error
from jotbase.expression.expr import Apply, Expr, Fact, Literal, NewUuid, Now
from jotbase.expression.typed import type_of
from jotbase.schema.model.tables import Type

Read = Callable[[ast.expr], Expr]

_ARITY = {"len": 1, "lower": 1, "startswith": 2, "now": 0, "today": 0, "uuid": 0}
_METHODS = ("lower", "startswith")
_OF_AUTH = ("uid", "jwt", "role", "email")
_HINTS = {
    "all": "Write `not any(not (…) for … in …)`.",
    "endswith": "Only startswith is known.",
    "uuid": "uuid() is for defaultExpression.",
}


def call(node: ast.Call, read: Read, *, defaults: bool) -> Expr:
    """Return the expression of a function or method call; `defaults` allows uuid(). Raises
    RuleError.
    """
    match node.func:
        case ast.Name(name):
            arguments = node.args
        case ast.Attribute(value, name) if name in _METHODS:
            arguments = [value, *node.args]
        case ast.Attribute(_, name):
            hint = hint_of(ast.unparse(node)) if name in _OF_AUTH else None
            listed = f"Known: {', '.join(_METHODS)}, get."
            raise rule_error(node, f"unknown method {name!r}", hint or listed)
        case _:
            listed = f"Known: {', '.join(_ARITY)}, any."
            raise rule_error(node, "only functions named here can be called", listed)
    known = [*(key for key in _ARITY if defaults or key != "uuid"), "any"]
    if name not in known:
        hint = _HINTS.get(name) or suggestion(name, known)
        raise rule_error(node, f"unknown function {name!r}", hint)
    if node.keywords or any(isinstance(argument, ast.Starred) for argument in arguments):
        raise rule_error(node, f"{name}() takes plain arguments alone")
    if len(arguments) != _ARITY[name]:
        raise rule_error(node, f"{name}() takes {_ARITY[name]} arguments, not {len(arguments)}")
    return _applied(name, [read(argument) for argument in arguments], node)


def _applied(name: str, arguments: list[Expr], node: ast.Call) -> Expr:
    match name:
        case "now":
            return Now()
        case "today":
            return Now(day=True)
        case "uuid":
            return NewUuid()
        case "len":
            return _length(arguments[0], node)
    return Apply(name, tuple(_text(argument, name, node) for argument in arguments))


def _length(value: Expr, node: ast.Call) -> Expr:
    if type_of(value) is Type.ARRAY:
        return Apply("array_len", (value,))
    return Apply("len", (_text(value, "len", node),))


def _text(value: Expr, name: str, node: ast.Call) -> Expr:
    if isinstance(value, Apply) and is_json_path(value):
        return Apply("json_text", value.arguments)
    if isinstance(value, Fact) and type_of(value) in (None, *WRITTEN):
        return coerced(value, Type.TEXT, node)
    if type_of(value) is not Type.TEXT or (isinstance(value, Literal) and value.value is None):
        _refuse(value, name, node)
    return value


def _refuse(value: Expr, name: str, node: ast.Call) -> NoReturn:
    takes = "text or an array" if name == "len" else "text"
    raise rule_error(node, f"{name}() takes {takes}, not {type_name(value)}")
