"""The text of an environment variable as the value of its setting.

In charge of refusing what cannot be read: each function raises ValueError with the end of a
sentence that begins with the variable's name. Must not know which setting it reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit


def optional_text(value: str) -> str | None:
    """Return the text; None if it is empty."""
    return value or None


def flag(value: str) -> bool:
    """Return what true, yes, on or 1, and their opposites, say."""
    lower = value.strip().lower()
    if lower in ("1", "true", "yes", "on"):
        return True
    if lower in ("0", "false", "no", "off", ""):
        return False
    raise ValueError("is neither true nor false")


def number_between(low: int, high: int) -> Callable[[str], int]:
    """Return the reader of a whole number within bounds."""

    def read(value: str) -> int:
        try:
            number = int(value)
        except ValueError:
            raise ValueError("is not a whole number") from None
        if not low <= number <= high:
            raise ValueError(f"is not between {low} and {high}")
        return number

    return read


def optional_limit(value: str) -> int | None:
    """Return a positive number; None if the text is empty."""
    return number_between(1, 1_000_000_000)(value) if value else None


def one_of(*choices: str) -> Callable[[str], str]:
    """Return the reader of one of several words."""

    def read(value: str) -> str:
        if value not in choices:
            raise ValueError(f"is none of {', '.join(choices)}")
        return value

    return read


def database_address(value: str) -> str:
    """Return the URL of a database file or server."""
    if not value.startswith(("sqlite:///", "postgresql://", "postgres://")):
        raise ValueError("does not begin with sqlite:/// or postgresql://")
    return value


def replica_addresses(value: str) -> tuple[str, ...]:
    """Return the URLs of database servers that commas separate."""
    found = names(value)
    if not all(one.startswith(("postgresql://", "postgres://")) for one in found):
        raise ValueError("is not a list of postgresql:// URLs")
    return found


def web_url(value: str) -> str:
    """Return an http or https URL without its last slash."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("is not an http or https URL")
    return value.rstrip("/")


def names(value: str) -> tuple[str, ...]:
    """Return what commas separate."""
    return tuple(name.strip() for name in value.split(",") if name.strip())


def redirect_patterns(value: str) -> tuple[str, ...]:
    """Return addresses that commas separate; each may end in `/*` or `/**`, and its host may begin
    with `*.` when at least two labels follow.
    """
    entries = names(value)
    for entry in entries:
        scheme, is_open, rest = entry.partition("://*.")
        if is_open and "." not in rest.partition("/")[0]:
            raise ValueError("opens a whole top-level domain: https://*.preview.example.com/**")
        whole = f"{scheme}://{rest}" if is_open else entry
        parts = urlsplit(whole.removesuffix("*").removesuffix("*"))
        if not parts.scheme or not parts.hostname or "@" in parts.netloc:
            raise ValueError("is not a list of addresses such as https://app.example.com/*")
        if "*" in parts.geturl() or (entry.endswith("*") and not entry.endswith("/*")):
            raise ValueError("has a * that is not a whole path's end, as in https://x.example/*")
    return entries


def mail_server(value: str) -> str | None:
    """Return the URL of an SMTP server; None if the text is empty."""
    if not value:
        return None
    parts = urlsplit(value)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("is not an address such as smtp://user:password@host:587")
    _ = parts.port
    return value


def mail_address(value: str) -> str | None:
    """Return the sender of mails; None if the text is empty."""
    if value and ("@" not in value or not value.isprintable()):
        raise ValueError("is no address such as noreply@example.com or Shop <noreply@example.com>")
    return value or None


def header_name(value: str) -> str | None:
    """Return the name of an HTTP header; None if the text is empty."""
    if value and not re.fullmatch(r"[A-Za-z0-9-]+", value):
        raise ValueError("is no name of a header such as X-Request-Id")
    return value or None
