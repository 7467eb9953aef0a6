"""`serve --reload`: the project's files watched while it is served, and applied when they change.

In charge of noticing a change and of saying what came of it. Must not know what is applied.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from jotbase.app import Backend
from jotbase.errors import ProjectError
from jotbase.http.edge.asgi import Application, Receive, Scope, Send

#: How often the files' times are looked at, in seconds.
PERIOD = 0.3

Snapshot = dict[str, tuple[int, int]]


def watched(application: Application, backend: Backend) -> Application:
    """Return the application, with the project's files watched while it lives."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            return await application(scope, receive, send)
        watching = asyncio.create_task(_watch(backend))
        try:
            await application(scope, receive, send)
        finally:
            watching.cancel()

    return serve


async def _watch(backend: Backend) -> None:
    seen = await asyncio.to_thread(snapshot, backend.project.root)
    while True:
        await asyncio.sleep(PERIOD)
        now = await asyncio.to_thread(snapshot, backend.project.root)
        if now != seen:
            seen = now
            await _apply(backend)


async def _apply(backend: Backend) -> None:
    try:
        migrated = await backend.reload()
    except ProjectError as error:
        told = "\n".join(f"  {fault}" for fault in error.faults)
        print(f"Not reloaded; the last good state is served:\n{told}", file=sys.stderr, flush=True)
    else:
        told = "".join(f"\n  {step}" for step in migrated.told)
        print(f"Reloaded.{told}", flush=True)


def snapshot(root: Path) -> Snapshot:
    """Return time and size of every schema file and function."""
    files = [*root.glob("schemas/*.json"), *root.glob("functions/**/*.py")]
    found: Snapshot = {}
    for file in files:
        try:
            facts = file.stat()
        except FileNotFoundError:
            continue
        found[str(file)] = (facts.st_mtime_ns, facts.st_size)
    return found
