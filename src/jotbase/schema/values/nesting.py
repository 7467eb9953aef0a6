"""The nesting depth of JSON values: one limit for all input.

In charge of the limit and of checking it without recursion. Must not know where a value came from.
The limit is below those of all later consumers: orjson writes 254 levels and reads 1,024, SQLite's
JSON functions allow 1,000, Python's recursion limit is 1,000.
"""

from __future__ import annotations

from typing import Any

import orjson

from jotbase.errors import RequestError

#: The most levels of arrays and objects in a value that is received or stored.
MAX_NESTING = 100
_NESTED = frozenset((dict, list))


def is_deep(value: Any, most: int = MAX_NESTING) -> bool:
    """Whether a JSON value has more than `most` levels of arrays and objects."""
    if type(value) not in _NESTED:
        return False
    level: list[Any] = [value]
    for _ in range(most):
        found: list[Any] = []
        for one in level:
            values = one.values() if type(one) is dict else one
            if not _NESTED.isdisjoint(map(type, values)):
                found.extend(inner for inner in values if type(inner) in _NESTED)
        if not found:
            return False
        level = found
    return True


def check_nesting(value: Any, what: str = "The body") -> None:
    """Raise RequestError 54001 for a JSON value with more than `MAX_NESTING` levels."""
    if is_deep(value):
        raise too_deep(what)


def too_deep(what: str = "The body") -> RequestError:
    """Return the error for a value that is nested too deeply."""
    return RequestError("54001", f"{what} is nested more than {MAX_NESTING} levels deep")


def is_depth_fault(error: orjson.JSONDecodeError) -> bool:
    """Whether orjson refused a JSON text because of its depth, before it was read to the end."""
    return error.msg.startswith("depth limit exceeded")
