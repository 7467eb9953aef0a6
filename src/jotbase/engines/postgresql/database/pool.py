"""The connection pool: its size, the settings of its sessions, and the queue for a connection.

In charge of opening connections, of bounding the queue, and of closing connections that have
failed. Must not know which statements run on them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import asyncpg

from jotbase.engines.engine_errors import closed
from jotbase.engines.postgresql.database import codecs
from jotbase.engines.postgresql.database.address import driver_url, shown, uses_pooler
from jotbase.engines.postgresql.database.postgres_errors import (
    disconnected,
    is_disconnect,
    pool_exhausted,
    pool_timeout,
)
from jotbase.errors import Fault, ProjectError
from jotbase.sql.dialect import text_literal

#: How often a statement is run on a connection that is then cut, and the seconds between, in which
#: the driver learns what else the server has ended.
TRIES_WHEN_CUT, SECONDS_WHEN_CUT = 3, 0.02
#: PostgreSQL 15 is the first with all that is used here (`server_version_num`).
OLDEST = 150000


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """The most open connections, the most requests that wait for one, and for how many seconds."""

    connections: int = 10
    waiting: int = 1000
    seconds: float = 10.0


def session_settings(limit_ms: int, lock_ms: int) -> dict[str, str]:
    """Return the settings of each session: output formats of values, and the statement timeout."""
    return {
        "timezone": "UTC",
        "datestyle": "ISO, MDY",
        "bytea_output": "hex",
        "extra_float_digits": "1",
        "search_path": "public",
        "jit": "off",
        "client_min_messages": "error",
        "statement_timeout": str(limit_ms),
        "lock_timeout": str(lock_ms),
    }


async def _keep(_: Any) -> None:
    """Reset nothing when a connection is released: all settings are local to a transaction."""


class ConnectionPool:
    """A pool of connections. Call `open` first; `take` is a context manager that holds one.

    Behind a pooler in transaction mode nothing outlives a transaction: neither a prepared
    statement nor a setting of the session.
    """

    def __init__(self, url: str, limits: PoolLimits, limit_ms: int, lock_ms: int) -> None:
        self._url = url
        self._pooler = uses_pooler(url)
        self._limits = limits
        self._settings = session_settings(limit_ms, lock_ms)
        self._pool: asyncpg.Pool | None = None
        self._waiting = 0

    async def open(self) -> None:
        """Open the pool and connect once. Raises ProjectError if the server cannot be used."""
        pooler = self._pooler
        try:
            self._pool = await asyncpg.create_pool(
                driver_url(self._url),
                min_size=1,
                max_size=self._limits.connections,
                max_inactive_connection_lifetime=300.0,
                init=codecs.install,
                reset=_keep,
                timeout=self._limits.seconds,
                statement_cache_size=0 if pooler else 512,
                max_cached_statement_lifetime=0,
                max_cacheable_statement_size=0 if pooler else 65_536,
                server_settings={
                    "application_name": "jotbase",
                    **({} if pooler else self._settings),
                },
            )
            async with self.take() as connection:
                version = await connection.fetchval("SHOW server_version_num")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            await self.close()
            raise _cannot_connect(self._url, error) from error
        if int(version) < OLDEST:
            await self.close()
            raise _unusable(self._url, "is older than PostgreSQL 15", "bring the server up to date")

    def local_settings(self) -> str:
        """Return the SET LOCAL statements that a transaction behind a pooler begins with."""
        if not self._pooler:
            return ""
        return "".join(
            f"SET LOCAL {name} = {text_literal(value)};" for name, value in self._settings.items()
        )

    @property
    def is_pooled(self) -> bool:
        """Whether connections go through a pooler in transaction mode."""
        return self._pooler

    @asynccontextmanager
    async def take(self) -> AsyncIterator[asyncpg.Connection]:
        """Hold a connection. Raises JotError 53300 (the queue is full), PGRST003 (waited too long)
        or 08006 (no server).
        """
        pool = self._pool
        if pool is None or pool.is_closing():
            raise closed()
        if pool.get_idle_size() == 0 and self._waiting >= self._limits.waiting:
            raise pool_exhausted()
        self._waiting += 1
        try:
            # A timeout costs a task of its own, and a free connection needs none.
            seconds = None if pool.get_idle_size() else self._limits.seconds
            connection = await pool.acquire(timeout=seconds)
        except TimeoutError as error:
            raise pool_timeout() from error
        except asyncpg.TooManyConnectionsError as error:
            raise pool_exhausted() from error
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise (closed() if pool.is_closing() else disconnected(error)) from error
        finally:
            self._waiting -= 1
        try:
            yield connection
        except asyncpg.InternalClientError as error:
            # What the driver says of a connection that the server has ended a moment before.
            _give_up(connection)
            raise asyncpg.ConnectionDoesNotExistError(str(error)) from error
        except BaseException as error:
            if is_disconnect(error):
                _give_up(connection)
            raise
        finally:
            await pool.release(connection)

    async def close(self) -> None:
        """Wait for running statements, then close all connections."""
        pool, self._pool = self._pool, None
        if pool is not None:
            try:
                await asyncio.wait_for(pool.close(), self._limits.seconds)
            except TimeoutError:
                pool.terminate()


def _give_up(connection: asyncpg.Connection) -> None:
    """Close a connection that has failed; the pool opens another."""
    with suppress(asyncpg.InterfaceError):  # one that has ended has left the pool
        connection.terminate()


def _unusable(url: str, reason: str, hint: str) -> ProjectError:
    return ProjectError([Fault(shown(url), "", reason, hint)])


def _cannot_connect(url: str, error: BaseException) -> ProjectError:
    hint = "see JOTBASE_DATABASE_URL; is the server running, and may this user connect?"
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        return _unusable(url, "does not exist", "make the database first: createdb")
    if isinstance(error, asyncpg.InvalidAuthorizationSpecificationError):
        return _unusable(url, "refuses this user or password", hint)
    if isinstance(error, asyncpg.TooManyConnectionsError):
        return _unusable(url, "has no connection left", "raise max_connections, or use a pooler")
    return _unusable(url, f"cannot be reached ({type(error).__name__})", hint)
