"""Presence, private topics and broadcasts, as the official clients use them."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from postgrest.types import ReturnMethod
from supabase import AsyncClient, acreate_client
from tests.process.server import Served, serving, write_project

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
SCRIPT = Path(__file__).parent / "supabase_js_rooms.mjs"
IN = "any(m.room == topic.id and m.user == user.id for m in members)"
MEMBERS = {
    "properties": {
        "id": {"type": "integer", "identity": True},
        "room": {"type": "integer"},
        "user": {"type": "string", "format": "uuid"},
    },
    "required": ["room", "user"],
    "primaryKey": ["id"],
    "access": {"select": "row.user == user.id", "insert": "new.user == user.id"},
}
WORDS = {
    "properties": {
        "id": {"type": "integer", "identity": True},
        "topic": {"type": "string"},
        "event": {"type": "string"},
        "payload": {"type": "object"},
        "inserted_at": {"type": "string", "format": "date-time", "defaultExpression": "now()"},
    },
    "required": ["topic", "event", "payload", "inserted_at"],
    "primaryKey": ["id"],
    "realtime": "broadcast",
    "access": {"insert": "user.id is not None"},
}
CHANNELS = {
    "topics": {
        "room:{id}": {
            "parts": {"id": {"type": "integer"}},
            "access": {"read": IN, "write": IN, "writePresence": IN},
        }
    }
}


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """The client leaves its sockets to the garbage collector: now, not in somebody else's test."""
    yield
    gc.collect()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with members of rooms."""
    write_project(tmp_path, {"members": MEMBERS, "words": WORDS})
    (tmp_path / "channels.json").write_text(json.dumps(CHANNELS))
    return tmp_path


@pytest.mark.node
def test_supabase_js_meets_in_a_private_room(project: Path) -> None:
    """Two clients see, hear and leave each other; a third is told why it may not come in."""
    with serving(project) as served:
        key = served.keys["publishable_key"]
        run = subprocess.run(
            ["node", str(SCRIPT), served.url, key],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert run.returncode == 0, run.stderr
    reason = "Unauthorized: You do not have permissions to read from this Channel topic: room:7"
    assert json.loads(run.stdout) == {
        "tracked": "ok",
        "also_tracked": "ok",
        "joined": "glad",
        "acknowledged": "ok",
        "heard": {"n": 1},
        "posted_status": True,
        "posted": {"n": 2},
        "present": ["ana", "ben"],
        "left": "ben",
        "refused": reason,
    }


@pytest.mark.node
def test_supabase_js_is_told_messages_of_the_database_again(project: Path) -> None:
    """A row that is inserted is a message: to who is there, and to who joins with `replay`."""
    script = SCRIPT.with_name("supabase_js_replay.mjs")
    with serving(project) as served:
        run = subprocess.run(
            ["node", str(script), served.url, served.keys["publishable_key"]],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert run.returncode == 0, run.stderr
    first = {"event": "first", "payload": {"n": 1}}
    assert json.loads(run.stdout) == {
        "live": [first | {"meta": {"id": "1"}}],
        "again": [
            first | {"meta": {"replayed": True, "id": "1"}},
            {"event": "second", "payload": {"n": 2}, "meta": {"id": "2"}},
        ],
    }


async def _member(served: Served, email: str) -> AsyncClient:
    client = await acreate_client(served.url, served.keys["publishable_key"])
    answer = await client.auth.sign_up({"email": email, "password": "correct horse"})
    assert answer.user is not None
    await client.table("members").insert({"room": 7, "user": answer.user.id}).execute()
    await client.realtime.set_auth((await client.auth.get_session()).access_token)  # type: ignore[union-attr]
    return client


async def _meet(served: Served) -> dict[str, Any]:
    ana = await _member(served, "ana@example.com")
    ben = await _member(served, "ben@example.com")
    heard: asyncio.Queue[Any] = asyncio.Queue()
    config: Any = {"private": True, "broadcast": {"ack": True, "self": False}}

    def room(client: AsyncClient, key: str) -> Any:
        presence = {"key": key, "enabled": True}
        options: Any = {"config": {**config, "presence": presence}}
        return client.channel("room:7", options)

    here, there = room(ana, "ana"), room(ben, "ben")
    here.on_presence_join(lambda key, _, new: heard.put_nowait((key, new[0]["mood"])))
    here.on_presence_leave(lambda key, _, left: heard.put_nowait((key, "left")))
    here.on_broadcast("hello", lambda message: heard.put_nowait(message["payload"]))
    ready: asyncio.Queue[str] = asyncio.Queue()
    for channel in (here, there):
        await channel.subscribe(lambda status, error: ready.put_nowait(status.value))
        assert await asyncio.wait_for(ready.get(), 10) == "SUBSCRIBED"
    await there.track({"mood": "glad"})
    told = {"joined": await asyncio.wait_for(heard.get(), 10)}
    await there.send_broadcast("hello", {"n": 1})
    told["heard"] = await asyncio.wait_for(heard.get(), 10)
    await ben.remove_channel(there)
    told["left"] = await asyncio.wait_for(heard.get(), 10)
    for client in (ana, ben):
        await client.remove_all_channels()
        await client.realtime.close()
    return told


def test_supabase_python_meets_in_a_private_room(project: Path) -> None:
    """Two clients see, hear and leave each other."""
    with serving(project) as served:
        told = asyncio.run(_meet(served))

    assert told == {"joined": ("ben", "glad"), "heard": {"n": 1}, "left": ("ben", "left")}


async def _hear_again(served: Served) -> list[Any]:
    ana = await _member(served, "ana@example.com")
    row: dict[str, Any] = {"topic": "room:7", "event": "e", "payload": {"n": 1}}
    await ana.table("words").insert(row, returning=ReturnMethod.minimal).execute()
    heard: asyncio.Queue[Any] = asyncio.Queue()
    config: Any = {"private": True, "broadcast": {"replay": {"since": 0, "limit": 5}}}
    channel = ana.channel("room:7", {"config": config})
    channel.on_broadcast("e", heard.put_nowait)
    await channel.subscribe()
    told = [await asyncio.wait_for(heard.get(), 10)]
    row["payload"] = {"n": 2}
    await ana.table("words").insert(row, returning=ReturnMethod.minimal).execute()
    told.append(await asyncio.wait_for(heard.get(), 10))
    await ana.remove_all_channels()
    await ana.realtime.close()
    return told


def test_supabase_python_is_told_messages_of_the_database_again(project: Path) -> None:
    """The same by the other client."""
    with serving(project) as served:
        first, second = asyncio.run(_hear_again(served))

    assert (first["payload"], first["meta"]) == ({"n": 1}, {"replayed": True, "id": "1"})
    assert (second["payload"], second["meta"]) == ({"n": 2}, {"id": "2"})
