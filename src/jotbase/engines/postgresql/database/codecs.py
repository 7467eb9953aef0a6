"""Type codecs of connections: uuids, times and decimals are sent and received as canonical text.

The rest of the program holds uuids, times and decimals as text, in the form that PostgreSQL's own
JSON has (`to_json` in the time zone UTC); PostgreSQL reads it as it is. In charge of these forms on
a connection. Must not know tables or statements.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import asyncpg


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def timestamp_text(text: str) -> str:
    """Return a timestamp as PostgreSQL prints it in canonical form: `2026-01-01T10:00:00+00:00`."""
    day, gap, clock = text.partition(" ")
    if not gap:  # infinity
        return text
    if clock.endswith("+00"):
        return f"{day}T{clock}:00"
    return f"{day}T{clock}"


def _same(text: str) -> str:
    return text


_DECODERS: Mapping[str, Callable[[str], str]] = {
    "uuid": _same,
    "numeric": _same,
    "date": _same,
    "time": _same,
    "timestamptz": timestamp_text,
    "timestamp": timestamp_text,
    "interval": _same,
    "json": _same,
    "jsonb": _same,
    "xid8": _same,
}


async def install(connection: asyncpg.Connection) -> None:
    """Set the codecs on a connection; no query is sent."""
    for name, decode in _DECODERS.items():
        await connection.set_type_codec(
            name, schema="pg_catalog", encoder=_as_text, decoder=decode, format="text"
        )
