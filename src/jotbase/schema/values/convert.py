"""Converting values between three forms: text as in a URL, canonical JSON, and stored in a
database.

In charge of each type's forms and of PostgreSQL's error messages for values that have none. Must
not know where a value came from or its column's schema (`schema.rows`).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, cast
from uuid import UUID

import orjson

from jotbase.errors import RequestError
from jotbase.schema.model.tables import RANGES, Column, Type
from jotbase.schema.values import ranges, times
from jotbase.schema.values.array_literals import literal_items
from jotbase.schema.values.integers import refuse_inexact, whole
from jotbase.schema.values.nesting import MAX_NESTING, is_depth_fault, too_deep
from jotbase.sql.dialect import SQLITE, Dialect

#: SQL's names of the types, for error messages.
TYPE_NAMES: Mapping[Type, str] = {
    Type.INTEGER: "integer",
    Type.NUMBER: "double precision",
    Type.DECIMAL: "numeric",
    Type.BOOLEAN: "boolean",
    Type.TEXT: "text",
    Type.UUID: "uuid",
    Type.TIMESTAMP: "timestamp with time zone",
    Type.DATE: "date",
    Type.TIME: "time",
    Type.BYTES: "bytea",
    Type.JSON: "json",
    Type.ARRAY: "json",
    **{kind: kind.value for kind in RANGES},
}

LEAST, GREATEST = -(2**63), 2**63 - 1

#: How many significant digits SQLite's NUMERIC affinity preserves (sqlite.org/datatype3.html, 3).
EXACT_DIGITS = 15
#: The largest decimal exponent of such a decimal: doubles reach 1.8e308, and are normal from
#: 2.3e-308.
EXACT_EXPONENT = 300
_LARGEST_EXPONENT = 1000

_INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*")
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?", re.ASCII)
_UUID = re.compile(r"\{?[0-9a-fA-F]{4}(?:-?[0-9a-fA-F]{4}){7}\}?")
_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")
_NUL = "\x00"


def from_text(kind: Type, text: str, item: Type | None = None) -> Any:
    """Return the canonical value of a text in the input syntax of PostgreSQL's type.

    `item` is the type of an array's items. Raises RequestError 22P02, 22003, 22007, 22008 or 22P05.
    """
    if _NUL in text:
        raise nul_error()
    if kind is Type.ARRAY:
        return _array(text, item)
    return _READERS[kind](text)


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise _syntax(Type.INTEGER, text)
    if len(text) > 100:
        raise _range(f'value "{text[:100]}..."', "bigint")
    return in_range(int(text))


def in_range(value: int) -> int:
    """Return the integer if it fits in 64 bits. Raises RequestError 22003."""
    if not LEAST <= value <= GREATEST:
        raise _range(f'value "{value}"', "bigint")
    return value


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise _syntax(Type.NUMBER, text)
    return _finite(float(text), text)


def _finite(value: float, text: str) -> float:
    if value in (float("inf"), float("-inf")):
        raise RequestError("22003", f'"{text[:100]}" is out of range for type double precision')
    return value


def _decimal(text: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise _syntax(Type.DECIMAL, text)
    return canonical_decimal(text)


def canonical_decimal(text: str) -> str:
    """Return a decimal's text in canonical form: no exponent, no leading or trailing zeros.

    Raises RequestError 22003 for more than a thousand digits before or after the point.
    """
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise _syntax(Type.DECIMAL, text) from error
    if not value:
        return "0"
    _, digits, exponent = value.as_tuple()
    places = cast("int", exponent)
    if len(digits) > _LARGEST_EXPONENT or abs(places) > _LARGEST_EXPONENT:
        raise RequestError("22003", "value overflows numeric format")
    plain = format(value, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _boolean(text: str) -> bool:
    """Parse a boolean: its words and their unambiguous prefixes (PostgreSQL manual, 8.6)."""
    word = text.strip().lower()
    for words, value in ((_TRUE, True), (_FALSE, False)):
        if any(word and known.startswith(word) and word != "o" for known in words):
            return value
    raise _syntax(Type.BOOLEAN, text)


def _uuid(text: str) -> str:
    word = text.strip()
    if not _UUID.fullmatch(word) or word.startswith("{") != word.endswith("}"):
        raise _syntax(Type.UUID, text)
    return str(UUID(word.strip("{}").replace("-", "")))


def _bytes(text: str) -> str:
    r"""Parse bytes: PostgreSQL's hex format `\x00ff`, or base64 as in JSON."""
    try:
        if text.startswith("\\x"):
            return base64.b64encode(bytes.fromhex(text[2:])).decode()
        return _base64(text)
    except ValueError as error:
        raise _syntax(Type.BYTES, text) from error


