"""The views part: Flask views through Jotbase, against the same views under waitress.

Both have 16 threads and are asked in turn. Must not know how a view is hosted.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from client import Refused
from load import wrk
from processes import Child, free_port, stop
from servers import HERE, SERVERS, Launch, base_env, launch, run
from workloads import raw

CONNECTIONS = 16
CODE = """
from flask import Flask, request

app = Flask(__name__)


@app.get("/health")
def health():
    return {}


@app.get("/hello")
def hello():
    return {"hello": "world"}


@app.post("/echo")
def echo():
    return request.get_json()


@app.get("/work")
def work():
    return {"sum": sum(number * number for number in range(10_000))}
"""
VIEWS: dict[str, tuple[str, Any]] = {
    "hello": ("GET", None),
    "echo": ("POST", {"title": "a job", "tags": ["a", "b"], "salary": 50_000}),
    "work": ("GET", None),
}


def measure(
    folder: Path, *, seconds: float, rounds: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Medians of the rounds' requests a second, by view and server."""
    plan = launch(SERVERS["jotbase"], folder / "jotbase", 1)
    project = plan.folder / "project"
    (project / "functions").mkdir()
    (project / "functions/__init__.py").write_text(CODE)
    plans = {"jotbase": (plan, "/functions/v1"), "plain": (_plain(folder / "plain", project), "")}
    rates: dict[str, dict[str, list[float]]] = {
        view: {server: [] for server in plans} for view in VIEWS
    }
    children: list[Child] = []
    try:
        for one, _ in plans.values():
            children.append(run(one)[0])
        for _ in range(rounds):
            for view, by_server in rates.items():
                for server, found in by_server.items():
                    found.append(_rate(*plans[server], view, seconds))
    finally:
        for child in children:
            stop(child)
    medians = {
        view: {server: statistics.median(found) for server, found in by_server.items()}
        for view, by_server in rates.items()
    }
    for view, found in medians.items():
        ratio = found["plain"] / found["jotbase"]
        say(f"view {view}: {found['jotbase']:,.0f}/s, plain {found['plain']:,.0f}/s, {ratio:.2f} x")
    return {"rates": medians}


def _plain(folder: Path, project: Path) -> Launch:
    folder.mkdir()
    port = free_port()
    env = {**base_env(), "BENCH_PORT": str(port), "BENCH_PROJECT": str(project)}
    return Launch(port, folder, (sys.executable, str(HERE / "peers/plain_wsgi.py")), env)


def _rate(plan: Launch, prefix: str, view: str, seconds: float) -> float:
    method, body = VIEWS[view]
    pool = plan.folder / f"{view}.requests"
    pool.write_bytes(raw(plan.port, method, f"{prefix}/{view}", {}, body))
    figures = wrk(plan.port, pool, CONNECTIONS, seconds)
    if figures["refused"] or figures["socket_errors"]:
        raise Refused(f"{prefix}/{view}: {figures}")
    return figures["requests"] / figures["microseconds"] * 1e6
