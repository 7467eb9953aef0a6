"""Realtime alone, over a change log in memory: sockets as clients see them, a clock the test sets.

In charge of driving the WebSocket endpoint over ASGI. Must not know how anything is matched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from jotbase.auth.tokens.apikeys import opaque_key
from jotbase.auth.tokens.current_facts import Facts
from jotbase.auth.tokens.keys import new_ring, read_ring
from jotbase.auth.tokens.revocation_triggers import FACTS
from jotbase.auth.tokens.token_cache import Notice, Renewal, Revocation
from jotbase.auth.tokens.tokens import sign
from jotbase.expression.expr import TRUE, Apply, Expr, Fact, Field
from jotbase.feed import Feed
from jotbase.http.edge.asgi import Message
from jotbase.http.edge.clock import WallClock
from jotbase.http.edge.credentials import CredentialCheck
from jotbase.http.live.endpoint import RealtimeEndpoint
from jotbase.realtime.messages.protocol import Vsn
from jotbase.schema.model.tables import Column, Model, Table, Type
from jotbase.sql.dialect import SQLITE, Dialect
from jotbase.sql.units import Rows, Spooling
from jotbase.values import ANON, SERVICE, Change, Principal, Row

RING = read_ring(*new_ring(bytes(range(72))))
ANON_KEY, SECRET_KEY = opaque_key(ANON, RING), opaque_key(SERVICE, RING)
START = 1_780_000_000.0
ANA, BEN = "a0000000-0000-4000-8000-000000000000", "b0000000-0000-4000-8000-000000000000"

COLUMNS = (
    Column("id", Type.INTEGER, {}, nullable=False),
    Column("title", Type.TEXT, {}, nullable=True),
    Column("owner", Type.UUID, {}, nullable=True),
    Column("secret", Type.TEXT, {}, nullable=True, write_only=True),
)
OPEN = Table("open", COLUMNS, ("id",), realtime=True)
NOTES = Table("notes", COLUMNS, ("id",), realtime=True)
ADDRESSED = Table("own", COLUMNS, ("id",), realtime=True)
MODEL = Model({"notes": NOTES, "open": OPEN, "own": ADDRESSED})
OWN = Apply(
    "eq",
    (Field("row", "owner", Type.UUID), Fact(("id",), lambda value: value, Type.UUID)),
)
ADDRESS = Apply(
    "eq",
    (Field("row", "title", Type.TEXT), Fact(("email",), lambda value: value, Type.TEXT)),
)
RULES: Mapping[str, Expr] = {"open": TRUE, "notes": OWN, "own": ADDRESS}


def facts_row(claims: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what the database says of a user whose facts are a token's still."""
    facts = {"app_metadata": {}, "user_metadata": {}, "is_anonymous": 0, **claims}
    return tuple(facts.get(name) for name in FACTS)


class MemoryLog:
    """An engine that holds nothing but a change log; `answer` answers relational questions."""

    dialect: Dialect = SQLITE

    def __init__(self) -> None:
        self.log: list[Change] = []
        self.newest = 0
        self.epochs: tuple[tuple[str, int], ...] = ()
        self.bell: Callable[[], object] = bool
        self.answer: Callable[[str, Sequence[Any]], Rows] = lambda text, values: []
        self.before_answer: Callable[[], Awaitable[None]] | None = None

    def commit(self, table: str, old: Row | None, new: Row | None) -> None:
        """Log a change and ring."""
        kind: Any = "INSERT" if old is None else "DELETE" if new is None else "UPDATE"
        self.newest += 1
        at = "2026-08-21T10:11:12.345+00:00"
        self.log.append(Change(self.newest, table, kind, old, new, at))
        self.bell()

    async def changes(self, after: int, limit: int = 1000) -> list[Change]:
        return [change for change in self.log if change.number > after][:limit]

    async def timeline(self) -> tuple[tuple[str, int], ...]:
        return self.epochs

    async def last_change(self) -> tuple[int, int]:
        return (self.log[0].number if self.log else 0), self.newest

    async def origins(self, view: str) -> dict[str, tuple[str, str]]:
        return {}

    def on_commit(self, bell: Callable[[], None]) -> None:
        self.bell = bell

    async def read(
        self, text: str, values: Sequence[Any], spooling: Spooling | None = None
    ) -> Rows:
        if self.before_answer is not None:
            await self.before_answer()
        return self.answer(text, values)

    async def read_internal(self, text: str, values: Sequence[Any]) -> Rows:
        return await self.read(text, values)

    def unavailable_reason(self) -> str | None:
        return None

    def read_now(self, text: str, values: Sequence[Any]) -> Rows | None:
        return None

    async def prune(
        self, keep_rows: int, keep_seconds: float | None = None, untold: int | None = None
    ) -> int:
        raise NotImplementedError

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def write(self, work: Any, *, timed: bool = True) -> Any:
        raise NotImplementedError

    async def call(
        self, work: Any, *, reads: bool, again: bool = True, gone: Any = None, ending: Any = None
    ) -> Any:
        raise NotImplementedError


