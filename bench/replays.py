"""The replays part: what readers by key wait for beside anonymous sockets that replay the log.

Two sockets join as many channels as a socket may, each from the beginning of the log. Must not know
how a server keeps replays off its readers.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import statistics
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from client import Client
from listening import Listener
from load import wrk
from processes import stop
from servers import SERVERS, launch, run
from workloads import raw

SOCKETS, CHANNELS = 2, 100
READERS = 8
#: Changes in the log: more than all replays tell of in a measurement.
LOGGED = 10_000
BATCH = 1_000
NAMES = ("alone", "replays")


def measure(
    folder: Path, *, seconds: float, rounds: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Medians of the rounds' p99 of reads, in seconds, alone and beside the replays."""
    server = SERVERS["jotbase"]
    plan = launch(server, folder / "jotbase", 1)
    columns = {"id": {"type": "integer"}, "text": {"type": "string"}}
    table = {"type": "object", "properties": columns, "required": ["id"], "primaryKey": ["id"]}
    schema = {**table, "access": {"select": "True"}, "realtime": True}
    (plan.folder / "project/schemas/told.json").write_text(json.dumps(schema))
    child, _ = run(plan)
    seen: dict[str, list[float]] = {name: [] for name in NAMES}
    told: list[int] = []
    try:
        callers, client = server.sign_up(plan), Client(plan.port)
        for first in range(1, LOGGED + 1, BATCH):
            rows = [{"id": n, "text": f"row {n}"} for n in range(first, first + BATCH)]
            client.need("POST", "/rest/v1/told", callers.service, rows)
        user = callers.users[0]
        pool = plan.folder / "replays.requests"
        pool.write_bytes(raw(plan.port, "GET", "/rest/v1/told?id=eq.3", user.headers))
        for _ in range(rounds):
            seen["alone"].append(wrk(plan.port, pool, READERS, seconds)["p99"] / 1e6)
            with _replaying(plan.port, user.headers["apikey"]) as counted:
                seen["replays"].append(wrk(plan.port, pool, READERS, seconds)["p99"] / 1e6)
            told += counted
    finally:
        stop(child)
    p99 = {name: statistics.median(found) for name, found in seen.items()}
    for name, found in p99.items():
        say(f"reads' p99, {name}: {found * 1000:.1f} ms, {found / p99['alone']:.2f} x")
    say(f"changes told in each round: {told} of {LOGGED * SOCKETS * CHANNELS:,}")
    return {"p99": p99, "told": told}


@contextlib.contextmanager
def _replaying(port: int, apikey: str) -> Iterator[list[int]]:
    """Have all channels replay, read by a process of its own; holds in the end how many changes
    were told.
    """
    counted: list[int] = []
    context = multiprocessing.get_context("fork")
    reader, writer = context.Pipe(duplex=False)
    over = context.Event()
    process = context.Process(target=_replay_on, args=(port, apikey, over, writer))
    process.start()
    try:
        reader.recv()  # all have asked to join
        yield counted
        over.set()
        counted.append(reader.recv())
    finally:
        over.set()
        process.join(20)
        process.kill()


def _replay_on(port: int, apikey: str, over: Event, answer: Any) -> None:
    def read(listener: Listener) -> int:
        count = 0
        while not over.is_set() and count < LOGGED * CHANNELS:
            listener.told(b'"event":"postgres_changes"')
            count += 1
        return count

    with contextlib.ExitStack() as stack, ThreadPoolExecutor(SOCKETS) as threads:
        listeners = [stack.enter_context(Listener(port, apikey)) for _ in range(SOCKETS)]
        for listener in listeners:
            for number in range(CHANNELS):
                listener.join(f"replay{number}", "told", cursor=0)
        answer.send(True)
        counts = list(threads.map(read, listeners))
    answer.send(sum(counts))
