"""The connection URL of a PostgreSQL server: as the driver takes it, and as it may be logged.

In charge of keeping passwords out of logs and errors. Must not open a connection.
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


def uses_pooler(url: str) -> bool:
    """Return whether the URL says that a pooler in transaction mode (PgBouncer) is in between."""
    return dict(parse_qsl(urlsplit(url).query)).get(POOLER) == "true"


def driver_url(url: str) -> str:
    """Return the URL for asyncpg: without the parameter `pooler`, which it would refuse."""
    parts = urlsplit(url)
    kept = [pair for pair in parse_qsl(parts.query) if pair[0] != POOLER]
    return urlunsplit(parts._replace(query=urlencode(kept)))
