"""Equality, order and containment of JSON values, as PostgreSQL's jsonb has them.

In charge of comparing values that are read already. Must not know columns, SQL or requests.
Source: PostgreSQL manual, sections 8.14.3 and 8.14.4.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from jotbase.sql.interruptible import Tick, never_interrupt


class _Null:
    """JSON's null where it is a value: inside a document, unlike SQL's NULL."""


NULL = _Null()


_PLAIN = frozenset({str, int, float})


def equal(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal; true is not 1, and 1.0 is 1."""
    if type(left) in _PLAIN:
        return bool(left == right) and type(right) is not bool
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if _is_list(left) and _is_list(right):
        return len(left) == len(right) and all(map(equal, left, right))
    return bool(left == right)


def compare(left: Any, right: Any) -> int:
    """Return -1, 0 or 1: null < text < number < boolean < array < object; fewer items first.

    An empty array comes before all else, but only where it is the whole value (8.14.4).
    """
    bare = left == [], right == []
    return _sign(bare[1], bare[0]) if any(bare) else _compared(left, right)


def compare_arrays(left: Sequence[Any], right: Sequence[Any]) -> int:
    """Return -1, 0 or 1: item by item, null being the greatest; then the shorter first (9.19)."""
    for one, other in zip(left, right, strict=False):
        missing = one is None, other is None
        found = _sign(*missing) if any(missing) else _compared(one, other)
        if found:
            return found
    return _sign(len(left), len(right))


def _compared(left: Any, right: Any) -> int:
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
    return next((found for found in map(_compared, lefts, rights) if found), 0)


def _spread(pairs: Mapping[str, Any]) -> list[Any]:
    # Keys are kept shorter first (lengthCompareJsonbStringValue in PostgreSQL's jsonb_util.c), and
    # compared as texts (compareJsonbContainers).
    keys = sorted(pairs, key=lambda key: (len(key.encode()), key))
    return [part for key in keys for part in (key, pairs[key])]


def hash_key(value: Any) -> Hashable:
    """Return what is equal for two values exactly where `equal` says that they are."""
    if isinstance(value, bool):
        return (bool, value)
    if isinstance(value, Mapping):
        return (dict, frozenset((name, hash_key(one)) for name, one in value.items()))
    if _is_list(value):
        return (list, *map(hash_key, value))
    scalar: Hashable = None if value is NULL else value
    return scalar


def contains(left: Any, right: Any, tick: Tick = never_interrupt) -> bool:
    """Whether `right` is contained in `left` (jsonb's `@>`).

    `tick` is called in between, and may raise: objects in arrays are compared each with each.
    """
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return all(name in left and contains(left[name], right[name], tick) for name in right)
    if _is_list(left):
        if _is_list(right):
            return _contains_items(left, right, tick)
        # An array may hold a scalar, but not the other way round.
        return not isinstance(right, Mapping) and any(equal(item, right) for item in left)
    return equal(left, right)


def _contains_items(left: Sequence[Any], right: Sequence[Any], tick: Tick) -> bool:
    scalars, nested = set(), list[Any]()
    for item in left:
        if _is_nested(item):
            nested.append(item)
        else:
            scalars.add(hash_key(item))
    for wanted in right:
        if not _is_nested(wanted):
            if hash_key(wanted) not in scalars:
                return False
        elif not any(_holds(item, wanted, tick) for item in nested):
            return False
    return True


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple)


def _holds(item: Any, wanted: Any, tick: Tick) -> bool:
    tick()
    if _is_list(item) != _is_list(wanted):
        return False
    return contains(item, wanted, tick)


def overlaps(left: Sequence[Any], right: Sequence[Any]) -> bool:
    """Whether two arrays have an item in common; null is never common."""
    shared = set(map(hash_key, left)) & set(map(hash_key, right))
    return bool(shared - {None})


def is_one_of(value: Any, options: Sequence[Any]) -> bool:
    """Whether the value is one of the options."""
    wanted = hash_key(value)
    return any(hash_key(option) == wanted for option in options)


def value_at(document: Any, path: Sequence[str | int]) -> Any:
    """Return the value at the end of the path: None if there is none, NULL for JSON's null."""
    for step in path:
        if not _leads(document, step):
            return None
        document = document[step]
    return NULL if document is None else document


def text_at(document: Any, path: Sequence[str | int]) -> str | None:
    """Return the value at the end of the path as text, as `->>` gives it."""
    found = value_at(document, path)
    if found is None or found is NULL:
        return None
    return found if isinstance(found, str) else orjson.dumps(found).decode()


#: Stands between two texts of a document: a word, for PostgreSQL counts one place there
#: (`json_to_tsvector`), and one of three rare ideographs, which nobody looks for.
_BETWEEN = (
    " \N{CJK COMPATIBILITY IDEOGRAPH-2FA1D}" + "\N{CJK COMPATIBILITY IDEOGRAPH-2FA1B}" * 2 + " "
)


def words_of(document: Any) -> str:
    """Return all texts that are values in a document; names, numbers and the like have no words."""
    return _BETWEEN.join(_texts(document))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif _is_list(value):
        for inner in value:
            yield from _texts(inner)


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
