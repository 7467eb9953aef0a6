"""Parsing a call's arguments for its function: from the query string, JSON, a form or text.

In charge of arguments' canonical values and of their faults. Must not run a function.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from jotbase.errors import RequestError
from jotbase.query.plan.functions import (
    UNNAMED,
    WHOLE_JSON,
    Function,
    Functions,
    Parameter,
    check_caller,
    resolve_overload,
)
from jotbase.query.request.body import Cell, read_json
from jotbase.query.request.intent import Intent, Placeholder
from jotbase.query.request.media import unaccepted_body
from jotbase.query.request.shape import decoded
from jotbase.schema.model.tables import Type
from jotbase.schema.values.convert import from_text
from jotbase.schema.values.integers import whole
from jotbase.schema.values.nesting import check_nesting
from jotbase.schema.values.zones import value_in_zone
from jotbase.values import Principal

Pairs = Sequence[tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class Call:
    """A resolved function with its arguments by name."""

    function: Function
    arguments: Mapping[str, Any]


def read_call(
    functions: Functions, intent: Intent, values: Sequence[str], body: bytes, caller: Principal
) -> Call:
    """Return the function that a request calls, and with what.

    Raises AccessError 42501 for one that the caller may not call, before its arguments are looked
    at: what is wrong with those would tell what it takes. Raises RequestError: PGRST102, PGRST202,
    PGRST203; 22P02 and the like for values that cannot be read; 23514 for those that JSON Schema
    refuses.
    """
    form, pairs, whole = _given(intent, values, body)
    names = None if pairs is None else list(dict.fromkeys(name for name, _ in pairs))
    function = resolve_overload(functions, intent.target, names, form, caller)
    check_caller(function, caller)
    if function.whole is not None:
        arguments = _unnamed(function.whole, form, pairs, whole)
    else:
        zone = intent.preferences.timezone
        arguments = _arguments(function, pairs or (), zone)
    faults = function.faults(arguments)
    if faults:
        raise RequestError(
            "23514",
            f'arguments of function "{function.name}" violate its JSON Schema',
            details=faults,
            hint="Each entry of details names the place (JSON pointer) and the keyword that"
            " failed.",
        )
    return Call(function, arguments)


def _given(intent: Intent, values: Sequence[str], body: bytes) -> tuple[str, Pairs | None, Any]:
    """Return (the body's format, "" for none; arguments by name; the whole body)."""
    if intent.by_query:
        return "", [(name, _text(operand, values)) for name, operand in intent.arguments], None
    match intent.content:
        case "form":
            return "form", _form(body), None
        case "text" | "xml":
            return intent.content, None, _utf8(body)
        case "bytes":
            return "bytes", None, base64.b64encode(body).decode()
        case "csv":
            raise unaccepted_body("text/csv")
    document = read_json(body) if body.strip() else {}
    if isinstance(document, dict | list):
        check_nesting(document)
    first = document[0] if isinstance(document, list) and document else document
    if not isinstance(first, dict):
        return "json", None if document != [] else (), document
    kept = first if intent.columns is None else _only(first, intent.columns)
    return "json", list(kept.items()), document


def _only(found: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    wanted = set(names)
    return {name: value for name, value in found.items() if name in wanted}


def _text(operand: Placeholder | str, values: Sequence[str]) -> Cell:
    return Cell(values[operand.index] if isinstance(operand, Placeholder) else operand)


def _utf8(body: bytes) -> Cell:
    try:
        return Cell(body.decode())
    except UnicodeDecodeError as error:
        raise RequestError("PGRST102", "The body is not valid UTF-8") from error


def _form(body: bytes) -> Pairs:
    pieces = (piece.partition("=") for piece in _utf8(body).strip().split("&") if piece)
    return [(decoded(name), Cell(decoded(text))) for name, _, text in pieces]


def _arguments(function: Function, pairs: Pairs, zone: str | None) -> dict[str, Any]:
    """Return arguments by name; the last of several with one name wins.

    A time without an offset is one of the zone.
    """
    found: dict[str, Any] = {}
    for parameter in function.parameters:
        given = [value for name, value in pairs if name == parameter.name]
        if not given:
            continue
        if zone is not None:
            given = [_in_zone(parameter, value, zone) for value in given]
        if parameter.variadic and isinstance(given[0], Cell) and not given[0].startswith("{"):
            found[parameter.name] = [_item(parameter, one) for one in given]
        else:
            found[parameter.name] = read_value(parameter, given[-1])
    return found


def _in_zone(parameter: Parameter, value: Any, zone: str) -> Any:
    if parameter.variadic and isinstance(value, Cell) and not value.startswith("{"):
        found = value_in_zone(parameter.item or Type.TEXT, None, value, zone)
    else:
        found = value_in_zone(parameter.type, parameter.item, value, zone)
    return Cell(found) if isinstance(value, Cell) else found


def _item(parameter: Parameter, cell: Cell) -> Any:
    return from_text(parameter.item or Type.TEXT, str(cell))


def _unnamed(parameter: Parameter, form: str, pairs: Pairs | None, whole: Any) -> dict[str, Any]:
    """Return the argument of a parameter without a name: the body, or in JSON the one under ""."""
    if form in ("text", "xml", "bytes") or (form and parameter.type in WHOLE_JSON):
        return {parameter.name: _whole(parameter, whole)}
    given = dict(pairs or ())
    return {parameter.name: read_value(parameter, given[UNNAMED])} if UNNAMED in given else {}


def _whole(parameter: Parameter, whole: Any) -> Any:
    return str(whole) if isinstance(whole, Cell) else whole


def read_value(parameter: Parameter, value: Any) -> Any:
    """Return a value as the parameter takes it; text is read as PostgreSQL reads it.

    Raises RequestError 22P02, 22003, 22007, 22008.
    """
    kind = parameter.type
    if value is None:
        return None
    if isinstance(value, str):
        if kind is Type.TEXT or (kind is Type.JSON and not isinstance(value, Cell)):
            return str(value)
        return _from_text(parameter, str(value))
    if kind is Type.TEXT:
        return value if isinstance(value, str) else orjson.dumps(value).decode()
    if kind is Type.ARRAY:
        if not isinstance(value, list):
            raise RequestError("22P02", f'malformed array literal: "{_shown(value)}"')
        item = Parameter("", parameter.item or Type.JSON)
        return [read_value(item, one) for one in value]
    if kind is Type.JSON:
        return value
    return _plain(kind, value)


def _from_text(parameter: Parameter, text: str) -> Any:
    if parameter.type is Type.ARRAY and text.lstrip().startswith("["):
        return read_value(parameter, from_text(Type.JSON, text))
    return from_text(parameter.type, text, parameter.item)


def _plain(kind: Type, value: Any) -> Any:
    """Return a JSON number, boolean or document as the type that is asked for."""
    fitting = {Type.BOOLEAN: bool, Type.INTEGER: int}.get(kind)
    if type(value) is fitting:
        return value
    if kind is Type.NUMBER and type(value) in (int, float):
        return value
    if kind is Type.INTEGER and type(value) is float and value.is_integer():
        return whole(value)  # 1e3 is an integer, as of JSON Schema's
    return from_text(kind, _shown(value))


def _shown(value: Any) -> str:
    return orjson.dumps(value).decode()
