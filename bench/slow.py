"""The slow part: what readers by key and subscribers wait for beside statements of seconds.

Readers and events are measured at one time, without and with slow statements, in turn. Must not
know how a server keeps them apart.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import multiprocessing
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from client import Client
from listening import Listener, token_of
from load import wrk
from processes import stop
from servers import SERVERS, Callers, User, launch, run
from workloads import raw

CROWDS = (4, 16)
READERS = 8
LISTENERS = 4
ROWS = 200_000
#: The time between two changes that subscribers are told.
PAUSE = 0.02
OPEN = {"access": dict.fromkeys(("select", "insert"), "True")}
#: One slow statement is of Python's operators, the other of SQLite's own.
QUESTIONS = (
    "/rest/v1/slow?select=id&text=plfts.nothing",
    "/rest/v1/slow?select=id&text=like.*a*b*c*nothing*&order=text",
)
P99s = dict[str, dict[str, float]]


def measure(
    folder: Path, *, seconds: float, rounds: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Medians of the rounds' p99 of reads and of events, in seconds, by the number of statements
    that run beside them (none: "alone").
    """
    server = SERVERS["jotbase"]
    plan = launch(server, folder / "jotbase", 1)
    _write(plan.folder / "project")
    child, _ = run(plan)
    try:
        callers = server.sign_up(plan)
        stop(child)
        _fill(plan.folder / "project/data/jotbase.db")
        child, _ = run(plan)
        pool = plan.folder / "slow.requests"
        pool.write_bytes(raw(plan.port, "GET", "/rest/v1/slow?id=eq.3", callers.users[0].headers))
        seen = _rounds(plan.port, callers, pool, seconds, rounds)
    finally:
        stop(child)
    p99 = {
        kind: {name: statistics.median(found) for name, found in by_name.items()}
        for kind, by_name in seen.items()
    }
    for kind, by_name in p99.items():
        for name, found in by_name.items():
            ratio = found / by_name["alone"]
            say(f"{kind}' p99 beside {name}: {found * 1000:.1f} ms, {ratio:.2f} x")
    return {"p99": p99}


def _rounds(
    port: int, callers: Callers, pool: Path, seconds: float, rounds: int
) -> dict[str, dict[str, list[float]]]:
    seen: dict[str, dict[str, list[float]]] = {"reads": {}, "events": {}}
    for _ in range(rounds):
        for crowd in (0, *CROWDS):
            name = f"{crowd} statements" if crowd else "alone"
            with asking(port, callers.users, crowd, QUESTIONS):
                with events(port, callers.users[0], seconds) as told:
                    reads = wrk(port, pool, READERS, seconds)["p99"] / 1e6
                seen["reads"].setdefault(name, []).append(reads)
                seen["events"].setdefault(name, []).append(p99_of(told.result()))
    return seen


def p99_of(taken: Sequence[float]) -> float:
    """Return the time that one of a hundred takes longer than."""
    return statistics.quantiles(taken, n=100, method="inclusive")[98]


def _write(project: Path) -> None:
    text, key = {"type": ["string", "null"]}, {"type": "integer"}
    for name, live in (("slow", False), ("told", True)):
        key = {**key, **({"identity": True, "readOnly": True} if live else {})}
        schema = {"type": "object", "properties": {"id": key, "text": text}, "primaryKey": ["id"]}
        required = {} if live else {"required": ["id"]}
        text_of = json.dumps({**schema, **required, **OPEN, "realtime": live})
        (project / f"schemas/{name}.json").write_text(text_of)


def _fill(database: Path) -> None:
    """Fill the table while nobody serves it."""
    numbers = f"WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {ROWS})"
    text = "'about ' || n || ' boats and cabins ' || hex(n * 7919)"
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(f"{numbers} INSERT INTO slow (id, text) SELECT n, {text} FROM s")


# Who asks and who is told -------------------------------------------------------------------------


@contextlib.contextmanager
def asking(
    port: int, users: Sequence[User], crowd: int, questions: Sequence[str]
) -> Iterator[None]:
    """Keep that many questions under way, from a process of its own; answers do not matter."""
    if not crowd:
        yield
        return
    over = multiprocessing.Event()
    headers = [dict(user.headers) for user in users[1:]]
    process = multiprocessing.Process(target=_ask_on, args=(port, headers, crowd, questions, over))
    process.start()
    try:
        yield
    finally:
        over.set()
        process.join(20)
        process.kill()


def _ask_on(
    port: int, headers: Sequence[dict[str, str]], crowd: int, questions: Sequence[str], over: Event
) -> None:
    def ask(number: int) -> None:
        client, question = Client(port), questions[number % len(questions)]
        while not over.is_set():
            status, _ = client.ask("GET", question, headers[number % len(headers)])
            if status >= 429:  # refused at once: as a client does, come back a little later
                over.wait(0.2)
        client.close()

    with ThreadPoolExecutor(crowd) as threads:
        list(threads.map(ask, range(crowd)))


@contextlib.contextmanager
def events(port: int, user: User, seconds: float) -> Iterator[Future[list[float]]]:
    """Tell some subscribers a change now and then; the seconds from each insert to each of them."""
    context = multiprocessing.get_context("fork")
    reader, writer = context.Pipe(duplex=False)
    arguments = (port, dict(user.headers), seconds, writer)
    process = context.Process(target=_told, args=arguments)
    process.start()
    told: Future[list[float]] = Future()
    try:
        reader.recv()  # all have joined
        yield told
        told.set_result(reader.recv())
    finally:
        process.join(20)
        process.kill()


def _told(port: int, headers: dict[str, str], seconds: float, answer: Any) -> None:
    """Write rows that say when they were written; send how long each took to each listener."""
    taken: list[float] = []
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(LISTENERS) as threads:
        listeners = [stack.enter_context(_joined(port, headers)) for _ in range(LISTENERS)]
        answer.send(True)
        hearing = [threads.submit(_hear, listener, taken) for listener in listeners]
        client, end = Client(port), time.monotonic() + seconds
        for number in itertools.count():
            last = time.monotonic() >= end
            row = {"text": "last" if last else f"{time.monotonic()}"}
            client.need("POST", "/rest/v1/told", {**headers, "Prefer": "return=minimal"}, row)
            if last and number > 1:
                break
            time.sleep(PAUSE)
        for heard in hearing:
            heard.result()
    answer.send(taken)


def _joined(port: int, headers: dict[str, str]) -> Listener:
    listener = Listener(port, headers["apikey"])
    listener.join("slow", "told", token=token_of(headers))
    listener.told(b"Subscribed to PostgreSQL")
    return listener


def _hear(listener: Listener, taken: list[float]) -> None:
    while True:
        message = json.loads(listener.told(b'"event":"postgres_changes"'))
        written = message["payload"]["data"]["record"]["text"]
        if written == "last":
            return
        taken.append(time.monotonic() - float(written))
