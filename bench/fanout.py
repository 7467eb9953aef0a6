"""The broadcast part: one change to many sockets, through Jotbase and through the bare loop.

Knows the two processes of clients and the clock. What a change is, each side says in its own way.
"""

from __future__ import annotations

import json
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from client import Client
from processes import Child, await_ready, free_port, last_words, start, stop
from servers import HERE, SERVERS, Callers, base_env, launch, run
from workloads import new_job, seed

CLIENT_PROCESSES = 2
IN_FLIGHT = 8
PATIENCE_SECONDS = 30.0


class Silent(RuntimeError):
    """A process of clients that did not answer in time, or could not connect."""


@dataclass(slots=True)
class Side:
    """One server under test: what its clients say, and how one change is made."""

    name: str
    port: int
    path: str
    joins: tuple[str, ...]
    change: Callable[[Client, int], None]
    crowds: list[Child] = field(default_factory=list)
    singles: list[float] = field(default_factory=list)
    sustained: list[float] = field(default_factory=list)
    uneven: int = 0


def measure(
    folder: Path, *, sockets: int, changes: int, rounds: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Times changes to `sockets` WebSockets: one at a time, and with 8 under way."""
    children: list[Child] = []
    try:
        jotbase = _jotbase(folder / "jotbase", children)
        bare = _bare(folder, children)
        for side in (jotbase, bare):
            _connect(side, sockets, folder, children)
            say(f"{side.name}: {sockets} sockets subscribed")
        frame = _warm_up(jotbase)
        Client(bare.port).need("POST", "/frame", {}, frame.encode())
        _warm_up(bare)
        for number in range(1, rounds + 1):
            for side in (jotbase, bare):
                side.singles += _one_at_a_time(side, changes)
                side.sustained.append(_many_under_way(side, sockets, changes))
            say(f"round {number}/{rounds}: {_summary((jotbase, bare), sockets)}")
        results = {side.name: _figures(side, sockets) for side in (jotbase, bare)}
        return {"sockets": sockets, "changes": changes, "frame_bytes": len(frame), **results}
    finally:
        for child in reversed(children):
            stop(child)


# The two sides -----------------------------------------------------------------------------------


def _jotbase(folder: Path, children: list[Child]) -> Side:
    server = SERVERS["jotbase"]
    plan = launch(server, folder, 1)
    child, _ = run(plan)
    children.append(child)
    callers, client = server.sign_up(plan), Client(plan.port)
    seed(client, callers, 10, server.batch, server.generic)
    client.close()
    poster = callers.users[0]

    def change(connection: Client, number: int) -> None:
        connection.need("POST", "/rest/v1/jobs", poster.headers, new_job(poster, number))

    key = quote(callers.users[0].headers["apikey"])
    path = f"/realtime/v1/websocket?apikey={key}&vsn=1.0.0"
    return Side("jotbase", plan.port, path, _joins(callers), change)


def _joins(callers: Callers) -> tuple[str, ...]:
    """One join for each user: the rule binds user.id, so there are as many groups as users."""
    watched = [{"event": "INSERT", "schema": "public", "table": "jobs"}]
    return tuple(
        json.dumps(
            {
                "topic": "realtime:bench",
                "event": "phx_join",
                "ref": "1",
                "join_ref": "1",
                "payload": {
                    "config": {"postgres_changes": watched},
                    "access_token": user.headers["Authorization"].removeprefix("Bearer "),
                },
            }
        )
        for user in callers.users
    )


def _bare(folder: Path, children: list[Child]) -> Side:
    port = free_port()
    command = (sys.executable, str(HERE / "broadcast/bare.py"), str(port))
    child = start(command, folder, base_env(), folder / "bare.log")
    children.append(child)
    await_ready(child, port)

    def change(connection: Client, number: int) -> None:
        connection.need("POST", "/fire", {})

    return Side("bare", port, "/", (), change)


# The clients -------------------------------------------------------------------------------------


def _connect(side: Side, sockets: int, folder: Path, children: list[Child]) -> None:
    plan = {
        "port": side.port,
        "path": side.path,
        "sockets": sockets // CLIENT_PROCESSES,
        "joins": side.joins,
        "joined": '"status":"ok"',
        "counts": "New position",
    }
    for number in range(CLIENT_PROCESSES):
        crowd = start(
            (sys.executable, str(HERE / "broadcast/clients.py")),
            folder,
            base_env(),
            folder / f"{side.name}-clients-{number}.log",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        children.append(crowd)
        side.crowds.append(crowd)
        tell(crowd, json.dumps(plan))
    for crowd in side.crowds:
        hear(crowd)


def tell(crowd: Child, line: str) -> None:
    assert crowd.process.stdin is not None
    crowd.process.stdin.write(line.encode() + b"\n")
    crowd.process.stdin.flush()


def hear(crowd: Child) -> dict[str, Any]:
    """One line of a process of clients; raises Silent when none comes."""
    assert crowd.process.stdout is not None
    if not select.select([crowd.process.stdout], [], [], PATIENCE_SECONDS)[0]:
        raise Silent(f"nothing heard in {PATIENCE_SECONDS:.0f} s: {last_words(crowd)}")
    line = crowd.process.stdout.readline()
    heard: dict[str, Any] = json.loads(line) if line else {"failed": last_words(crowd)}
    if "failed" in heard:
        raise Silent(heard["failed"])
    return heard


def _warm_up(side: Side) -> str:
    """Ten changes; gives the text of a frame as the clients got it."""
    _one_at_a_time(side, 10)
    tell(side.crowds[0], "sample")
    return str(hear(side.crowds[0])["sample"])


# What is timed -----------------------------------------------------------------------------------


def _one_at_a_time(side: Side, changes: int) -> list[float]:
    """Seconds from sending each change to its arrival at the last socket."""
    client, seconds = Client(side.port), []
    for number in range(changes):
        _expect(side, 1)
        began = time.monotonic()
        side.change(client, number)
        seconds.append(_all_told(side) - began)
    client.close()
    return seconds


def _many_under_way(side: Side, sockets: int, changes: int) -> float:
    """Deliveries a second when 8 clients make the changes, each its next once one is answered."""
    each = changes // IN_FLIGHT
    clients = [Client(side.port) for _ in range(IN_FLIGHT)]
    _expect(side, each * IN_FLIGHT)
    began = time.monotonic()

    def make(client: Client) -> None:
        for number in range(each):
            side.change(client, number)
        client.close()

    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        for done in [pool.submit(make, client) for client in clients]:
            done.result()
    return sockets * each * IN_FLIGHT / (_all_told(side) - began)


def _expect(side: Side, each: int) -> None:
    for crowd in side.crowds:
        tell(crowd, f"expect {each}")
    for crowd in side.crowds:
        hear(crowd)


def _all_told(side: Side) -> float:
    heard = [hear(crowd) for crowd in side.crowds]
    side.uneven += sum(answer["uneven"] + answer["lost"] for answer in heard)
    return max(float(answer["last"]) for answer in heard)


def _figures(side: Side, sockets: int) -> dict[str, Any]:
    single = statistics.median(side.singles)
    return {
        "milliseconds": single * 1000,
        "single_rate": sockets / single,
        "sustained_rate": statistics.median(side.sustained),
        "uneven": side.uneven,
    }


def _summary(sides: Sequence[Side], sockets: int) -> str:
    return ", ".join(
        f"{side.name} {statistics.median(side.singles) * 1000:.1f} ms to the last socket, "
        f"{side.sustained[-1]:,.0f} messages/s with {IN_FLIGHT} under way"
        for side in sides
    )
