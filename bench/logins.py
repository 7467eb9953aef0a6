"""The logins part: what readers by key wait for beside many log-ins at once.

Every log-in has the right password, since wrong ones are soon refused. Must not know how a server
hashes passwords.
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
from load import wrk
from processes import stop
from servers import PASSWORD, SERVERS, USERS, launch, run
from workloads import raw, seed

CROWDS = (64, 400)
READERS = 8
#: How long a client that was refused for lack of room waits before it asks again.
AGAIN_SECONDS = 0.5


def measure(
    folder: Path, *, seconds: float, rounds: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Medians of the rounds' p99 of reads, in seconds, by the number of log-ins under way."""
    server = SERVERS["jotbase"]
    plan = launch(server, folder / "jotbase", 1)
    child, _ = run(plan)
    seen: dict[str, list[float]] = {}
    answers: list[dict[str, int]] = []
    try:
        callers, client = server.sign_up(plan), Client(plan.port)
        seed(client, callers, 10, server.batch, server.generic)
        user = callers.users[0]
        pool = plan.folder / "logins.requests"
        pool.write_bytes(raw(plan.port, "GET", "/rest/v1/jobs?id=eq.3", user.headers))
        for _ in range(rounds):
            for crowd in (0, *CROWDS):
                name = f"{crowd} log-ins" if crowd else "alone"
                with _logging_in(plan.port, user.headers["apikey"], crowd) as answered:
                    p99 = wrk(plan.port, pool, READERS, seconds)["p99"] / 1e6
                seen.setdefault(name, []).append(p99)
                answers.append(answered)
    finally:
        stop(child)
    p99s = {name: statistics.median(found) for name, found in seen.items()}
    for name, found in p99s.items():
        say(f"reads' p99 beside {name}: {found * 1000:.1f} ms, {found / p99s['alone']:.2f} x")
    say("log-ins: " + json.dumps(answers))
    return {"p99": p99s}


@contextlib.contextmanager
def _logging_in(port: int, apikey: str, crowd: int) -> Iterator[dict[str, int]]:
    """Keep that many log-ins under way, from a process of its own; fills in, by status, how many
    were answered when it is over.
    """
    answered: dict[str, int] = {}
    if not crowd:
        yield answered
        return
    context = multiprocessing.get_context("fork")
    reader, writer = context.Pipe(duplex=False)
    over = context.Event()
    process = context.Process(target=_log_in_on, args=(port, apikey, crowd, over, writer))
    process.start()
    try:
        reader.recv()  # all are connected and have asked
        yield answered
        over.set()
        answered |= reader.recv()
    finally:
        over.set()
        process.join(20)
        process.kill()


def _log_in_on(port: int, apikey: str, crowd: int, over: Event, answer: Any) -> None:
    statuses: list[int] = []

    def log_in(number: int) -> None:
        client = Client(port)
        body = {"email": f"user{number % USERS}@example.com", "password": PASSWORD}
        while not over.is_set():
            path = "/auth/v1/token?grant_type=password"
            status, _ = client.ask("POST", path, {"apikey": apikey}, body)
            statuses.append(status)
            if status != 200:
                over.wait(AGAIN_SECONDS)
        client.close()

    with ThreadPoolExecutor(crowd) as threads:
        running = [threads.submit(log_in, number) for number in range(crowd)]
        answer.send(True)
        for each in running:
            each.result()
    answer.send({str(status): statuses.count(status) for status in set(statuses)})
