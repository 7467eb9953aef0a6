"""The official Python client against a running server."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from postgrest.exceptions import APIError
from realtime.types import RealtimePostgresChangesListenEvent
from supabase import AsyncClient, acreate_client, create_client
from tests.process.server import NOTES, Served, serving, write_project

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """The client leaves its sockets to the garbage collector: now, not in somebody else's test."""
    yield
    gc.collect()


def test_supabase_python_signs_up_and_does_crud(tmp_path: Path) -> None:
    """`supabase` signs up, writes, reads, is refused what breaks the schema, and signs out."""
    with serving(write_project(tmp_path, {"notes": NOTES})) as served:
        client = create_client(served.url, served.keys["publishable_key"])
        signed = client.auth.sign_up({"email": "ada@example.com", "password": "correct horse"})
        assert signed.user is not None
        inserted = client.table("notes").insert({"text": "first"}).execute()
        assert inserted.data == [{"id": 1, "text": "first", "author": signed.user.id}]
        with pytest.raises(APIError) as refused:
            client.table("notes").insert({"text": ""}).execute()
        assert refused.value.code == "23514"
        updated = client.table("notes").update({"text": "second"}).eq("id", 1).execute()
        assert [row["text"] for row in rows(updated.data)] == ["second"]
        client.auth.refresh_session()
        read = client.table("notes").select("text").like("text", "sec%").execute()
        assert read.data == [{"text": "second"}]
        client.table("notes").delete().eq("id", 1).execute()
        assert client.table("notes").select("*").execute().data == []
        client.auth.sign_out()
        assert client.auth.get_session() is None


def rows(data: Any) -> list[dict[str, Any]]:
    """Return the rows of an answer, whose type the client leaves open."""
    assert isinstance(data, list)
    return data


async def _hear_an_insert(served: Served) -> list[tuple[str, str]]:
    client: AsyncClient = await acreate_client(served.url, served.keys["publishable_key"])
    await client.auth.sign_up({"email": "bob@example.com", "password": "battery staple"})
    heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    subscribed = asyncio.Event()

    def on_change(payload: Any) -> None:
        data = payload["data"]
        heard.put_nowait((data["type"].value, data["record"]["text"]))

    channel = client.channel("notes").on_postgres_changes(
        RealtimePostgresChangesListenEvent.Insert,
        schema="public",
        table="notes",
        callback=on_change,
    )
    await channel.subscribe(lambda state, _: subscribed.set() if state == "SUBSCRIBED" else None)
    await asyncio.wait_for(subscribed.wait(), 20)
    await client.table("notes").insert({"text": "heard"}).execute()
    first = await asyncio.wait_for(heard.get(), 20)
    await client.remove_all_channels()
    return [first]


def test_supabase_python_hears_its_own_insert(tmp_path: Path) -> None:
    """`supabase`'s realtime client receives a change that its user may see."""
    with serving(write_project(tmp_path, {"notes": NOTES})) as served:
        heard = asyncio.run(_hear_an_insert(served))

    assert heard == [("INSERT", "heard")]
