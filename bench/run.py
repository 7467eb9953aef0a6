"""`make bench`: starts servers, measures the parts asked for, writes docs/benchmarks.md.

In charge of the command line, the order of the parts, the time limit and cleaning up.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import bindings
import dearest
import fanout
import hooks
import load
import logins
import lookups
import machine
import memory
import postgresql
import pruning
import replays
import report
import shapes
import sleepers
import slow
import startup
import views
from processes import CANNOT_GO_ON, describe
from servers import HERE, SERVERS, Server

#: Parts that measure Jotbase alone, in rounds of some seconds.
BESIDE = {
    "sleepers": sleepers.measure,
    "dearest": dearest.measure,
    "slow": slow.measure,
    "pruning": pruning.measure,
    "hooks": hooks.measure,
    "lookups": lookups.measure,
    "logins": logins.measure,
    "replays": replays.measure,
    "postgresql": postgresql.measure,
    "views": views.measure,
}
PARTS = (
    "load",
    "broadcast",
    "startup",
    "fixture",
    "shapes",
    *BESIDE,
    "memory",
    "bindings",
    "scale",
)
NEED_JOTBASE = frozenset(PARTS) - {"load", "startup"}
EPOCHS_KEPT = HERE / "results/last.json"
FORMAT = 1  # of the file kept: one of another format is not read
PAGE = HERE.parent / "docs/benchmarks.md"


def main(words: Sequence[str] | None = None) -> int:
    """Measures; 0 when all parts asked for were measured, 1 when one was not, 2 for wrong usage."""
    options = _options(words)
    chosen = _chosen(options.only)
    if shutil.which("wrk") is None:
        print("wrk is missing: apt-get install wrk", file=sys.stderr)
        return 2
    _bound(options.deadline)
    _install_peers()
    named = _named(chosen)
    servers = [server for server in named if _usable(server)]
    with tempfile.TemporaryDirectory(prefix="jotbase-bench-") as folder:
        results, whole = _measure(_parts(chosen), servers, options, Path(folder))
    print(_goals(results))
    if not options.quick:
        _keep(results)
    return 0 if whole and len(servers) == len(named) else 1


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    names = ", ".join([*SERVERS, *PARTS])
    parser.add_argument("--only", default="", help=f"servers and parts, comma-separated: {names}")
    parser.add_argument("--seconds", type=float, default=5, help="each run of wrk [5]")
    parser.add_argument("--rounds", type=int, default=5, help="runs to take the median of [5]")
    parser.add_argument("--rows", type=int, default=10_000, help="jobs to begin with [10000]")
    parser.add_argument(
        "--sockets", type=int, default=1000, help="WebSockets of a broadcast [1000]"
    )
    parser.add_argument("--large", type=int, default=1_000_000, help="rows of the scale part")
    parser.add_argument(
        "--deadline", type=int, default=2400, help="seconds until it gives up [2400]"
    )
    parser.add_argument("--quick", action="store_true", help="does it work? Prints, writes nothing")
    options = parser.parse_args(words)
    if options.quick:
        options.seconds, options.rounds, options.rows = 1, 1, 1000
        options.sockets, options.large = 100, 10_000
    return options


def _chosen(only: str) -> frozenset[str]:
    names = frozenset(filter(None, only.split(",")))
    if unknown := names - {*SERVERS, *PARTS}:
        print(f"--only: {', '.join(sorted(unknown))}: no such server or part", file=sys.stderr)
        raise SystemExit(2)
    return names


def _named(chosen: frozenset[str]) -> list[Server]:
    named = [server for name, server in SERVERS.items() if name in chosen]
    return named or list(SERVERS.values())


def _parts(chosen: frozenset[str]) -> list[str]:
    return [part for part in PARTS if part in chosen] or list(PARTS)


def _usable(server: Server) -> bool:
    if not server.installed():
        say(f"{server.title} is not installed: left out")
        return False
    return True


# Measuring ---------------------------------------------------------------------------------------


def _measure(
    parts: Sequence[str], servers: Sequence[Server], options: argparse.Namespace, folder: Path
) -> tuple[dict[str, Any], bool]:
    """Each part in a folder of its own; one that fails is told and does not stop the others."""
    results: dict[str, Any] = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine.facts(folder),
    }
    whole = True
    for part in parts:
        if part in NEED_JOTBASE and "jotbase" not in {server.name for server in servers}:
            continue
        say(f"== {part}")
        place = folder / part
        place.mkdir()
        try:
            results[part] = {**_measurer(part, servers, options)(place), "date": results["date"]}
        except CANNOT_GO_ON as error:
            whole = False
            say(f"{part} could not be measured: {describe(error)}")
    absent = [results.get(part, {}).get("absent") for part in ("load", "startup")]
    return results, whole and not any(absent)


def _measurer(
    part: str, servers: Sequence[Server], options: argparse.Namespace
) -> Callable[[Path], dict[str, Any]]:
    seconds, rounds = options.seconds, options.rounds
    sizes = (1000, options.large)
    idle = [server for server in servers if server.name != "lite-raised"]
    measurers: dict[str, Callable[[Path], dict[str, Any]]] = {
        "load": lambda place: load.measure(
            servers, place, seconds=seconds, rounds=rounds, rows=options.rows, say=say
        ),
        "broadcast": lambda place: fanout.measure(
            place,
            sockets=options.sockets,
            changes=20 if options.quick else 96,
            rounds=rounds,
            say=say,
        ),
        "startup": lambda place: startup.measure(idle, place, starts=rounds, say=say),
        "fixture": lambda place: startup.measure_fixture(place, tests=50, say=say),
        "shapes": lambda place: shapes.measure(place, questions=300, say=say),
        "memory": lambda place: memory.measure(
            place, sizes=memory.QUICK if options.quick else memory.FULL, say=say
        ),
        "bindings": lambda place: bindings.measure(say=say),
        "scale": lambda place: load.measure_scale(
            SERVERS["jotbase"], place, sizes, seconds=seconds, rounds=rounds, say=say
        ),
    }
    if part in BESIDE:
        return lambda place: BESIDE[part](place, seconds=seconds, rounds=rounds, say=say)
    return measurers[part]


def _install_peers() -> None:
    """The packages of bench/package.json, as its lock says; without npm the peers are left out."""
    if (HERE / "node_modules/.package-lock.json").exists() or shutil.which("npm") is None:
        return
    say("installing the peers from bench/package-lock.json")
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(command, cwd=HERE, check=True, timeout=600)


def _bound(deadline: int) -> None:
    """A limit for the whole run, and a way out of it that cleans up; room for many sockets."""
    signal.signal(signal.SIGALRM, _give_up)
    signal.signal(signal.SIGTERM, _give_up)
    signal.alarm(deadline)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _give_up(number: int, frame: object) -> None:
    raise SystemExit(f"given up: {signal.Signals(number).name}")


# Telling -----------------------------------------------------------------------------------------


def say(line: str) -> None:
    """Progress, at once."""
    print(line, flush=True)


def _goals(results: dict[str, Any]) -> str:
    words = {True: "reached", False: "NOT reached"}
    seen = [verdict for verdict in report.verdicts(results) if verdict.met is not None]
    return "\n".join(f"{v.figure}: {v.seen} (goal {v.goal}): {words[v.met is True]}" for v in seen)


def _keep(results: dict[str, Any]) -> None:
    """Adds what was measured to what this machine measured before; writes the page from both."""
    kept: dict[str, Any] = json.loads(EPOCHS_KEPT.read_text()) if EPOCHS_KEPT.exists() else {}
    same_machine = kept.get("machine", {}).get("processors") == results["machine"]["processors"]
    if kept.get("format") != FORMAT or not same_machine:
        kept = {"format": FORMAT}
    kept |= results
    EPOCHS_KEPT.parent.mkdir(exist_ok=True)
    EPOCHS_KEPT.write_text(json.dumps(kept, indent=1))
    PAGE.write_text(report.page(kept))
    say("written: docs/benchmarks.md")


if __name__ == "__main__":
    raise SystemExit(main())
