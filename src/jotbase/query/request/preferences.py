"""Parsing the `Prefer` header (RFC 7240) and rendering `Preference-Applied`, as PostgREST does.

In charge of the preferences' names and values. Must not know their effects.
Source: https://docs.postgrest.org/en/stable/references/api/preferences.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from jotbase.errors import RequestError
from jotbase.query.request.intent import Preferences

_CHOICES: dict[str, tuple[str, tuple[str, ...]]] = {
    "return": ("returning", ("minimal", "headers-only", "representation")),
    "count": ("count", ("exact", "planned", "estimated")),
    "resolution": ("resolution", ("merge-duplicates", "ignore-duplicates")),
    "missing": ("missing", ("default", "null")),
    "handling": ("handling", ("strict", "lenient")),
    "tx": ("tx", ("commit", "rollback")),
}

#: Preferences in the order in which Preference-Applied lists them.
APPLIED_ORDER = (
    "resolution",
    "missing",
    "return",
    "count",
    "tx",
    "handling",
    "timezone",
    "max-affected",
)


def parse_preferences(header: str) -> Preferences:
    """Parse the header; the first of several values for a preference wins.

    Raises RequestError PGRST122 for unknown preferences with `handling=strict`.
    """
    found: dict[str, Any] = {}
    items = map(str.strip, header.split(","))
    invalid = [item for item in items if item and not _read(item, found)]
    if invalid and found.get("handling") == "strict":
        raise _invalid(invalid)
    return Preferences(**found, invalid=tuple(invalid))


def _invalid(items: list[str]) -> RequestError:
    return RequestError(
        "PGRST122",
        "Invalid preferences given with handling=strict",
        details=f"Invalid preferences: {', '.join(items)}",
    )


#: An offset with seconds, which PostgreSQL takes for leap seconds.
_SECONDS = re.compile(r"[+-]?\d{1,3}:[0-5]\d:[0-5]\d", re.ASCII)


def known_preferences(asked: Preferences, is_zone: Callable[[str], bool]) -> Preferences:
    """Return the preferences after checking the time zone.

    Raises RequestError 22023 for an unknown one, also with `handling=lenient`, as PostgREST does
    since version 16.
    """
    zone = asked.timezone
    if zone is None or is_zone(zone):
        return asked
    if _SECONDS.fullmatch(zone):
        raise RequestError(
            "22023",
            f'time zone "{zone}" appears to use leap seconds',
            details="PostgreSQL does not support leap seconds.",
        )
    raise RequestError("22023", f'invalid value for parameter "TimeZone": "{zone}"')


def _read(item: str, found: dict[str, Any]) -> bool:
    """Parse one preference into `found`; return whether it is a known one."""
    name, _, value = item.partition("=")
    name, value = name.strip().lower(), value.strip().strip('"')
    if name in _CHOICES:
        field, choices = _CHOICES[name]
        if value not in choices:
            return False
        found.setdefault(field, value)
        return True
    if name == "timezone" and value:
        found.setdefault("timezone", value)
        return True
    if name == "max-affected" and value.isascii() and value.isdigit() and len(value) <= 18:
        found.setdefault("max_affected", int(value))
        return True
    return False


def applied_preferences(names: dict[str, str]) -> str | None:
    """Return the value of Preference-Applied, None without any applied preference."""
    items = [f"{name}={names[name]}" for name in APPLIED_ORDER if name in names]
    return ", ".join(items) if items else None
