"""The pages that ship with the server: `/docs`, which displays the OpenAPI document.

In charge of serving the files of `jotbase.studio` with a Content-Security-Policy that allows no
other origin. Must not know the pages.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from jotbase.http.edge.static_files import NOT_ALLOWED
from jotbase.values import Request, Response

FOLDER = Path(__file__).parent.parent.parent / "studio"

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}

#: Own scripts, styles and requests alone, and no frame of another site around the page (CSP 3).
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

#: Path to file.
_PAGES = {
    "/docs": "docs.html",
    "/docs/": "docs.html",
    "/docs/docs.css": "docs.css",
    "/docs/docs.js": "docs.js",
    "/docs/examples.js": "examples.js",
    "/docs/schemas.js": "schemas.js",
    "/realtime/v1/follow.js": "follow.js",
}


def studio_pages() -> dict[str, Callable[[Request], Awaitable[Response]]]:
    """Return the handler of each path; a file is read at its first request."""
    return {path: _page(FOLDER / name) for path, name in _PAGES.items()}


def _page(file: Path) -> Callable[[Request], Awaitable[Response]]:
    held: Response | None = None

    async def answer(request: Request) -> Response:
        nonlocal held
        if request.method not in ("GET", "HEAD"):
            return NOT_ALLOWED
        if held is None:
            held = _response(file.suffix, await asyncio.to_thread(file.read_bytes))
        if request.headers.get("if-none-match") == held.header("ETag"):
            return Response(304, held.headers)
        return held

    return answer


def _response(suffix: str, body: bytes) -> Response:
    tag = hashlib.sha256(body).hexdigest()[:32]
    headers = (
        ("Content-Type", _TYPES[suffix]),
        ("Cache-Control", "no-cache"),
        ("ETag", f'"{tag}"'),
        ("Content-Security-Policy", _POLICY),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
    )
    return Response(200, headers, body)
