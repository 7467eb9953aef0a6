"""Equality, order and containment of JSON values, with the semantics of PostgreSQL's jsonb.

In charge of comparing parsed values. Must not know columns, SQL or requests.
Source: PostgreSQL manual, sections 8.14.3 and 8.14.4.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from jotbase.sql.interruptible import Tick, never_interrupt


class _Null:
    """The type of `NULL`: a JSON null inside a document, as distinct from SQL's NULL (None)."""


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
    """Return -1, 0 or 1: null < string < number < boolean < array < object; fewer items first.

    A top-level empty array sorts before everything else (manual, 8.14.4).
    """
    bare = left == [], right == []
    return _sign(bare[1], bare[0]) if any(bare) else _compare_nested(left, right)


def compare_arrays(left: Sequence[Any], right: Sequence[Any]) -> int:
    """Return -1, 0 or 1 for two arrays: item by item, null greatest, then the shorter first.

    PostgreSQL manual, section 9.19.
    """
    for one, other in zip(left, right, strict=False):
        missing = one is None, other is None
        found = _sign(*missing) if any(missing) else _compare_nested(one, other)
        if found:
            return found
    return _sign(len(left), len(right))


def _compare_nested(left: Any, right: Any) -> int:
    ranks = _rank(left), _rank(right)
    if ranks[0] != ranks[1]:
        return _sign(*ranks)
    if ranks[0] == 0:
        return 0
    if isinstance(left, Mapping):
        return _compare_sequences(_sorted_members(left), _sorted_members(right))
    return _compare_sequences(left, right) if _is_list(left) else _sign(left, right)


def _compare_sequences(lefts: Sequence[Any], rights: Sequence[Any]) -> int:
    if len(lefts) != len(rights):
        return _sign(len(lefts), len(rights))
    return next((found for found in map(_compare_nested, lefts, rights) if found), 0)


def _sorted_members(pairs: Mapping[str, Any]) -> list[Any]:
    # jsonb stores keys sorted by length first (lengthCompareJsonbStringValue in PostgreSQL's
    # jsonb_util.c), and compares them as texts (compareJsonbContainers).
    keys = sorted(pairs, key=lambda key: (len(key.encode()), key))
    return [part for key in keys for part in (key, pairs[key])]


def hash_key(value: Any) -> Hashable:
    """Return a hashable key that is equal for two values if and only if they are `equal`."""
    if isinstance(value, bool):
        return (bool, value)
    if isinstance(value, Mapping):
        return (dict, frozenset((name, hash_key(one)) for name, one in value.items()))
    if _is_list(value):
        return (list, *map(hash_key, value))
    scalar: Hashable = None if value is NULL else value
    return scalar


def contains(left: Any, right: Any, tick: Tick = never_interrupt) -> bool:
    """Whether `left` contains `right` (jsonb's `@>`).

    `tick` is called during the comparison, which is quadratic for arrays of objects.
    """
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return all(name in left and contains(left[name], right[name], tick) for name in right)
    if _is_list(left):
        if _is_list(right):
            return _contains_items(left, right, tick)
        # An array may contain a scalar, but not the other way round (manual, 8.14.3).
        return not isinstance(right, Mapping) and any(equal(item, right) for item in left)
    return equal(left, right)


def _contains_items(left: Sequence[Any], right: Sequence[Any], tick: Tick) -> bool:
    scalars, nested = set(), list[Any]()
    for item in left:
        if _is_nested(item):
            nested.append(item)
        else:
            scalars.add(hash_key(item))
    for required in right:
        if not _is_nested(required):
            if hash_key(required) not in scalars:
                return False
        elif not any(_item_contains(item, required, tick) for item in nested):
            return False
    return True


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple)


def _item_contains(item: Any, required: Any, tick: Tick) -> bool:
    tick()
    if _is_list(item) != _is_list(required):
        return False
    return contains(item, required, tick)


def overlaps(left: Sequence[Any], right: Sequence[Any]) -> bool:
    """Whether two arrays have an item in common; null is never common."""
    shared = set(map(hash_key, left)) & set(map(hash_key, right))
    return bool(shared - {None})


def is_one_of(value: Any, options: Sequence[Any]) -> bool:
    """Whether the value is one of the options."""
    required = hash_key(value)
    return any(hash_key(option) == required for option in options)


def value_at(document: Any, path: Sequence[str | int]) -> Any:
    """Return the value at the path: None if there is none, `NULL` for a JSON null."""
    for step in path:
        if not _has_step(document, step):
            return None
        document = document[step]
    return NULL if document is None else document


def text_at(document: Any, path: Sequence[str | int]) -> str | None:
    """Return the value at the path as text, like `->>`."""
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


def _has_step(document: Any, step: str | int) -> bool:
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
