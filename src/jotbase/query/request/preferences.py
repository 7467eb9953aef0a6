"""The `Prefer` header (RFC 7240) as PostgREST knows it, read and, as `Preference-Applied`, written.

In charge of the words alone. Must not know what a preference changes.
Source: https://docs.postgrest.org/en/stable/references/api/preferences.html
"""

from __future__ import annotations

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
    """Return what was preferred; the first of contradicting ones counts.

    Raises RequestError PGRST122 for unknown ones under `handling=strict`.
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


def known_preferences(asked: Preferences, is_zone: Callable[[str], bool]) -> Preferences:
    """Return the preferences, once there is their time zone.

    Raises RequestError 22023, also under `handling=lenient`: as PostgREST since 16, where the
    database is what reads it.
    """
    zone = asked.timezone
    if zone is None or is_zone(zone):
        return asked
    raise RequestError("22023", f'invalid value for parameter "TimeZone": "{zone}"')


def _read(item: str, found: dict[str, Any]) -> bool:
    """Take one preference into `found`; whether it is one."""
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
    """Return the value of Preference-Applied for what was honoured, or None for nothing."""
    items = [f"{name}={names[name]}" for name in APPLIED_ORDER if name in names]
    return ", ".join(items) if items else None
