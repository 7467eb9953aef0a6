"""No change is lost, told twice, or told to whom it is hidden, whatever happens to the connections.

Two writers at a time insert, change and delete rows of several owners and rooms, and the
memberships that the rule looks into; the line to the server is cut at random and the server killed.
Each client resumes by its cursors, and must have had what the log says, read
with the rule and its filter. The seed is printed; `JOTBASE_LOSS_SEED` repeats a run, and
`JOTBASE_LOSS_ROUNDS` has all accidents so many times.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import httpx
import pytest
from supabase import acreate_client
from tests.postgres_server import Server
from tests.process.lossy_line import LossyLine, lossy_line
from tests.process.server import NOTES, Served, start, write_project
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from jotbase.follow import follow

pytestmark = [
    pytest.mark.node,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

HERE = Path(__file__).parent
TABLE: dict[str, Any] = {
    **NOTES,
    "properties": {
        "id": NOTES["properties"]["id"],
        "n": {"type": "integer"},
        "title": {"type": "string", "default": ""},
        "owner": {"type": "string", "format": "uuid"},
        "public": {"type": "boolean", "default": False},
        "room": {"type": "integer", "default": 0},
    },
    "required": ["n", "owner"],
    "access": {
        "select": "row.owner == user.id or row.public"
        " or any(m.member == user.id for m in members if m.room == row.room)"
    },
}
MEMBERS: dict[str, Any] = {
    **NOTES,
    "properties": {
        "room": {"type": "integer"},
        "member": {"type": "string", "format": "uuid"},
    },
    "required": ["room", "member"],
    "primaryKey": ["room", "member"],
    "access": {},
    "realtime": False,
}
#: What happens, in rounds of writes: None is a round without an accident.
ACCIDENTS = ("cut", None, "kill", "cut", None, "cut")
WRITES = 30
FILTER = "n=gte.30"
#: One item: (type, id, number of the change).
Told = tuple[str, int, int]
#: The changes of the log: number, table, old and new row.
Log = list[tuple[int, str, Any, Any]]


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """The client leaves its sockets to the garbage collector: now, not in somebody else's test."""
    yield
    gc.collect()


def number(cursor: str) -> int:
    """Return the number of the change in a cursor or a `commit_timestamp`."""
    return int(cursor.partition(".")[2][3:18] if "T" in cursor else cursor.partition("-")[0])


async def raw(url: str, key: str, token: str, wanted: str | None) -> list[Told]:
    """Follow by the protocol itself, from the beginning of the log."""
    binding = {"event": "*", "schema": "public", "table": "notes"}
    binding |= {"filter": wanted} if wanted else {}
    told: list[Told] = []
    cursor: Any = 0
    address = f"{url.replace('http', 'ws', 1)}/realtime/v1/websocket?apikey={key}&vsn=2.0.0"
    while True:
        with suppress(OSError, WebSocketException):
            async with connect(address, compression=None) as socket:
                payload = {"config": {"postgres_changes": [binding]}, "access_token": token}
                join = ["1", "1", "realtime:r", "phx_join", payload | {"resume": cursor}]
                await socket.send(json.dumps(join))
                async for message in socket:
                    _, _, _, event, payload = json.loads(message)
                    assert not payload.get("gap"), payload
                    if event == "postgres_changes":
                        cursor, data = payload["cursor"], payload["data"]
                        row = data.get("record") or data["old_record"]
                        told.append((data["type"], row["id"], number(cursor)))
                        if row.get("title") == "end":
                            return told


async def by_supabase_py(url: str, key: str, token: str, wanted: str | None) -> list[Told]:
    """Follow by the shipped helper, over supabase-py."""
    client = await acreate_client(url, key)
    client.postgrest.auth(token)
    await client.realtime.set_auth(token)
    told: list[Told] = []
    stream = follow(client, "notes", filter=wanted or ())
    async for change in stream:
        row = change.row or change.old or {}
        told.append((change.type, row["id"], number(change.cursor)))
        if row.get("title") == "end":
            break
    await stream.aclose()  # type: ignore[attr-defined]
    return told


