"""The load part: every server under wrk, round after round, one at a time.

Knows wrk and the clock; must not know how a server is set up or what a request says.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from client import Client
from processes import CANNOT_GO_ON, Child, cpu_seconds, describe, resident_bytes, stop
from servers import HERE, Callers, Launch, Server, launch, run
from workloads import (
    BATCH,
    MOST_APPLIED_FOR,
    WORKLOADS,
    Workload,
    companies_of,
    faults,
    requests_of,
    seed,
)

THREADS = 2


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of wrk: requests a second, latencies in microseconds, processors kept busy."""

    rate: float
    p50: int
    p99: int
    processors: float


@dataclass(slots=True)
class Target:
    """A server that runs and is seeded, with what was measured of it so far."""

    server: Server
    plan: Launch
    child: Child
    callers: Callers
    rows: int
    pools: dict[str, Path] = field(default_factory=dict)
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


def measure(
    servers: Sequence[Server],
    folder: Path,
    *,
    seconds: float,
    rounds: int,
    rows: int,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Runs each workload on each server `rounds` times, interleaved; gives medians by workload."""
    targets: list[Target] = []
    absent: dict[str, str] = {}
    try:
        for server in servers:
            try:
                targets.append(upgrade_tables(server, folder / server.name, rows))
            except CANNOT_GO_ON as error:
                absent[server.name] = describe(error)
                say(f"{server.title} could not be brought up: {absent[server.name]}")
                continue
            say(f"{server.title}: seeded; wrong answers: {targets[-1].failures or 'none'}")
        for number in range(1, rounds + 1):
            for workload in WORKLOADS:
                for target in targets:
                    take(target, workload, seconds)
                say(f"round {number}/{rounds} {workload.title}: {_latest(targets, workload)}")
        figures = {"servers": _results(targets), "absent": absent}
        return {"rows": rows, "rounds": rounds, "seconds": seconds, **figures}
    finally:
        for target in targets:
            stop(target.child)


def measure_scale(
    server: Server,
    folder: Path,
    sizes: Sequence[int],
    *,
    seconds: float,
    rounds: int,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Reads by key and by an indexed filter in tables of several sizes; rates by size."""
    targets: dict[int, Target] = {}
    reads = [workload for workload in WORKLOADS if workload.name in ("read", "list")]
    try:
        for size in sizes:
            targets[size] = upgrade_tables(server, folder / str(size), size)
            say(f"{size:,} rows: seeded; wrong answers: {targets[size].failures or 'none'}")
        for _ in range(rounds):
            for workload in reads:
                for target in targets.values():
                    take(target, workload, seconds)
        rates = {
            workload.name: {
                str(size): _medians(target.samples[workload.name])["rate"]
                for size, target in targets.items()
                if workload.name in target.samples
            }
            for workload in reads
        }
        return {"sizes": list(sizes), "rates": rates}
    finally:
        for target in targets.values():
            stop(target.child)


def upgrade_tables(server: Server, folder: Path, rows: int) -> Target:
    """Starts a server in a fresh folder, signs users up, seeds it and checks its answers."""
    plan = launch(server, folder, companies_of(rows))
    child, _ = run(plan)
    try:
        callers, client = server.sign_up(plan), Client(plan.port)
        seed(client, callers, rows, server.batch, server.generic)
        target = Target(server, plan, child, callers, rows)
        embeds = "embed" in server.workloads and rows <= MOST_APPLIED_FOR
        target.failures = faults(client, callers, server.batch, embeds)
        client.close()
        _write_pools(target)
    except BaseException:
        stop(child)
        raise
    return target


def take(target: Target, workload: Workload, seconds: float) -> None:
    """One run of one workload on one server; a refused request spoils the workload."""
    if workload.name in target.failures or workload.name not in target.pools:
        return
    before = cpu_seconds(target.child)
    figures = wrk(target.plan.port, target.pools[workload.name], workload.connections, seconds)
    used = cpu_seconds(target.child) - before
    if figures["refused"] or figures["socket_errors"]:
        target.failures[workload.name] = (
            f"{figures['refused']} refused, {figures['socket_errors']} socket errors "
            f"of {figures['requests']}"
        )
        return
    took = figures["microseconds"] / 1e6
    share = target.server.batch / BATCH if workload.name == "bulk" else 1.0
    sample = Sample(figures["requests"] * share / took, figures["p50"], figures["p99"], used / took)
    target.samples.setdefault(workload.name, []).append(sample)


def wrk(port: int, pool: Path, connections: int, seconds: float) -> dict[str, int]:
    """Runs wrk once; gives the figures that its script prints last."""
    command = ["wrk", f"-t{THREADS}", f"-c{connections}", f"-d{max(1, round(seconds))}s"]
    command += ["--timeout", "20s", "-s", str(HERE / "load/requests.lua")]
    command += [f"http://127.0.0.1:{port}", "--", str(pool)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=True)
    figures: dict[str, int] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


def _write_pools(target: Target) -> None:
    dice = random.Random(2025)  # the same keys for every server
    for workload in WORKLOADS:
        if workload.name not in target.server.workloads:
            continue
        pool = target.plan.folder / f"{workload.name}.requests"
        raw = requests_of(
            workload, target.plan.port, target.callers, target.rows, target.server.batch, dice
        )
        pool.write_bytes(b"\0".join(raw))
        target.pools[workload.name] = pool


def _latest(targets: Sequence[Target], workload: Workload) -> str:
    latest = {
        target.server.name: f"{target.samples[workload.name][-1].rate:,.0f}/s"
        for target in targets
        if workload.name in target.samples
    }
    return ", ".join(f"{name} {rate}" for name, rate in latest.items())


def _results(targets: Sequence[Target]) -> dict[str, Any]:
    return {
        target.server.name: {
            "failures": target.failures,
            "resident_after": resident_bytes(target.child),
            "workloads": {name: _medians(samples) for name, samples in target.samples.items()},
        }
        for target in targets
    }


def _medians(samples: Sequence[Sample]) -> dict[str, Any]:
    rows = [asdict(sample) for sample in samples]
    medians = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    return {**medians, "rates": [round(row["rate"], 1) for row in rows]}
