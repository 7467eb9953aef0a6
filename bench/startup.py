"""The start part: seconds from process start to the first 200 of /health, and memory when idle.

Must not know how a server is set up.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from processes import CANNOT_GO_ON, describe, resident_bytes, stop
from servers import HERE, Server, base_env, launch, run

IDLE_SECONDS = 2.0


def measure(
    servers: Sequence[Server], folder: Path, *, starts: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Starts each server in a fresh folder, then again `starts` times in the same one."""
    results: dict[str, Any] = {}
    absent: dict[str, str] = {}
    for server in servers:
        try:
            figures = _starts(server, folder / server.name, starts)
        except CANNOT_GO_ON as error:
            absent[server.name] = describe(error)
            say(f"{server.title} could not be started: {absent[server.name]}")
            continue
        results[server.name] = figures
        first, again, resident = (figures[key] for key in ("first", "again", "resident"))
        say(
            f"{server.title}: first start {first * 1000:.0f} ms, later {again * 1000:.0f} ms, "
            f"idle {resident / 1e6:.0f} MB"
        )
    return {"servers": results, "absent": absent}


def _starts(server: Server, folder: Path, starts: int) -> dict[str, float]:
    plan = launch(server, folder, 1)
    child, first = run(plan)
    stop(child)
    seconds, resident = [], 0
    for number in range(starts):
        child, took = run(plan)
        try:
            seconds.append(took)
            if number == starts - 1:
                time.sleep(IDLE_SECONDS)
                resident = resident_bytes(child)
        finally:
            stop(child)
    return {"first": first, "again": statistics.median(seconds), "resident": resident}


def measure_fixture(folder: Path, *, tests: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Runs `tests` tests with a fresh backend each; medians in seconds, the first apart."""
    project, times = folder / "project", folder / "times.json"
    shutil.copytree(HERE / "project", project)
    shutil.copytree(HERE / "fixture", project / "tests")
    env = {**base_env(), "BENCH_FIXTURE_TIMES": str(times), "BENCH_FIXTURE_TESTS": str(tests)}
    # -c: an empty file, so that no pytest settings of a folder above count.
    (project / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", "pytest.ini", "tests"],
        cwd=project,
        env={**env, "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the fixture's tests failed: {(done.stdout + done.stderr)[-800:]}")
    taken: dict[str, list[float]] = json.loads(times.read_text())
    medians = {name: statistics.median(values[1:]) for name, values in taken.items()}
    say(
        f"fresh backend {medians['set_up'] * 1000:.1f} ms "
        f"(the first {taken['set_up'][0] * 1000:.0f} ms), torn down in "
        f"{medians['tear_down'] * 1000:.1f} ms"
    )
    return {**medians, "first_set_up": taken["set_up"][0], "tests": tests}