async def by_supabase_js(url: str, key: str, token: str, wanted: str | None) -> list[Told]:
    """Follow by the shipped helper, over supabase-js."""
    module = HERE.parent.parent / "src" / "jotbase" / "studio" / "follow.js"
    script = (str(HERE / "follow.mjs"), url, key, token, module.as_uri(), *filter(None, [wanted]))
    node = await asyncio.create_subprocess_exec("node", *script, stdout=asyncio.subprocess.PIPE)
    text, _ = await node.communicate()
    items = [json.loads(line) for line in text.decode().splitlines()]
    return [(kind, row, number(cursor)) for kind, row, cursor in items]


class Writer:
    """Writes rows and memberships of rooms of its own; `dice` decides which and how."""

    def __init__(self, dice: Random, owners: list[str], rooms: tuple[int, int]) -> None:
        self._dice = dice
        self._owners = owners
        self._rooms = rooms
        self._ids: list[int] = []
        self._members: set[tuple[int, str]] = set()

    async def write(self, served: Served, count: int) -> None:
        """Insert, change and delete rows and memberships, one after the other."""
        key = served.keys["secret_key"]
        headers = {"apikey": key, "prefer": "return=representation"}
        async with httpx.AsyncClient(base_url=served.url + "/rest/v1", headers=headers) as http:
            for _ in range(count):
                one = self._membership if self._dice.random() < 0.3 else self._row
                (await one(http)).raise_for_status()

    async def _membership(self, http: httpx.AsyncClient) -> httpx.Response:
        one = self._dice.choice(self._rooms), self._dice.choice(self._owners)
        self._members ^= {one}
        room, member = one
        if one in self._members:
            return await http.post("/members", json={"room": room, "member": member})
        which = {"room": f"eq.{room}", "member": f"eq.{member}"}
        return await http.delete("/members", params=which)

    async def _row(self, http: httpx.AsyncClient) -> httpx.Response:
        dice = self._dice
        one: dict[str, Any] = {"n": dice.randrange(100), "public": dice.random() < 0.2}
        one |= {"owner": dice.choice(self._owners), "room": dice.choice(self._rooms)}
        if not self._ids or dice.random() < 0.4:
            answer = await http.post("/notes", json=one)
            self._ids.append(answer.raise_for_status().json()[0]["id"])
            return answer
        if dice.random() < 0.7:
            which = {"id": f"eq.{dice.choice(self._ids)}"}
            return await http.patch("/notes", params=which, json=one)
        gone = self._ids.pop(dice.randrange(len(self._ids)))
        return await http.delete("/notes", params={"id": f"eq.{gone}"})


async def write_all(writers: list[Writer], served: Served, count: int) -> None:
    """Have all writers write at a time."""
    await asyncio.gather(*(writer.write(served, count) for writer in writers))


@dataclass(frozen=True)
class Database:
    """Where a project's rows are: a file beside it, or a database of PostgreSQL."""

    project: Path
    url: str | None

    def serve(self) -> Served:
        """Start the server."""
        env = {} if self.url is None else {"JOTBASE_DATABASE_URL": self.url}
        return start(self.project, env=env)

    async def log(self) -> Log:
        """Return all changes in the log."""
        rows = self._of_file() if self.url is None else await _of_postgres(self.url)
        return [
            (one, table, json.loads(old or "null"), json.loads(new or "null"))
            for one, table, old, new in rows
        ]

    def _of_file(self) -> list[Any]:
        [database] = self.project.rglob("*.db")
        query = 'SELECT number, "table", old, new FROM "jotbase.changes" ORDER BY number'
        with closing(sqlite3.connect(database)) as connection:
            return connection.execute(query).fetchall()


async def _of_postgres(url: str) -> list[Any]:
    query = 'SELECT number, "table", old, new FROM "jotbase"."changes" ORDER BY number'
    async with asyncio.timeout(20):
        connection = await asyncpg.connect(url)
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()


