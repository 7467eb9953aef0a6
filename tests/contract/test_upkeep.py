"""What a running backend does from time to time, while an engine runs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from tests.contract.board import post

from jotbase.auth.accounts import audit, ddl
from jotbase.auth.accounts.audit import by_user, entries
from jotbase.auth.accounts.context import Context
from jotbase.auth.sessions.users import User
from jotbase.auth.tokens.policy import AuthPolicy
from jotbase.background import upkeep
from jotbase.background.upkeep import prune_periodically
from jotbase.engines.sqlite import SqliteEngine
from jotbase.settings import Settings
from jotbase.sql.dialect import Dialect
from jotbase.sql.units import UnitOfWork

pytestmark = pytest.mark.anyio


async def test_the_log_is_pruned_soon_after_the_start(
    engine: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is restarted often prunes as well."""
    monkeypatch.setattr(upkeep, "PRUNE_FIRST", 0)
    await asyncio.gather(*(engine.write(post(f"t{n}")) for n in range(20)))
    prune, pruned = engine.prune, asyncio.Event()

    async def told(keep_rows: int, keep_seconds: float | None, untold: int | None) -> int:
        gone = await prune(keep_rows, keep_seconds, untold)
        pruned.set()
        return gone

    monkeypatch.setattr(engine, "prune", told)
    pruning = asyncio.create_task(prune_periodically(engine, replace(Settings(), changes_keep=5)))
    await asyncio.wait_for(pruned.wait(), 20)
    pruning.cancel()

    assert await engine.last_change() == (16, 20)


@pytest.mark.parametrize(("hours", "kept"), [(0, None), (2, 7200.0)])
async def test_the_log_has_a_greatest_age(
    engine: SqliteEngine, monkeypatch: pytest.MonkeyPatch, hours: int, kept: float | None
) -> None:
    """Changes that are older than the setting says go as well; 0 sets no limit."""
    monkeypatch.setattr(upkeep, "PRUNE_FIRST", 0)
    asked: asyncio.Queue[float | None] = asyncio.Queue()

    async def told(keep_rows: int, keep_seconds: float | None, untold: int | None) -> int:
        asked.put_nowait(keep_seconds)
        return 0

    monkeypatch.setattr(engine, "prune", told)
    settings = replace(Settings(), changes_max_age=hours)
    pruning = asyncio.create_task(prune_periodically(engine, settings))
    found = await asyncio.wait_for(asked.get(), 20)
    pruning.cancel()

    assert found == kept


async def test_the_audit_log_is_pruned_by_age(
    engine: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries that are older than the setting says go, the others stay."""
    monkeypatch.setattr(upkeep, "PRUNE_FIRST", 0)
    await engine.write(lambda: ddl.upgrade_tables(engine.dialect))
    for day in (1, 10):
        await engine.write(partial(_entry, engine.dialect, day))
    write, pruned = engine.write, asyncio.Event()

    async def told(*arguments: Any, **more: Any) -> Any:
        result = await write(*arguments, **more)
        if isinstance(arguments[0], partial):  # and not what the engine itself prunes
            pruned.set()
        return result

    monkeypatch.setattr(engine, "write", told)
    kept = replace(Settings(), audit_keep=5)
    pruning = asyncio.create_task(prune_periodically(engine, kept, lambda: 11 * 86_400.0))
    await asyncio.wait_for(pruned.wait(), 20)
    pruning.cancel()

    found, total = await write(lambda: entries(engine.dialect, 10, 0, "", ""))
    assert (total, found[0].created_at[:10]) == (1, "1970-01-11")


async def test_the_audit_log_is_pruned_in_bites(
    engine: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One unit of work after the other, the oldest entries first, until none is left."""
    monkeypatch.setattr(upkeep, "PRUNE_FIRST", 0)
    await engine.write(lambda: ddl.upgrade_tables(engine.dialect))
    for second in range(audit.BITE + 3):
        await engine.write(partial(_entry, engine.dialect, second / 86_400))
    write, left = engine.write, asyncio.Queue[int]()

    async def told(*arguments: Any, **more: Any) -> Any:
        result = await write(*arguments, **more)
        if isinstance(arguments[0], partial):
            _, total = await write(lambda: entries(engine.dialect, 1, 0, "", ""))
            left.put_nowait(total)
        return result

    monkeypatch.setattr(engine, "write", told)
    kept = replace(Settings(), audit_keep=1)
    pruning = asyncio.create_task(prune_periodically(engine, kept, lambda: 2 * 86_400.0))
    found = [await asyncio.wait_for(left.get(), 20) for _ in range(2)]
    pruning.cancel()

    assert found == [3, 0]


def _entry(dialect: Dialect, day: float) -> UnitOfWork[None]:
    user = User("u", "authenticated", "authenticated", "", "")
    random = str(day).encode()
    yield by_user(Context(dialect, AuthPolicy("i"), day * 86_400.0, random), "login", user)
