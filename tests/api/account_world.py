"""A backend of accounts alone, in memory, with a clock that the test sets.

In charge of driving units of work on SQLite and of calling the accounts API as a client would.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import apsw
import orjson

from jotbase.auth import ddl
from jotbase.auth.apikeys import opaque_key
from jotbase.auth.keys import new_ring, read_ring
from jotbase.auth.live import Revocation
from jotbase.auth.policy import AuthPolicy
from jotbase.errors import ConflictError
from jotbase.http.account_services import AccountServices
from jotbase.http.accounts import accounts
from jotbase.sql.dialect import SQLITE, Dialect
from jotbase.sql.units import Rows, UnitOfWork
from jotbase.values import ANON, SERVICE, Change, Request, Response

Result = TypeVar("Result")

RING = read_ring(*new_ring(bytes(range(72))))
ANON_KEY, SECRET_KEY = opaque_key(ANON, RING), opaque_key(SERVICE, RING)
START = 1_780_000_000.25


class MemoryEngine:
    """The least that is an engine: one connection, one savepoint a unit."""

    def __init__(self) -> None:
        self.connection = apsw.Connection(":memory:")
        self.connection.execute("PRAGMA foreign_keys = ON")
        for statement in ddl.create(SQLITE):
            self.connection.execute(statement.text)

    @property
    def dialect(self) -> Dialect:
        return SQLITE

    async def open(self) -> None:
        """Nothing to open: the database is there from the start."""

    async def read(self, text: str, values: Sequence[Any]) -> Rows:
        return self._run(text, values)

    async def write(self, work: Callable[[], UnitOfWork[Result]]) -> Result:
        with self.connection:
            result = self._drive(work())
        return result

    def _drive(self, unit: UnitOfWork[Result]) -> Result:
        try:
            statement = next(unit)
            while True:
                statement = unit.send(self._run(statement.text, statement.params))
        except StopIteration as ended:
            result: Result = ended.value
            return result

    def _run(self, text: str, values: Sequence[Any]) -> Rows:
        try:
            return self.connection.execute(text, tuple(values)).fetchall()
        except apsw.ConstraintError as fault:
            code = "23503" if "FOREIGN KEY" in str(fault) else "23505"
            raise ConflictError(code, "constraint violated") from None

    async def changes(self, after: int, limit: int = 1000) -> list[Change]:
        return []

    async def last_change(self) -> tuple[int, int]:
        return (0, 0)

    def on_commit(self, bell: Callable[[], None]) -> None:
        """No change is logged here."""

    async def close(self) -> None:
        self.connection.close()


@dataclass(frozen=True, slots=True)
class Answer:
    """A response with its body read."""

    response: Response
    body: Any

    @property
    def status(self) -> int:
        return self.response.status


@dataclass
class World:
    """The accounts API over an empty database; `revoked` is what it told of ended sessions."""

    policy: AuthPolicy = field(default_factory=lambda: AuthPolicy("http://localhost/auth/v1"))
    now: float = START
    engine: MemoryEngine = field(default_factory=MemoryEngine)
    revoked: list[Revocation] = field(default_factory=list)
    admitted: bool = True
    drawn: int = 0

    def random_bytes(self, count: int) -> bytes:
        self.drawn += 1
        return hashlib.shake_256(str(self.drawn).encode()).digest(count)

    @property
    def services(self) -> AccountServices:
        return AccountServices(
            engine=self.engine,
            ring=RING,
            policy=self.policy,
            now=lambda: self.now,
            random_bytes=self.random_bytes,
            run_in_thread=_inline,
            revoke=self.revoked.append,
            admit=lambda _kind, _request: self.admitted,
        )

    def set(self, **policy: Any) -> World:
        self.policy = replace(self.policy, **policy)
        return self

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        bearer: str | None = None,
        key: str | None = ANON_KEY,
        **headers: str,
    ) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            sent["apikey"] = key
        if bearer is not None:
            sent["authorization"] = f"Bearer {bearer}"
        path, _, query = path.partition("?")
        data = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        request = Request(method, f"/auth/v1{path}", query, sent, data)
        response = asyncio.run(accounts(request, self.services))
        return Answer(response, orjson.loads(response.body) if response.body else None)

    def admin(self, method: str, path: str, body: Any = None) -> Answer:
        return self.call(method, path, body, key=SECRET_KEY)

    def signed_up(self, email: str = "ada@example.com", **data: Any) -> Any:
        body = {"email": email, "password": "correct horse", "data": data}
        answer = self.call("POST", "/signup", body)
        assert answer.status == 200, answer.body
        return answer.body

    def signed_in(self, email: str = "ada@example.com", password: str = "correct horse") -> Answer:
        body = {"email": email, "password": password}
        return self.call("POST", "/token?grant_type=password", body)

    def refreshed(self, refresh_token: str) -> Answer:
        body = {"refresh_token": refresh_token}
        return self.call("POST", "/token?grant_type=refresh_token", body)

    def count(self, table: str) -> int:
        query = f'SELECT count(*) FROM "auth.{table}"'
        count: int = self.engine.connection.execute(query).get
        return count


async def _inline(function: Callable[..., Result], /, *arguments: Any) -> Result:
    return function(*arguments)
