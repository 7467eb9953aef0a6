"""How deeply a JSON value may nest: one limit for every way in.

In charge of the limit and of keeping to it without recursion. Must not know where a value came
from. The limit is below whatever reads a value later: orjson writes 254 levels and reads 1,024,
SQLite's JSON functions take 1,000, Python's own recursion ends near 1,000.
"""

from __future__ import annotations

from typing import Any

import orjson

from jotbase.errors import RequestError

#: How many arrays and objects may stand within each other in what anybody sends or keeps.
MAX_NESTING = 100
_NESTED = frozenset((dict, list))


def is_deep(value: Any, most: int = MAX_NESTING) -> bool:
    """Whether more arrays and objects than the limit stand within each other in a JSON value."""
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
    """Refuse a JSON value that nests too deeply. Raises RequestError 54001."""
    if is_deep(value):
        raise too_deep(what)


def too_deep(what: str = "The body") -> RequestError:
    """Return the error for what nests too deeply."""
    return RequestError("54001", f"{what} is nested more than {MAX_NESTING} levels deep")


def is_depth_fault(error: orjson.JSONDecodeError) -> bool:
    """Whether a JSON text was given up for its depth alone, before its end was seen."""
    return error.msg.startswith("depth limit exceeded")