def expected(log: Log, user: str, *, filtered: bool, after: int) -> list[Told]:
    """Replay the log with the rule and the filter: what a user must have been told."""
    rooms: set[int] = set()
    told: list[Told] = []

    rows: dict[int, Any] = {}

    def sees(row: Any) -> bool:
        return row["owner"] == user or bool(row["public"]) or row["room"] in rooms

    def fits(row: Any) -> bool:
        return row is not None and not (filtered and row["n"] < 30) and sees(row)

    for change, table, old, new in log:
        if table == "members":
            row = old or new
            if row["member"] == user:
                seen = [rows[one] for one in sorted(rows) if sees(rows[one])]
                rooms = rooms | {row["room"]} if new else rooms - {row["room"]}
                gone = [one for one in seen if not sees(one)]
                for place, one in enumerate(gone, 1):
                    if change > after and not (filtered and one["n"] < 30):
                        told.append(("DELETE", one["id"], change - (place < len(gone))))
            continue
        if change > after and (fits(new) or fits(old)):
            kind = ("UPDATE" if old else "INSERT") if fits(new) else "DELETE"
            told.append((kind, (new or old)["id"], change))
        rows.pop((old or new)["id"], None)
        if new is not None:
            rows[new["id"]] = new
    return told


def once(told: list[Told], log: Log) -> list[Told]:
    """Leave out what is told again of a membership's change: of the rows that it hides all but the
    last have the cursor before it.
    """
    hiding = {number - 1 for number, table, _, _ in log if table == "members"}
    again = {index for index, one in enumerate(told) if one in told[:index] and one[2] in hiding}
    return [one for index, one in enumerate(told) if index not in again or one[0] != "DELETE"]


async def accidents(
    line: LossyLine, served: Served, writers: list[Writer], dice: Random, database: Database
) -> Served:
    """Write round by round, with an accident in the middle of each."""
    for accident in ACCIDENTS * int(os.environ.get("JOTBASE_LOSS_ROUNDS") or 1):
        before = dice.randrange(WRITES)
        await write_all(writers, served, before)
        if accident == "cut":
            line.cut()
        await write_all(writers, served, WRITES - before)
        if accident == "kill":
            served.kill()
            served = await asyncio.to_thread(database.serve)
            line.target = served.url
    return served


async def play(database: Database, seed: int) -> None:
    """Have clients of three kinds, with and without a filter, follow through all accidents."""
    dice, served = Random(seed), await asyncio.to_thread(database.serve)
    try:
        async with lossy_line() as line:
            line.target = served.url
            people = [_signed_up(served, f"{name}@example.com") for name in ("ana", "ben", "cas")]
            owners = [user for user, _ in people]
            writers = [Writer(Random(seed + one), owners, (2 * one, 2 * one + 1)) for one in (0, 1)]
            await write_all(writers, served, 20)
            clients = []
            for index, way in enumerate((raw, by_supabase_py, by_supabase_js) * 2):
                user, token = people[index % 3]
                wanted = FILTER if index >= 3 else None
                key = served.keys["publishable_key"]
                task = asyncio.create_task(way(line.url, key, token, wanted))
                clients.append((way.__name__, user, wanted is not None, task))
            served = await accidents(line, served, writers, dice, database)
            end = {"n": 99, "title": "end", "public": True, "owner": people[0][0]}
            headers = {"apikey": served.keys["secret_key"]}
            await asyncio.to_thread(served.ask, "POST", "/rest/v1/notes", end, headers=headers)
            for name, user, filtered, task in clients:
                async with asyncio.timeout(60):
                    told = await task
                log = await database.log()
                first = [position for kind, _, position in told if kind == "ROW"]
                changes = once([one for one in told if one[0] != "ROW"], log)
                assert name == "raw" or first, name
                after = first[0] if first else 0
                assert changes == expected(log, user, filtered=filtered, after=after), name
    finally:
        served.kill()


def _signed_up(served: Served, email: str) -> tuple[str, str]:
    body = {"email": email, "password": "correct horse battery"}
    session = served.ask("POST", "/auth/v1/signup", body)
    return session["user"]["id"], session["access_token"]


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """A project of notes and members, on each engine."""
    project = write_project(tmp_path, {"notes": TABLE, "members": MEMBERS})
    if request.param == "sqlite":
        return Database(project, None)
    server: Server = request.getfixturevalue("postgres_server")
    return Database(project, asyncio.run(server.create()))


def test_every_client_has_had_what_the_log_says(database: Database) -> None:
    """A raw client, supabase-py and supabase-js with their helpers, through cuts and a kill."""
    seed = int(os.environ.get("JOTBASE_LOSS_SEED") or Random().randrange(1 << 32))
    sys.stdout.write(f"JOTBASE_LOSS_SEED={seed}\n")
    asyncio.run(play(database, seed))
