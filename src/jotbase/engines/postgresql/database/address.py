"""The address of a PostgreSQL server: what the driver is given, and what may be shown.

In charge of passwords staying out of logs and errors. Must not open anything.
"""

from __future__ import annotations

from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

#: A parameter of the URL: a pooler in transaction mode stands between (`pgbouncer=true`).
POOLER = "pgbouncer"


def shown(url: str) -> str:
    """Return the URL without password and parameters."""
    parts = urlsplit(url)
    host = parts.hostname or (parse_qs(parts.query).get("host") or ["localhost"])[0]
    user = f"{parts.username}@" if parts.username else ""
    port = f":{parts.port}" if parts.port else ""
    return f"postgresql://{user}{host}{port}{parts.path}"


def has_pooler(url: str) -> bool:
    """Say whether the URL tells of a pooler in transaction mode."""
    return dict(parse_qsl(urlsplit(url).query)).get(POOLER) == "true"


def for_driver(url: str) -> str:
    """Return the URL without the parameter that the driver does not know."""
    parts = urlsplit(url)
    kept = [pair for pair in parse_qsl(parts.query) if pair[0] != POOLER]
    return urlunsplit(parts._replace(query=urlencode(kept)))
