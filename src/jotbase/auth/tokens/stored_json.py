"""JSON in columns of the accounts' tables, as it is found there.

In charge of values that nobody can read, which SQL by hand may have left: they count as empty,
and so grant nothing. Must not know tables.
"""

from __future__ import annotations

from typing import Any

import orjson


def stored_object(value: Any) -> dict[str, Any]:
    """Return the object in a column's text; an empty one for anything else."""
    found = _read(value)
    return found if isinstance(found, dict) else {}


def stored_methods(value: Any) -> tuple[dict[str, Any], ...]:
    """Return the entries {method, timestamp} of `amr`; without those that have no method."""
    found = _read(value)
    entries = found if isinstance(found, list) else []
    return tuple(
        one for one in entries if isinstance(one, dict) and isinstance(one.get("method"), str)
    )


def _read(value: Any) -> Any:
    if not isinstance(value, str | bytes):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
