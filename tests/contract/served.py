"""A project's folder served in process, on the database that its settings name."""

import asyncio
from pathlib import Path

from jotbase.pipeline import answer
from jotbase.startup.loading import load, load_settings
from jotbase.values import SERVICE_PRINCIPAL, Principal, Request, Response


def ask(
    project: Path,
    *asked: tuple[str, str, str],
    caller: Principal = SERVICE_PRINCIPAL,
    prefer: str = "return=representation",
) -> list[Response]:
    """Serve the project, and return what it answers the caller; nothing may be made anew."""
    found, settings = load_settings(str(project))
    backend = load(found, settings, "http://localhost")

    async def answers() -> list[Response]:
        upgraded = await backend.start()
        try:
            assert (upgraded.fresh, upgraded.descriptions) == (False, ())
            return [await answer(_request(*one, prefer), backend.data, caller) for one in asked]
        finally:
            await backend.stop()

    return asyncio.run(answers())


def _request(method: str, target: str, body: str, prefer: str) -> Request:
    path, _, query = target.partition("?")
    headers = {"content-type": "application/json", "prefer": prefer}
    return Request(method, f"/rest/v1/{path}", query, headers, body.encode())
