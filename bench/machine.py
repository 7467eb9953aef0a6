"""What the figures were measured on: processors, memory, versions, and what one fsync costs.

Names no folder, host or user.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import time
from importlib import metadata
from pathlib import Path

from servers import HERE, NODE

FSYNCS = 200
LIBRARIES = ("uvicorn", "uvloop", "apsw", "jsonschema-rs", "orjson")
PEERS = ("fastify", "express", "jsonwebtoken", "ajv", "@supabase/lite")


def facts(folder: Path) -> dict[str, str]:
    """Facts by name, as the report shows them. Writes a little in `folder` to time fsync."""
    return {
        "processors": f"{os.cpu_count()} × {_processor()}",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"Linux {platform.release().split('-')[0]}, file system {_file_system(folder)}",
        "fdatasync of 4 KiB": f"{_fsync_microseconds(folder):.0f} µs (median of {FSYNCS})",
        "Python": platform.python_version(),
        "libraries": ", ".join(_library(name) for name in LIBRARIES),
        "Node": _node(),
        "peers": ", ".join(_peers()),
        "wrk": _wrk(),
    }


def _processor() -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


def _file_system(folder: Path) -> str:
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    holding = [m for m in mounts if folder.resolve().is_relative_to(m[1])]
    return max(holding, key=lambda mount: len(mount[1]))[2]


def _fsync_microseconds(folder: Path) -> float:
    """What a durable commit costs at least; near nothing means that the disk only pretends."""
    path, seconds = folder / "fsync.probe", []
    with path.open("wb", buffering=0) as file:
        for _ in range(FSYNCS):
            file.write(b"x" * 4096)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            seconds.append(time.perf_counter() - began)
    path.unlink()
    return statistics.median(seconds) * 1e6


def _library(name: str) -> str:
    try:
        return f"{name} {metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return f"{name} (absent)"


def _node() -> str:
    if not NODE.exists():
        return "absent"
    script = "console.log(process.versions.node + ', SQLite ' + process.versions.sqlite)"
    return subprocess.run(
        [str(NODE), "-e", script], capture_output=True, text=True, timeout=20, check=True
    ).stdout.strip()


def _peers() -> list[str]:
    versions = json.loads((HERE / "package.json").read_text())["dependencies"]
    return [f"{name} {versions[name]}" for name in PEERS]


def _wrk() -> str:
    if shutil.which("wrk") is None:
        return "absent"
    said = subprocess.run(["wrk", "-v"], capture_output=True, text=True, timeout=10, check=False)
    return (
        (said.stdout + said.stderr)
        .split("\n")[0]
        .split(" Copyright")[0]
        .removeprefix("wrk ")
        .strip()
    )
