"""Coercing facts about a caller to the type that they are compared with; a mismatch gives None.

In charge of converting a token's JSON values to a type. Must not know rules. There is one function
object for each type, so that equal facts compare equal.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from math import isfinite
from typing import Any

from jotbase.errors import RequestError
from jotbase.schema.model.tables import Type
from jotbase.schema.values.convert import EXACT_DIGITS, GREATEST, LEAST, from_text

Reader = Callable[[Any], Any]


def _number(value: Any) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int):
        return value if LEAST <= value <= GREATEST else None
    return value if isfinite(value) else None


def _integer(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number == int(number) else None


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _decimal(value: Any) -> str | None:
    number = _number(value)
    text = value if isinstance(value, str) else None if number is None else repr(number)
    found: str | None = None if text is None else _read(Type.DECIMAL, text)
    if found is None or len(found.lstrip("-").replace(".", "").strip("0")) > EXACT_DIGITS:
        return None
    return found


@lru_cache(maxsize=4096)
@lru_cache(maxsize=4096)
def _read(kind: Type, text: str) -> Any:
    try:
        text.encode()
        return from_text(kind, text)
    except (RequestError, UnicodeEncodeError):
        return None


def identity(value: Any) -> Any:
    """Return the value unchanged."""
    return value


def presence(value: Any) -> bool | None:
    """Return True for every value except null, for `is None` in rules."""
    return None if value is None else True


@cache
def coercer(kind: Type) -> Reader:
    """Return the function that coerces a JSON value to the type; a mismatch gives None."""
    match kind:
        case Type.INTEGER:
            return _integer
        case Type.NUMBER:
            return _number
        case Type.BOOLEAN:
            return _boolean
        case Type.DECIMAL:
            return _decimal
        case Type.JSON:
            return identity
    return lambda value: _read(kind, value) if isinstance(value, str) else None


@cache
def list_coercer(kind: Type) -> Reader:
    """Return the function that coerces a JSON array's items; items of another type are dropped."""
    fit = coercer(kind)

    def read(value: Any) -> tuple[Any, ...] | None:
        if not isinstance(value, list | tuple):
            return None
        return tuple(item for item in map(fit, value) if item is not None)

    return read