def _base64(text: str) -> str:
    return base64.b64encode(base64.b64decode(text, validate=True)).decode()


def _json(text: str) -> Any:
    value = _parsed(text)
    refuse_inexact(text.encode())
    return value


def _parsed(text: str) -> Any:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if is_depth_fault(error):
            raise too_deep("The value") from error
        raise RequestError(
            "22P02",
            "invalid input syntax for type json",
            details=f"line {error.lineno}, column {error.colno}: {error.msg.partition(':')[0]}",
        ) from error
    refuse_unstorable(value)
    return value


def _array(text: str, item: Type | None) -> list[Any]:
    """Parse an array: JSON, or PostgreSQL's literal `{a,b}` (manual, 8.15.2).

    In a literal without an item type, such as `{1,a}`, items that look like JSON numbers are
    numbers.
    """
    if text.lstrip().startswith("{"):
        return [_item(one, item) for one in literal_items(text)]
    value = _parsed(text) if item in (Type.NUMBER, Type.DECIMAL) else _json(text)
    if not isinstance(value, list):
        raise RequestError("22P02", f'malformed array literal: "{text[:100]}"')
    return [_canonical_item(one, item) for one in value]


def _item(text: str | None, item: Type | None) -> Any:
    if text is None:
        return None
    if item is None:
        return orjson.loads(text) if _JSON_NUMBER.fullmatch(text) else text
    return _canonical_item(from_text(item, text), item)


_BOUNDS: Mapping[Type, Callable[[str], Any]] = {
    Type.INT4RANGE: _integer,
    Type.INT8RANGE: _integer,
    Type.NUMRANGE: _decimal,
    Type.TSRANGE: times.local,
    Type.TSTZRANGE: lambda text: times.timestamp(text).replace("T", " ").removesuffix(":00"),
    Type.DATERANGE: times.day,
}
_RANGES: Mapping[Type, Callable[[str], str]] = {
    kind: partial(ranges.canonical, kind, read) for kind, read in _BOUNDS.items()
}

_READERS: Mapping[Type, Callable[[str], Any]] = {
    Type.INTEGER: _integer,
    Type.NUMBER: _number,
    Type.DECIMAL: _decimal,
    Type.BOOLEAN: _boolean,
    Type.TEXT: str,
    Type.UUID: _uuid,
    Type.TIMESTAMP: times.timestamp,
    Type.DATE: times.day,
    Type.TIME: times.clock,
    Type.BYTES: _bytes,
    Type.JSON: _json,
    **_RANGES,
}


def _syntax(kind: Type, text: str) -> RequestError:
    return RequestError(
        "22P02", f'invalid input syntax for type {TYPE_NAMES[kind]}: "{text[:200]}"'
    )


def _range(what: str, name: str) -> RequestError:
    return RequestError("22003", f"{what} is out of range for type {name}")


def nul_error() -> RequestError:
    """Return PostgreSQL's error for U+0000, which its type text cannot hold."""
    return RequestError(
        "22P05",
        "unsupported Unicode escape sequence",
        details="\\u0000 cannot be converted to text.",
    )


def refuse_unstorable(value: Any, room: int = MAX_NESTING) -> None:
    """Check that a JSON column can hold a value.

    Raises RequestError: 22P05 for U+0000 (in keys too), 22003 for an integer beyond 64 bits, 54001
    for more than `room` levels of nesting.
    """
    if isinstance(value, str):
        if _NUL in value:
            raise nul_error()
    elif isinstance(value, dict | list):
        if not room:
            raise too_deep("The value")
        if isinstance(value, dict):
            for key in value:
                refuse_unstorable(key)
        for inner in value.values() if isinstance(value, dict) else value:
            refuse_unstorable(inner, room - 1)
    elif isinstance(value, int):
        in_range(value)


