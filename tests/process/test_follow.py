"""The shipped helpers read first rows again where the line to the server breaks."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from jotbase.follow import FollowError, follow

HERE = Path(__file__).parent
HELPER = HERE.parents[1] / "src/jotbase/studio/follow.js"
#: Outcomes of one read after another: a status, None for no connection, 0 for one that breaks
#: within the answer; then how often it is tried, and what comes of it.
CASES: list[tuple[list[int | None], list[Any]]] = [
    ([None, 503, 0, 200], [4, [[1, "7-x"], [2, "7-x"]]]),
    ([404], [1, "404: no"]),
    ([None, None, None, None, None], [5, "fetch failed"]),
]


@pytest.mark.node
@pytest.mark.parametrize(("outcomes", "told"), CASES)
def test_the_javascript_helper_reads_again(outcomes: list[int | None], told: list[Any]) -> None:
    """Where there is no connection, but not where the server refuses; five times at most."""
    script = ["node", str(HERE / "follow_reads.mjs"), str(HELPER), json.dumps(outcomes)]
    done = subprocess.run(script, capture_output=True, text=True, timeout=60, check=True)

    assert json.loads(done.stdout) == told


@pytest.mark.parametrize(("outcomes", "told"), CASES)
def test_the_python_helper_reads_again(outcomes: list[int | None], told: list[Any]) -> None:
    """The same, by supabase-py's session."""
    assert asyncio.run(_followed(outcomes)) == told


async def _followed(outcomes: list[int | None]) -> list[Any]:
    calls = 0

    def outcome(request: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        status = outcomes[calls - 1]
        if status is None:
            raise httpx.ConnectError("fetch failed", request=request)
        if status == 0:
            raise httpx.RemoteProtocolError("terminated", request=request)
        rows = [{"id": 1}, {"id": 2}]
        if status != 200:
            return httpx.Response(status, text="no")
        return httpx.Response(200, json=rows, headers={"x-jotbase-cursor": "7-x"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(outcome)) as session:
        api = SimpleNamespace(session=session, headers={})
        client = SimpleNamespace(postgrest=api, rest_url="http://x/rest/v1")
        rows: list[Any] = []
        stream = follow(client, "notes")
        try:
            async for one in stream:
                rows.append([(one.row or {})["id"], one.cursor])
                if len(rows) == 2:
                    break
        except FollowError as error:
            return [calls, str(error)]
        return [calls, rows]
