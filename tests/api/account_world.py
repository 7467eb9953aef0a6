"""A backend of accounts alone, on either engine, with a clock that the test sets.

In charge of calling the accounts API as a client would. Must not know the rest of a backend.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, TypeVar

import orjson

from jotbase.auth.accounts import ddl
from jotbase.auth.mail.messages import Mail
from jotbase.auth.tokens.apikeys import opaque_key
from jotbase.auth.tokens.keys import new_ring, read_ring
from jotbase.auth.tokens.policy import AuthPolicy
from jotbase.auth.tokens.rate_limits import AuthRateLimits
from jotbase.auth.tokens.token_cache import Notice
from jotbase.background.upkeep import RevocationWatcher
from jotbase.engines.base import Engine
from jotbase.engines.sqlite import SqliteEngine
from jotbase.http.accounts.routes import accounts
from jotbase.http.accounts.services import AccountServices, CallHooks, NoHooks
from jotbase.sql.units import Rows, Statement, UnitOfWork
from jotbase.values import ANON, SERVICE, Request, Response

Result = TypeVar("Result")

RING = read_ring(*new_ring(bytes(range(72))))
ANON_KEY, SECRET_KEY = opaque_key(ANON, RING), opaque_key(SERVICE, RING)
START = 1_780_000_000.25


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
    engine: Engine = field(default_factory=lambda: SqliteEngine(":memory:"))
    loop: asyncio.Runner = field(default_factory=asyncio.Runner)
    revoked: list[Notice] = field(default_factory=list)
    limits: AuthRateLimits = field(default_factory=AuthRateLimits)
    proxies: int = 0
    hashed: list[str] = field(default_factory=list)
    hashing_clients: list[str] = field(default_factory=list)
    drawn: int = 0
    mails: list[Mail] = field(default_factory=list)
    client: str = "192.0.2.1"
    hooks: CallHooks = field(default_factory=NoHooks)

    def open(self) -> None:
        """Open the engine and make the tables of accounts."""
        self.loop.run(self.engine.open())
        for statement in ddl.create(self.engine.dialect):
            self._run(Statement(statement.text, ()))
        self.changes = RevocationWatcher(
            self.engine, lambda: self.now, self.revoked.extend, self._missed
        )
        self.loop.run(self.changes.start())

    def _missed(self) -> None:
        raise AssertionError("no change can be missed here")

    def close(self) -> None:
        """Close the engine and its loop."""
        self.loop.run(self.engine.close())
        self.loop.close()

    def run(self, text: str, *values: Any) -> Rows:
        """Run one statement of the test's own, in SQLite's spelling, on the database."""
        if self.engine.dialect.is_postgres:
            text = re.sub(r'"auth\.(\w+)"', r'"auth"."\1"', text)
            numbers = count(1)
            text = re.sub(r"\?", lambda _: f"${next(numbers)}", text)
        return self._run(Statement(text, values))

    def _run(self, statement: Statement) -> Rows:
        def unit() -> UnitOfWork[Rows]:
            return (yield statement)

        return self.loop.run(self.engine.write(unit))

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
            run_in_thread=self._hash,
            poll_revocations=self.changes.poll,
            limits=self.limits,
            proxies=self.proxies,
            post=self.mails.append,
            hooks=self.hooks,
        )

    async def _hash(
        self,
        function: Callable[..., Result],
        /,
        *arguments: Any,
        check: Callable[[], None] = lambda: None,
        client: str = "",
    ) -> Result:
        check()
        self.hashed.append(function.__name__)
        self.hashing_clients.append(client)
        return function(*arguments)

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
        request = replace(self.request(method, path, body, sent), client=self.client)
        return _read(self.loop.run(accounts(request, self.services)))

    def page(self, path: str, form: bytes = b"") -> Response:
        """Open an address as a browser does, or send a form, without any key."""
        kind = {"content-type": "application/x-www-form-urlencoded"}
        request = self.request("POST" if form else "GET", path, form, kind if form else {})
        return self.loop.run(accounts(request, self.services))

    def at_once(self, path: str, *bodies: Any) -> list[Answer]:
        """Post the bodies together: each is under way before any is answered."""
        requests = [self.request("POST", path, body, {"apikey": ANON_KEY}) for body in bodies]

        async def all_of_them() -> list[Response]:
            services = self.services
            return await asyncio.gather(*(accounts(each, services) for each in requests))

        return [_read(response) for response in self.loop.run(all_of_them())]

    def request(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Request:
        path, _, query = path.partition("?")
        data = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        return Request(method, f"/auth/v1{path}", query, headers, data)

    def admin(self, method: str, path: str, body: Any = None) -> Answer:
        return self.call(method, path, body, key=SECRET_KEY)

    def signed_up(self, email: str = "ada@example.com", **data: Any) -> Any:
        body = {"email": email, "password": "correct horse", "data": data}
        answer = self.call("POST", "/signup", body)
        assert answer.status == 200, answer.body
        return answer.body

    def current_account(
        self, email: str = "ada@example.com", password: str = "correct horse"
    ) -> Answer:
        body = {"email": email, "password": password}
        return self.call("POST", "/token?grant_type=password", body)

    def refreshed(self, refresh_token: str) -> Answer:
        body = {"refresh_token": refresh_token}
        return self.call("POST", "/token?grant_type=refresh_token", body)

    def count(self, table: str) -> int:
        ((count,),) = self.run(f'SELECT count(*) FROM "auth.{table}"')
        return int(count)


def _read(response: Response) -> Answer:
    return Answer(response, orjson.loads(response.body) if response.body else None)


@contextmanager
def opened(world: World | None = None) -> Iterator[World]:
    """Give a world, open, and close it."""
    world = world or World()
    world.open()
    try:
        yield world
    finally:
        world.close()
