"""Databases of a PostgreSQL server for tests: one prepared, and a copy of it for each test.

In charge of making and dropping them, beside the database that the project's URL names, which
stays as it is. Must not know what is in them.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit


@dataclass(frozen=True, slots=True)
class Databases:
    """A prepared database at `url`; `server` leads to the database that the project names."""

    server: str
    url: str

    @classmethod
    async def new(cls, server: str) -> Databases:
        """Make an empty database, to be prepared and then used by nobody."""
        return cls(server, await _create(server, "template0"))

    async def copied(self) -> str:
        """Return the URL of a fresh copy; its files are copied as they are, which is faster than
        by the log (CREATE DATABASE, STRATEGY).
        """
        return await _create(self.server, _name(self.url))

    async def dropped(self, url: str) -> None:
        """Drop a copy."""
        await _run(self.server, f'DROP DATABASE IF EXISTS "{_name(url)}" WITH (FORCE)')


def _name(url: str) -> str:
    return urlsplit(url).path.lstrip("/")


async def _create(server: str, template: str) -> str:
    name = f"jotbase_test_{secrets.token_hex(6)}"
    await _run(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


async def _run(url: str, text: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(url)
    try:
        await connection.execute(text)
    finally:
        await connection.close()
