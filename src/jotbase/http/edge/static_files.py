"""The paths outside the APIs: the public/ folder, `/health`, `/config.json` and the meta-schema.

In charge of static files and of these pages. Must not know the APIs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson

from jotbase.http.edge.asgi import Application, Receive, Scope, Send, send_response
from jotbase.values import Request, Response

_JSON = ("Content-Type", "application/json; charset=utf-8")


def json_page(content: Any, *, cache: str = "no-store") -> Callable[[Request], Awaitable[Response]]:
    """Return a handler that responds to GET with constant JSON."""
    response = Response(200, (_JSON, ("Cache-Control", cache)), orjson.dumps(content))

    async def answer(request: Request) -> Response:
        return response if request.method in ("GET", "HEAD") else NOT_ALLOWED

    return answer


def health_page(
    fault: Callable[[], str | None], behind: Callable[[], int]
) -> Callable[[Request], Awaitable[Response]]:
    """Return the handler of health checks: 200 with the number of changes that subscribers are
    `behind`, or 503 with the fault.
    """

    async def answer(request: Request) -> Response:
        found = fault()
        if found is None or request.method not in ("GET", "HEAD"):
            return await json_page({"status": "ok", "changes_behind": behind()})(request)
        body = orjson.dumps({"status": "error", "message": found})
        return Response(503, (_JSON, ("Cache-Control", "no-store")), body)

    return answer


def public_files(folder: Path) -> Application:
    """Return the application that serves a folder, with `index.html` for `/`; 404 otherwise."""
    served: Application | None = None

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal served
        if served is None and await asyncio.to_thread(folder.is_dir):
            served = _static(folder)
        if served is not None:
            await served(scope, receive, send)
        else:
            await send_response(NOT_FOUND, {}, send, head=scope["method"] == "HEAD")

    return serve


#: The response for an unknown path.
NOT_FOUND = Response(404, (_JSON,), orjson.dumps({"message": "There is nothing at this path"}))
#: The response for a method that a file or page does not support.
NOT_ALLOWED = Response(
    405,
    (_JSON, ("Allow", "GET, HEAD")),
    orjson.dumps({"message": "This path can only be read"}),
)


def _static(folder: Path) -> Application:
    from starlette.exceptions import HTTPException  # 110 ms, at the first file alone
    from starlette.staticfiles import StaticFiles

    files = StaticFiles(directory=folder, html=True)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if _is_hidden(scope["path"]):
            return await send_response(NOT_FOUND, {}, send, head=scope["method"] == "HEAD")
        try:
            await files({**scope, "root_path": ""}, receive, _revalidated(send))
        except HTTPException as error:
            response = NOT_ALLOWED if error.status_code == 405 else NOT_FOUND
            await send_response(response, {}, send, head=scope["method"] == "HEAD")

    return serve


def _is_hidden(path: str) -> bool:
    """Return whether a path has a hidden segment (.env, .git) other than .well-known (RFC 8615)."""
    steps = path.replace("\\", "/").split("/")
    return any(step.startswith(".") and step != ".well-known" for step in steps)


def _revalidated(send: Send) -> Send:
    """Add `Cache-Control: no-cache`, so that browsers revalidate each file by its ETag."""

    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            headers = [*message["headers"], (b"cache-control", b"no-cache")]
            message = {**message, "headers": headers}
        await send(message)

    return sending
