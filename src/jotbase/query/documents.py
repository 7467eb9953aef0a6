"""Equality, order and containment of JSON values, as PostgreSQL's jsonb has them.

In charge of comparing values that are read already. Must not know columns, SQL or requests.
Source: PostgreSQL manual, sections 8.14.3 and 8.14.4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson


class _Null:
    """JSON's null where it is a value: inside a document, unlike SQL's NULL."""


NULL = _Null()


_PLAIN = frozenset({str, int, float})


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal; true is not 1, and 1.0 is 1."""
    if type(left) in _PLAIN:
        return bool(left == right) and type(right) is not bool
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if _is_list(left) and _is_list(right):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def compare(left: Any, right: Any) -> int:
    """Return -1, 0 or 1: null < text < number < boolean < array < object; fewer items first."""
    ranks = _rank(left), _rank(right)
    if ranks[0] != ranks[1]:
        return _sign(*ranks)
    if ranks[0] == 0:
        return 0
    if isinstance(left, Mapping):
        return _in_turn(_spread(left), _spread(right))
    return _in_turn(left, right) if _is_list(left) else _sign(left, right)


def _in_turn(lefts: Sequence[Any], rights: Sequence[Any]) -> int:
    if len(lefts) != len(rights):
        return _sign(len(lefts), len(rights))
    return next((found for found in map(compare, lefts, rights) if found), 0)


def _spread(pairs: Mapping[str, Any]) -> list[Any]:
    # Shorter keys come first (PostgreSQL's jsonb_util.c, lengthCompareJsonbStringValue).
    keys = sorted(pairs, key=lambda key: (len(key), key))
    return [part for key in keys for part in (len(key), key, pairs[key])]


def contains(left: Any, right: Any) -> bool:
    """Whether `right` is contained in `left` (jsonb's `@>`)."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return all(key in left and contains(left[key], right[key]) for key in right)
    if _is_list(left):
        if _is_list(right):
            return all(any(_holds(item, wanted) for item in left) for wanted in right)
        # An array may hold a scalar, but not the other way round.
        return not isinstance(right, Mapping) and any(same(item, right) for item in left)
    return same(left, right)


def _holds(item: Any, wanted: Any) -> bool:
    if _is_list(item) != _is_list(wanted):
        return False
    return contains(item, wanted)


def overlaps(left: Sequence[Any], right: Sequence[Any]) -> bool:
    """Whether two arrays have an item in common; null is never common."""
    return any(item is not None and any(same(item, other) for other in right) for item in left)


def at(document: Any, path: Sequence[str | int]) -> Any:
    """Return the value at the end of the path: None if there is none, NULL for JSON's null."""
    for step in path:
        if not _leads(document, step):
            return None
        document = document[step]
    return NULL if document is None else document


def text_at(document: Any, path: Sequence[str | int]) -> str | None:
    """Return the value at the end of the path as text, as `->>` gives it."""
    found = at(document, path)
    if found is None or found is NULL:
        return None
    return found if isinstance(found, str) else orjson.dumps(found).decode()


def _leads(document: Any, step: str | int) -> bool:
    if isinstance(step, str):
        return isinstance(document, Mapping) and step in document
    return _is_list(document) and -len(document) <= step < len(document)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _rank(value: Any) -> int:
    if value is None or value is NULL:
        return 0
    if isinstance(value, str):
        return 1
    if isinstance(value, bool):
        return 3
    if _is_list(value):
        return 4
    return 5 if isinstance(value, Mapping) else 2


def _sign(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)
