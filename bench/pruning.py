"""The pruning part: inserts a second beside the pruning of a full change log, and without.

Two servers run with the same rows; one of them may keep everything, the other has all of a long log
to prune. Must not know how the log is pruned.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from client import Client
from load import wrk
from processes import free_port, stop
from servers import SERVERS, Callers, Launch, launch, run
from workloads import new_job, raw, seed

WRITERS = 16
ROWS = 1_000
#: Changes to be pruned for each second of a measurement: more than can be pruned in it.
LOGGED_PER_SECOND = 30_000
KEEPS = {"without": 1_000_000_000, "pruning": 1_000}
#: The server prunes for the first time two seconds after its start.
FIRST_PRUNE_SECONDS = 2.0


class NotPruned(RuntimeError):
    """A log that was not being pruned for the whole of the measurement."""


def measure(
    folder: Path, *, seconds: float, rounds: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Inserts a second; medians of the rounds, each on a copy of the same database."""
    server = SERVERS["jotbase"]
    plan = launch(server, folder / "jotbase", 1)
    child, _ = run(plan)
    try:
        callers = server.sign_up(plan)
        client = Client(plan.port)
        seed(client, callers, ROWS, server.batch, server.generic)
        client.close()
    finally:
        stop(child)
    data = plan.folder / "project/data"
    _fill_log(data / "jotbase.db", round(LOGGED_PER_SECOND * (seconds + 1)))
    shutil.copytree(data, folder / "full")
    pool = plan.folder / "pruning.requests"
    rates: dict[str, list[float]] = {name: [] for name in KEEPS}
    left: list[int] = []
    for number in range(rounds):
        # Who comes first changes each round: the system may still be writing what the other did.
        for name in sorted(KEEPS, reverse=bool(number % 2)):
            shutil.rmtree(data)
            shutil.copytree(folder / "full", data)
            os.sync()
            rates[name].append(_rate(plan, callers, pool, name, seconds))
            if name == "pruning":
                left.append(_logged(data / "jotbase.db"))
                say(f"changes left to prune: {left[-1]:,}")
    medians = {name: statistics.median(found) for name, found in rates.items()}
    for name, rate in medians.items():
        say(f"inserts, {name}: {rate:,.0f}/s, {rate / medians['without']:.2f} x")
    return {"rates": medians, "left": min(left)}


def _rate(plan: Launch, callers: Callers, pool: Path, name: str, seconds: float) -> float:
    """Start, wait until pruning has begun, and insert from some clients."""
    port = free_port()
    command = tuple(str(port) if word == str(plan.port) else word for word in plan.command)
    env = {**plan.env, "JOTBASE_CHANGES_KEEP": str(KEEPS[name])}
    _write_pool(pool, port, callers)
    child, _ = run(replace(plan, port=port, command=command, env=env))
    try:
        time.sleep(FIRST_PRUNE_SECONDS)
        figures = wrk(port, pool, WRITERS, seconds)
    finally:
        stop(child)
    if figures["refused"]:
        raise NotPruned(f"{figures['refused']} of {figures['requests']} inserts were refused")
    return figures["requests"] / figures["microseconds"] * 1e6


def _write_pool(pool: Path, port: int, callers: Callers) -> None:
    dice = random.Random(2026)
    users = [dice.choice(callers.users) for _ in range(512)]
    requests = (
        raw(port, "POST", "/rest/v1/jobs", user.headers, new_job(user, number))
        for number, user in enumerate(users)
    )
    pool.write_bytes(b"\0".join(requests))


def _fill_log(database: Path, count: int) -> None:
    """Repeat what the log holds until it has that many changes; nobody serves it meanwhile."""
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        names = [row[1] for row in connection.execute('PRAGMA table_info("jotbase.changes")')]
        columns = ", ".join(f'"{name}"' for name in names if name != "number")
        (newest, held) = connection.execute(
            'SELECT max(number), count(*) FROM "jotbase.changes"'
        ).fetchone()
        connection.execute(
            f"WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count})"
            f' INSERT INTO "jotbase.changes" (number, {columns}) SELECT {newest} + n, {columns}'
            f' FROM s JOIN "jotbase.changes" ON number = {newest} - n % {held}'
        )


def _logged(database: Path) -> int:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        (count,) = connection.execute('SELECT count(*) FROM "jotbase.changes"').fetchone()
    return int(count)
