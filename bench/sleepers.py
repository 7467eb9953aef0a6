"""The sleepers part: what inserts wait for beside functions that sleep, before and after a write.

Its clients are few and slow, as Python is; what counts is the same clients with and without
sleepers. Must not know how a server keeps them apart.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from client import Client, Refused
from processes import stop
from servers import SERVERS, User, launch, run

CALLS = 16
SLEEP = 0.5
WRITERS = 4
CODE = f"""
import time
from jotbase.functions import caller, data, rpc


def job(title: str) -> dict:
    return {{"title": title, "company": "company-0", "posted_by": caller().id}}


@rpc
def sleeps(title: str) -> None:
    time.sleep({SLEEP})


@rpc
def sleeps_and_writes(title: str) -> None:
    time.sleep({SLEEP})
    data().post("jobs", job(title))


@rpc
def writes_and_sleeps(title: str) -> None:
    data().post("jobs", job(title))
    time.sleep({SLEEP})
    data().post("jobs", job(title + " again"))
"""
FUNCTIONS = ("sleeps", "sleeps_and_writes", "writes_and_sleeps")


def measure(
    folder: Path, *, seconds: float, rounds: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Inserts alone, then beside each kind of sleeper; medians of the rounds' p99, in seconds."""
    server = SERVERS["jotbase"]
    plan = launch(server, folder / "jotbase", 1)
    place = plan.folder / "project/functions"
    place.mkdir()
    (place / "__init__.py").write_text(CODE)
    child, _ = run(plan)
    seen: dict[str, list[float]] = {name: [] for name in ("alone", *FUNCTIONS)}
    try:
        callers = server.sign_up(plan)
        company = {"handle": "company-0", "name": "Company"}
        Client(plan.port).need("POST", "/rest/v1/companies", callers.service, company)
        for _ in range(rounds):
            for name, found in seen.items():
                with _sleepers(plan.port, callers.users, name):
                    found.append(_p99(plan.port, callers.users[0], seconds))
    finally:
        stop(child)
    result = {name: statistics.median(found) for name, found in seen.items()}
    for name in FUNCTIONS:
        ratio = result[name] / result["alone"]
        say(f"inserts' p99 beside {CALLS} x {name}: {result[name] * 1000:.1f} ms, {ratio:.2f} x")
    return {"p99": result, "calls": CALLS, "sleep": SLEEP}


@contextlib.contextmanager
def _sleepers(port: int, users: Sequence[User], name: str) -> Iterator[None]:
    """Keep that many calls of a function under way, in a process of its own: clients in one process
    would wait for each other. Raises Refused when one of them failed.
    """
    if name not in FUNCTIONS:
        yield
        return
    over = multiprocessing.Event()
    process = multiprocessing.Process(target=_call_on, args=(port, users, name, over))
    process.start()
    try:
        yield
    finally:
        over.set()
        process.join()
    if process.exitcode != 0:
        raise Refused(f"a call of {name} failed")


def _call_on(port: int, users: Sequence[User], name: str, over: Event) -> None:
    def call(number: int) -> None:
        client, user = Client(port), users[number % len(users)]
        for turn in itertools.count():
            if over.is_set():
                break
            body = {"title": f"{name} {number} {turn}"}
            client.need("POST", f"/rest/v1/rpc/{name}", user.headers, body)
        client.close()

    with ThreadPoolExecutor(CALLS) as threads:
        list(threads.map(call, range(CALLS)))


def _p99(port: int, user: User, seconds: float) -> float:
    """Insert from a few clients; return the time that one insert of a hundred takes longer than."""
    taken: list[float] = []

    def insert(number: int) -> None:
        client = Client(port)
        end = time.perf_counter() + seconds
        while (start := time.perf_counter()) < end:
            job = {"title": f"job {number}", "company": "company-0", "posted_by": user.id}
            client.need("POST", "/rest/v1/jobs", user.headers, job)
            taken.append(time.perf_counter() - start)
        client.close()

    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(insert, range(WRITERS)))
    return statistics.quantiles(taken, n=100)[98]
