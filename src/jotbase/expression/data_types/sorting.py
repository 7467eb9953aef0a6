"""Text in whose byte order JSON values and arrays stand: what an ORDER BY of theirs sorts by.

In charge of one order for sorting and comparing (`documents`). Must not know columns or requests.
NUL ends what is of any length: no text of ours holds it, and it comes before all that does.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson

from jotbase.schema.values.ranges import number_key

_END = "\0"
#: In front of the items of an array, and of null, which is the greatest of them.
_ITEM, _NULL = "1", "2"


def document_key(document: str) -> str | None:
    """Return the key of a JSON text; None for what is none."""
    try:
        value = orjson.loads(document)
    except orjson.JSONDecodeError:
        return None
    return "" if value == [] else _key(value)


def array_key(document: str) -> str | None:
    """Return the key of an array's JSON text; None for what is none."""
    try:
        value = orjson.loads(document)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(value, list):
        return None
    return "".join(_NULL if one is None else _ITEM + _key(one) for one in value) + _END


def _key(value: Any) -> str:
    if value is None:
        return "0"
    if isinstance(value, str):
        return f"1{value}{_END}"
    if isinstance(value, bool):
        return "3t" if value else "3f"
    if isinstance(value, list):
        return f"4{len(value):09}" + "".join(map(_key, value))
    if isinstance(value, Mapping):
        names = sorted(value, key=lambda name: (len(name.encode()), name))
        return f"5{len(value):09}" + "".join(f"{name}{_END}{_key(value[name])}" for name in names)
    return "2" + number_key(_exact(value))


def _exact(number: float) -> Decimal:
    """Return a number as it is compared: whole ones as they are, others as they are written."""
    whole = isinstance(number, int) or number.is_integer()
    return Decimal(int(number)) if whole else Decimal(repr(number))
