"""What a running backend does from time to time, while an engine runs."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.contract.board import post

from jotbase.background import upkeep
from jotbase.background.upkeep import prune_periodically
from jotbase.engines.sqlite import SqliteEngine
from jotbase.settings import Settings

pytestmark = pytest.mark.anyio


async def test_the_log_is_pruned_soon_after_the_start(
    engine: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is restarted often prunes as well."""
    monkeypatch.setattr(upkeep, "PRUNE_FIRST", 0)
    await asyncio.gather(*(engine.write(post(f"t{n}")) for n in range(20)))
    prune, pruned = engine.prune, asyncio.Event()

    async def told(keep_rows: int) -> int:
        gone = await prune(keep_rows)
        pruned.set()
        return gone

    monkeypatch.setattr(engine, "prune", told)
    pruning = asyncio.create_task(prune_periodically(engine, replace(Settings(), changes_keep=5)))
    await asyncio.wait_for(pruned.wait(), 20)
    pruning.cancel()

    assert await engine.last_change() == (16, 20)
