"""The shapes part: what a question costs outside the database, its shape known or new.

Reads the server's own account of it, the Server-Timing header. Must not know how plans are made.
"""

from __future__ import annotations

import http.client
import itertools
import re
import statistics
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from processes import stop
from servers import SERVERS, Launch, launch, run
from workloads import COLUMNS

# The steps between the bytes of the question and its SQL; the rest is token, database and answer.
STEPS = frozenset({"parse", "plan", "guard", "compile"})
ENTRY = re.compile(r"([a-z_]+);(?:[^,]*;)?dur=([0-9.]+)")
WARM_UP = 50


class NoTiming(RuntimeError):
    """The server said nothing of its steps."""


def measure(folder: Path, *, questions: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Asks `questions` of one shape, then as many shapes once each; medians in microseconds."""
    server = SERVERS["jotbase"]
    plan = launch(server, folder / "jotbase", 1)
    plan = Launch(
        plan.port, plan.folder, plan.command, {**plan.env, "JOTBASE_SERVER_TIMING": "true"}
    )
    child, _ = run(plan)
    try:
        headers = server.sign_up(plan).users[0].headers
        known = _costs(plan.port, headers, _one_shape(questions + WARM_UP))[WARM_UP:]
        new = _costs(plan.port, headers, _many_shapes(questions + WARM_UP))[WARM_UP:]
    finally:
        stop(child)
    result = {"known": statistics.median(known), "new": statistics.median(new)}
    say(f"known shape {result['known']:.0f} µs, new shape {result['new']:.0f} µs")
    return {**result, "questions": questions}


def _one_shape(count: int) -> Iterable[str]:
    return (f"/rest/v1/jobs?id=eq.{number}" for number in range(count))


def _many_shapes(count: int) -> Iterable[str]:
    """Other columns in another order, other filters: no two alike."""
    orders = itertools.permutations(COLUMNS.split(","), 4)
    for columns in itertools.islice(orders, count):
        select, (first, second, *_) = ",".join(columns), columns
        yield (
            f"/rest/v1/jobs?select={select}&{first}=not.is.null&company=eq.new"
            f"&order={second}.desc&limit=10"
        )


def _costs(port: int, headers: Mapping[str, str], paths: Iterable[str]) -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    costs = []
    for path in paths:
        connection.request("GET", path, headers=dict(headers))
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise NoTiming(f"{path} answered {response.status}: {body[:200]!r}")
        entries = ENTRY.findall(response.headers.get("Server-Timing", ""))
        steps = [float(milliseconds) for name, milliseconds in entries if name in STEPS]
        if not steps:
            raise NoTiming(f"Server-Timing: {response.headers.get('Server-Timing')}")
        costs.append(sum(steps) * 1000)
    connection.close()
    return costs
