"""The hooks part: inserts a second into a table with an `@after` hook, and without one.

One server runs at a time, on a copy of the same database; it tells the hook beside the inserts.
Must not know how hooks are told.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from client import Client
from load import wrk
from processes import free_port, stop
from servers import SERVERS, Callers, Launch, launch, run
from workloads import new_job, raw, seed

WRITERS = (2, 16)
ROWS = 1_000
_FUNCTION = """
from jotbase.functions import after, rpc


@rpc
def nothing() -> None: ...
"""
_HOOK = """

@after("insert", "jobs")
def told(change):
    return
"""
CODES = {"without": _FUNCTION, "hook": _FUNCTION + _HOOK}


class Refused(RuntimeError):
    """Inserts that were not made."""


def measure(
    folder: Path, *, seconds: float, rounds: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Inserts a second; medians of the rounds by the number of writers."""
    server = SERVERS["jotbase"]
    plan = launch(server, folder / "jotbase", 1)
    functions = plan.folder / "project/functions"
    functions.mkdir(exist_ok=True)
    child, _ = run(plan)
    try:
        callers = server.sign_up(plan)
        client = Client(plan.port)
        seed(client, callers, ROWS, server.batch, server.generic)
        client.close()
    finally:
        stop(child)
    data = plan.folder / "project/data"
    shutil.copytree(data, folder / "seeded")
    rates: dict[int, dict[str, list[float]]] = {
        writers: {name: [] for name in CODES} for writers in WRITERS
    }
    for number in range(rounds):
        for name in sorted(CODES, reverse=bool(number % 2)):
            shutil.rmtree(data)
            shutil.copytree(folder / "seeded", data)
            os.sync()
            (functions / "__init__.py").write_text(CODES[name])
            for writers, rate in _rates(plan, callers, seconds).items():
                rates[writers][name].append(rate)
    medians = {
        str(writers): {name: statistics.median(found) for name, found in by_name.items()}
        for writers, by_name in rates.items()
    }
    for writers, by_name in medians.items():
        ratio = by_name["hook"] / by_name["without"]
        say(f"inserts, {writers} writers: {by_name['without']:,.0f}/s, with a hook {ratio:.2f} x")
    return {"rates": medians}


def _rates(plan: Launch, callers: Callers, seconds: float) -> dict[int, float]:
    """Start, and insert from few and many clients."""
    port = free_port()
    command = tuple(str(port) if word == str(plan.port) else word for word in plan.command)
    pool = plan.folder / "hooks.requests"
    _write_pool(pool, port, callers)
    child, _ = run(replace(plan, port=port, command=command))
    try:
        return {writers: _rate(port, pool, writers, seconds) for writers in WRITERS}
    finally:
        stop(child)


def _rate(port: int, pool: Path, writers: int, seconds: float) -> float:
    figures = wrk(port, pool, writers, seconds)
    if figures["refused"]:
        raise Refused(f"{figures['refused']} of {figures['requests']} inserts were refused")
    return figures["requests"] / figures["microseconds"] * 1e6


def _write_pool(pool: Path, port: int, callers: Callers) -> None:
    dice = random.Random(2026)
    users = [dice.choice(callers.users) for _ in range(512)]
    requests = (
        raw(port, "POST", "/rest/v1/jobs", user.headers, new_job(user, number))
        for number, user in enumerate(users)
    )
    pool.write_bytes(b"\0".join(requests))