def canonical(column: Column, value: Any) -> Any:
    """Return a JSON value, valid under the column's schema, in canonical form; null stays null.

    Raises RequestError 22003, 22008, 22P05, or 22P02 for malformed base64.
    """
    if value is None:
        return None
    if column.type is Type.ARRAY:
        items = [_canonical_item(one, column.item) for one in value]
        refuse_unstorable(items)
        return items
    return _CANONICAL[column.type](value)


def _canonical_item(value: Any, item: Type | None) -> Any:
    if value is None or item is None or isinstance(value, list | dict):
        return value
    if item is Type.DECIMAL:
        return _number_of(stored(item, _CANONICAL[item](value), SQLITE))
    if isinstance(value, str) != (item in _TEXTUAL):
        return value
    return _CANONICAL[item](value)


def _number_of(text: str) -> float:
    """Return a decimal as a JSON number: a double preserves the digits that a decimal may have."""
    whole = "." not in text and LEAST <= int(text) <= GREATEST
    return int(text) if whole else float(text)


_TEXTUAL = frozenset({Type.TEXT, Type.UUID, Type.TIMESTAMP, Type.DATE, Type.TIME, Type.BYTES})


def _real(value: float) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise _range("value", "double precision") from error


def _text(value: str) -> str:
    if _NUL in value:
        raise nul_error()
    return value


def _any(value: Any) -> Any:
    refuse_unstorable(value)
    return value


_CANONICAL: Mapping[Type, Callable[[Any], Any]] = {
    Type.INTEGER: lambda value: in_range(whole(value)),
    Type.NUMBER: _real,
    Type.DECIMAL: lambda value: _decimal(value if isinstance(value, str) else repr(value)),
    Type.BOOLEAN: bool,
    Type.TEXT: _text,
    Type.UUID: str.lower,
    Type.TIMESTAMP: times.rfc3339,
    Type.DATE: times.day,
    Type.TIME: times.clock,
    Type.BYTES: _bytes,
    Type.JSON: _any,
    **_RANGES,
}


def stored(kind: Type, value: Any, dialect: Dialect) -> Any:
    """Return the value that the engine binds for a canonical value.

    Raises RequestError 22003 for a decimal with more digits than SQLite preserves.
    """
    if value is None:
        return value
    match kind:
        case Type.BOOLEAN:
            return int(value) if dialect.name == "sqlite" else bool(value)
        case Type.JSON | Type.ARRAY:
            return orjson.dumps(value).decode()
        case Type.BYTES:
            return base64.b64decode(value)
        case Type.DECIMAL:
            return _short_enough(value) if dialect.name == "sqlite" else value
    return value


def _short_enough(text: str) -> str:
    digits = text.lstrip("-").replace(".", "").strip("0")
    if len(digits) > EXACT_DIGITS:
        raise RequestError(
            "22003",
            "numeric field overflow",
            details=f"The embedded database keeps {EXACT_DIGITS} digits of a decimal exactly.",
            hint="Round the value, or keep it in a string without a format.",
        )
    if digits and abs(Decimal(text).adjusted()) > EXACT_EXPONENT:
        raise RequestError(
            "22003",
            "numeric field overflow",
            details=f"The embedded database keeps decimals up to 1e{EXACT_EXPONENT}.",
        )
    return text


def loaded(kind: Type, value: Any, dialect: Dialect) -> Any:
    """Return the canonical value of a value that the engine read.

    A value that another program stored in another form is returned unchanged.
    """
    if value is None:
        return value
    match kind:
        case Type.BOOLEAN:
            return bool(value) if value in (0, 1) else value
        case Type.JSON | Type.ARRAY:
            return orjson.loads(value) if isinstance(value, str) else value
        case Type.BYTES:
            return base64.b64encode(value).decode() if isinstance(value, bytes) else value
        case Type.DECIMAL:
            return value if isinstance(value, str) else canonical_decimal(repr(value))
    return value