class Socket:
    """One client: `say` sends, `hear` waits for what comes next (five seconds at most)."""

    def __init__(
        self, runner: asyncio.Runner, live: RealtimeEndpoint, query: str, vsn: Vsn, client: str = ""
    ) -> None:
        peer, _, forwarded = client.partition(" for ")
        self.vsn = vsn
        self.positions: list[Any] = []
        self._runner = runner
        self._in: asyncio.Queue[Message] = asyncio.Queue()
        self._out: asyncio.Queue[Message] = asyncio.Queue()
        scope = {
            "type": "websocket",
            "path": "/realtime/v1/websocket",
            "query_string": query.encode(),
            "headers": [(b"x-forwarded-for", forwarded.encode())] if forwarded else [],
            "client": (peer, 1),
            "extensions": {"websocket.http.response": {}},
        }
        self._in.put_nowait({"type": "websocket.connect"})

        self._send_gate = asyncio.Event()
        self._send_gate.set()

        async def begin() -> None:
            self.task = asyncio.create_task(live(scope, self._in.get, self._send))
            self.first = await asyncio.wait_for(self._out.get(), 5)

        runner.run(begin())

    async def _send(self, message: Message) -> None:
        await self._send_gate.wait()
        self._out.put_nowait(message)

    def say(self, topic: str, event: str, payload: Any, ref: str | None = "1") -> None:
        """Send a message as supabase-js (2.0.0) or supabase-py (1.0.0, no join_ref) would."""
        parts: Any = {"topic": topic, "event": event, "payload": payload, "ref": ref}
        if self.vsn == "2.0.0":
            parts = ["1", ref, topic, event, payload]
        self.say_raw(orjson.dumps(parts).decode())

    def say_raw(self, message: str | bytes) -> None:
        key = "text" if isinstance(message, str) else "bytes"
        self._in.put_nowait({"type": "websocket.receive", key: message})

    def hear_raw(self) -> Message:
        return self._runner.run(asyncio.wait_for(self._out.get(), 5))

    def hear(self) -> dict[str, Any]:
        """Return the next message, whatever the version, as the object of 1.0.0 and join_ref.

        Positions (`system` of `jotbase` without a gap) are kept in `positions` instead.
        """
        while True:
            message = self._hear_any()
            payload = message["payload"]
            if message["event"] != "system" or payload.get("gap") is not False:
                return message
            self.positions.append(payload["cursor"])

    def _hear_any(self) -> dict[str, Any]:
        message = orjson.loads(self.hear_raw()["text"])
        if isinstance(message, list):
            names = ("join_ref", "ref", "topic", "event", "payload")
            return dict(zip(names, message, strict=True))
        assert isinstance(message, dict)
        return message

    def hear_events(self, count: int) -> list[str]:
        """Return the events of the next messages."""
        return [self.hear()["event"] for _ in range(count)]

    def hear_data(self) -> dict[str, Any]:
        """Return the data of the next message, which tells of a change."""
        message = self.hear()
        assert message["event"] == "postgres_changes", message
        data: dict[str, Any] = message["payload"]["data"]
        return data

    def join(self, bindings: Any = (), topic: str = "realtime:r", **config: Any) -> dict[str, Any]:
        """Join with these bindings, and return the reply; what follows it is not heard yet."""
        token = config.pop("token", None)
        payload: dict[str, Any] = {"config": {"postgres_changes": list(bindings), **config}}
        if token is not None:
            payload["access_token"] = token
        self.say(topic, "phx_join", payload)
        return self.hear()

    def follow(self, table: str, event: str = "*", **rest: Any) -> None:
        """Join to follow a table, to the message that says that it is live."""
        binding = {"event": event, "schema": "public", "table": table}
        binding |= {key: rest.pop(key) for key in ("filter", "select") if key in rest}
        assert self.join([binding], **rest)["payload"]["status"] == "ok"
        assert self.hear()["payload"]["message"] == "Subscribed to PostgreSQL"
        if "cursor" not in rest:
            self.positions.append(self._hear_any()["payload"]["cursor"])

    def silent(self) -> bool:
        """Whether nothing came before the answer to a heartbeat sent now."""
        self.say("phoenix", "heartbeat", {}, "hb")
        return bool(self.hear()["ref"] == "hb")

    def leave(self) -> None:
        """Go away, and wait until the server has noticed."""
        self._in.put_nowait({"type": "websocket.disconnect", "code": 1001})
        self._runner.run(asyncio.wait_for(self.task, 5))


