"""The length of a value's JSON text, found without making it: what code returned is bounded first.

In charge of the limit, and of values that are small in memory and not as a text: one list that
stands a thousand times in another, itself or as part of it, and iterators that never end. Must not
know where a value came from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson

from jotbase.errors import JotError

#: The most characters of JSON that a function's result becomes.
MOST_JSON = 64 << 20
#: The most items that are taken from what a function returned as a list: it may be an iterator.
MOST_ITEMS = 1_000_000
#: What is encoded at a time: a millisecond or two.
PIECE = 1 << 20
#: orjson writes 254 levels.
_DEEPEST = 254

_FLAT = 8
_FLAT_TYPES = frozenset((int, float, bool, type(None)))
#: An integer's and a decimal's digits are fewer than this times the bytes that they take.
_DIGITS = 3


def listed(items: Iterable[Any]) -> list[Any]:
    """Return the items as a list. Raises JotError 54000 for more than `MOST_ITEMS`."""
    if type(items) is list and len(items) <= MOST_ITEMS:
        return items
    found: list[Any] = []
    for item in items:
        if len(found) == MOST_ITEMS:
            raise too_large(f"{MOST_ITEMS} items")
        found.append(item)
    return found


def check_length(value: Any, most: int = MOST_JSON) -> int:
    """Return about how long the value's JSON is. Raises JotError 54000 beyond the limit, and
    TypeError for what holds itself or is nested too deeply.
    """
    length = _length(value, {}, 0)
    if length > most:
        raise too_large(f"{most} characters of JSON")
    return length


def written(value: Any, encode: Callable[[Any], bytes], most: int = MOST_JSON) -> bytes:
    """Return the value's JSON, in pieces of about `PIECE`: `encode` keeps the interpreter's lock.

    Raises what `check_length` does.
    """
    if check_length(value, most) <= PIECE:
        return encode(value)
    if type(value) is list and value:
        return b"[%b]" % b",".join(encode(some)[1:-1] for some in _groups(value, most))
    if type(value) is dict:
        pairs = (encode({name: None})[1:-5] + written(value[name], encode, most) for name in value)
        return b"{%b}" % b",".join(pairs)
    return encode(value)


def _groups(items: list[Any], most: int) -> Iterator[list[Any]]:
    group: list[Any] = []
    length = 0
    for item in items:
        length += check_length(item, most)
        group.append(item)
        if length > PIECE:
            yield group
            group, length = [], 0
    if group:
        yield group


def too_large(limit: str) -> JotError:
    """Return the refusal of a result that is too large."""
    return JotError(
        "54000",
        "The function returned too much",
        details=f"The limit is {limit}.",
        hint="Return fewer rows at a time.",
    )


def _length(value: Any, known: dict[int, int], level: int) -> int:
    """Return the length; each list and dict is measured once, wherever it stands."""
    kind = type(value)
    if kind is str:
        return len(value) + 2
    if kind in _FLAT_TYPES:
        return _FLAT
    if isinstance(value, dict | list | tuple | set | frozenset):
        return _of_container(value, known, level)
    if isinstance(value, str):
        return len(value) + 2
    if isinstance(value, orjson.Fragment):
        return len(orjson.dumps(value))
    if isinstance(value, bytes):
        return 2 * len(value) + 4
    held = getattr(value, "__dict__", None)  # a dataclass, an enumeration's member
    own = _length(held, known, level + 1) if isinstance(held, dict) else 0
    size: int = value.__sizeof__()
    return own + _DIGITS * size


def _of_container(value: Any, known: dict[int, int], level: int) -> int:
    place = id(value)
    if (length := known.get(place)) is not None:
        if length < 0:
            raise TypeError("a value holds itself")
        return length
    if level > _DEEPEST:
        raise TypeError(f"a value is nested more than {_DEEPEST} levels deep")
    known[place] = -1
    items: Iterable[Any]
    if isinstance(value, dict):
        names, items = dict.keys(value), dict.values(value)
        length = 2 + sum(len(one) + 3 if type(one) is str else one.__sizeof__() for one in names)
    else:
        # The class's own iterator: that of a subclass is the project's code.
        base = next(one for one in (list, tuple, set, frozenset) if isinstance(value, one))
        length, items = 2, base.__iter__(value)
    for item in items:
        kind = type(item)
        if kind is str:
            length += len(item) + 3
        elif kind in _FLAT_TYPES:
            length += _FLAT
        else:
            length += _length(item, known, level + 1) + 1
    known[place] = length
    return length
