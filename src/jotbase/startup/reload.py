"""`serve --reload`: watches the project's files and reloads the backend when they change.

In charge of detecting a change and of printing the result. Must not know what a reload does.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from jotbase.app import Backend
from jotbase.errors import ProjectError
from jotbase.http.edge.asgi import Application, Receive, Scope, Send
from jotbase.schema.model.topics import FILE

#: The interval between two polls of the files' modification times, in seconds.
PERIOD = 0.3

Snapshot = dict[str, tuple[int, int]]


def reloading(application: Application, backend: Backend) -> Application:
    """Return the application wrapped so that the files are watched during its lifespan."""

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
        lines = "\n".join(f"  {fault}" for fault in error.faults)
        print(f"Not reloaded; the last good state is served:\n{lines}", file=sys.stderr, flush=True)
    else:
        lines = "".join(f"\n  {step}" for step in migrated.descriptions)
        print(f"Reloaded.{lines}", flush=True)


def snapshot(root: Path) -> Snapshot:
    """Return (modification time in ns, size in bytes) of every file whose change is a reload:
    mails' texts alone are taken up with the next one.
    """
    patterns = ("schemas/*.json", FILE, "functions/**/*.py")
    files = [file for pattern in patterns for file in root.glob(pattern)]
    taken: Snapshot = {}
    for file in files:
        try:
            status = file.stat()
        except FileNotFoundError:
            continue
        taken[str(file)] = (status.st_mtime_ns, status.st_size)
    return taken