@dataclass
class World:
    """Realtime over an empty log; `ended` are the sessions that the database no longer has."""

    now: float = START
    proxies: int = 0
    passed: float = 0.0
    engine: MemoryLog = field(default_factory=MemoryLog)
    runner: asyncio.Runner = field(default_factory=asyncio.Runner)
    ended: set[str] = field(default_factory=set)
    sockets: list[Socket] = field(default_factory=list)

    async def _standing(self, principal: Principal) -> Rows:
        if principal.session_id in self.ended:
            return []
        return [(principal.id, *facts_row(principal.claims))]

    async def open(self) -> None:
        self.credentials = CredentialCheck(RING, lambda: self.now, self._standing)
        clock = WallClock(lambda: self.now, steady=lambda: self.passed)
        self.feed = Feed(self.engine, clock)
        self.live = RealtimeEndpoint(self.credentials, self.feed, clock, self.proxies)
        self.live.configure(MODEL, RULES)
        await self.feed.start()

    def connect(self, vsn: Vsn = "2.0.0", key: str = ANON_KEY, client: str = "") -> Socket:
        """Return a client whose handshake has been answered.

        `client` is its address, or `10.0.0.1 for 192.0.2.7` behind a proxy.
        """
        socket = Socket(self.runner, self.live, f"apikey={key}&vsn={vsn}", vsn, client)
        self.sockets.append(socket)
        return socket

    def token(self, user: str, *, session: str = "s1", lasts: float = 3600) -> str:
        """Return a user's access token."""
        claims = {"sub": user, "role": "authenticated", "session_id": session}
        return sign(claims | {"exp": int(self.now + lasts)}, RING)

    def commit(self, table: str, old: Row | None, new: Row | None) -> None:
        """Commit a change, and let the feed begin to tell it."""

        async def commit() -> None:
            self.engine.commit(table, old, new)

        self.runner.run(commit())

    def turns_until(self, done: Callable[[], bool], table: str, new: Row) -> int:
        """Commit a row, and return how many turns of the loop there are until something holds."""
        turns = 0

        async def count() -> None:
            nonlocal turns
            loop, ended = asyncio.get_running_loop(), asyncio.Event()

            def turn() -> None:
                nonlocal turns
                turns += 1
                ended.set() if done() else loop.call_soon(turn)

            self.engine.commit(table, None, new)
            loop.call_soon(turn)
            await asyncio.wait_for(ended.wait(), 20)

        self.runner.run(count())
        return turns

    def revoke(self, user: str, *sessions: str) -> None:
        """End sessions as a sign-out does, all of the user's if none is named."""

        async def revoke() -> None:
            self.ended.update(sessions)
            self._notify(Revocation(user, sessions or None))

        self.runner.run(revoke())

    def _notify(self, notice: Notice) -> None:
        self.credentials.live.forget([notice])
        self.live.apply_notices([notice])

    def renew(self, user: str, **claims: Any) -> None:
        """Change facts of a user."""

        async def renew() -> None:
            facts = {"role": "authenticated", "email": "", "app_metadata": {}, **claims}
            self._notify(Renewal(user, Facts(facts)))

        self.runner.run(renew())

    def pass_time(self, seconds: float) -> None:
        """Move the clock, and let what is over end."""

        async def expire() -> None:
            self.now += seconds
            self.passed += seconds
            self.live.expire()

        self.runner.run(expire())

    async def close(self) -> None:
        await self.feed.stop()
        for socket in self.sockets:
            if not socket.task.done():
                socket.task.cancel()
        await asyncio.gather(*(socket.task for socket in self.sockets), return_exceptions=True)


@contextmanager
def a_world(proxies: int = 0) -> Iterator[World]:
    """Realtime over an empty log, closed at the end."""
    world = World(proxies=proxies)
    with world.runner:
        world.runner.run(world.open())
        try:
            yield world
        finally:
            world.runner.run(world.close())


def note(number: int, owner: str = ANA, title: str | None = "t") -> Row:
    """Return a row of either table."""
    return {"id": number, "title": title, "owner": owner, "secret": "never told"}
