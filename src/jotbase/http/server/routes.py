"""Which path is whose: the one ASGI application, and the errors that leave it.

In charge of sending each request to its room and of CORS on every answer. Must not know what a
room does with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from jotbase.errors import EXHAUSTED, JotError, resource_error
from jotbase.http.edge.asgi import (
    Application,
    ClientDisconnected,
    Message,
    Receive,
    Scope,
    Send,
    limit_body,
    raw_path,
    read_headers,
    read_request,
    send_response,
    with_content_length,
)
from jotbase.http.edge.cors import Pairs, cors_headers, is_preflight, preflight
from jotbase.http.edge.exhaustion import exhausted_resource
from jotbase.http.server.fast_path import FastPath
from jotbase.query.response.render import render_error
from jotbase.values import Request, Response

log = logging.getLogger("jotbase.http")

Answerer = Callable[[Request], Awaitable[Response]]

DATA = "/rest/v1/"
CALLS = DATA + "rpc/"
ACCOUNTS = "/auth/v1/"
FUNCTIONS = "/functions/v1/"
REALTIME = "/realtime/v1/websocket"


#: What an answer of the data API depends on besides its URL; PostgREST's, to the letter.
_VARY = ("Vary", "Accept, Prefer, Range")
#: What the log says of a fault of ours, before its traceback.
_FAILED = "%s %s failed"
#: What a caller is told of it: nothing.
_FAILURE = JotError(
    "PGRSTX00", "Something failed that should not have", hint="The server's log says more."
)


Line = tuple[bytes, bytes]
_GRANT = b"access-control-allow-origin"


@dataclass(frozen=True, slots=True)
class Routes:
    """Everything a path can lead to.

    `pages` are single paths (`/health`); `files` serves what no other path is; `start` and `stop`
    run around the server's life.
    """

    records: Answerer
    records_now: Callable[[Request], Response | None]
    accounts: Answerer
    live: Application
    functions: Application
    files: Application
    pages: Mapping[str, Answerer]
    start: Callable[[], Awaitable[None]]
    stop: Callable[[], Awaitable[None]]
    origins: tuple[str, ...]
    max_body: int
    trace_header: str | None = None


def application(routes: Routes) -> Application:
    """Return the ASGI application that serves a project."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await _http(routes, scope, receive, send)
        elif scope["type"] == "websocket":
            await _websocket(routes, scope, receive, send)
        elif scope["type"] == "lifespan":
            await _lifespan(routes, receive, send)

    return serve


def direct(routes: Routes) -> FastPath:
    """Return what answers the data API's requests without ASGI between."""

    def now(request: Request) -> Response | None:
        try:
            response = routes.records_now(request)
        except Exception as error:  # noqa: BLE001 - what it was is logged, or told as a JotError
            response = render_error(_failure(error, request.method, request.path))
        return None if response is None else _sendable(response, request, routes)

    async def later(request: Request) -> Response:
        return _sendable(await _guarded(routes.records, request), request, routes)

    return FastPath(DATA.encode(), routes.max_body, now, later)


def _sendable(response: Response, request: Request, routes: Routes) -> Response:
    response = _granted(response, request, routes)
    headers = with_content_length(response)
    return Response(response.status, headers, response.body, response.spooled)


async def _http(routes: Routes, scope: Scope, receive: Receive, send: Send) -> None:
    path = raw_path(scope)
    if path.startswith(DATA):
        return await _answer(routes, routes.records, scope, receive, send)
    if path.startswith(ACCOUNTS):
        return await _answer(routes, routes.accounts, scope, receive, send)
    page = routes.pages.get(path)
    if page is not None:
        return await _answer(routes, page, scope, receive, send)
    mounted = routes.functions if path.startswith(FUNCTIONS) else routes.files
    return await _mount(routes, mounted, scope, receive, send)


async def _answer(
    routes: Routes, answer: Answerer, scope: Scope, receive: Receive, send: Send
) -> None:
    method: str = scope["method"]
    try:
        request = await read_request(scope, receive, routes.max_body)
    except ClientDisconnected:
        return
    except JotError as error:
        response = render_error(error)
        asked = Request(method, raw_path(scope), "", read_headers(scope))
        await send_response(_granted(response, asked, routes), scope, send)
        return
    headers = request.headers
    if is_preflight(method, headers):
        response = preflight(headers, routes.origins)
    else:
        async with _watched(request, receive) as asked:
            response = _granted(await _guarded(answer, asked), asked, routes)
    await send_response(response, scope, send, head=method == "HEAD")


@asynccontextmanager
async def _watched(request: Request, receive: Receive) -> AsyncIterator[Request]:
    """Give the request; a call's can tell whether its client has hung up."""
    if not request.path.startswith(CALLS):
        yield request
        return

    async def hear() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    hearing = asyncio.create_task(hear())
    try:
        yield replace(request, gone=hearing.done)
    finally:
        hearing.cancel()


async def _guarded(answer: Answerer, request: Request) -> Response:
    try:
        return await answer(request)
    except JotError as error:
        return render_error(error, request)
    except Exception as error:  # noqa: BLE001 - what it was is logged, or told as a JotError
        return render_error(_failure(error, request.method, request.path))


def _failure(error: Exception, method: str, path: str) -> JotError:
    """Return what a caller is told of an exception: that the system lacks something, or nothing."""
    resource = exhausted_resource(error)
    if resource is not None:
        log.error(EXHAUSTED, resource)
        return resource_error(resource)
    log.error(_FAILED, method, path, exc_info=error)
    return _FAILURE


def _granted(response: Response, request: Request, routes: Routes) -> Response:
    """Add what every answer of ours has: the grants of CORS, the trace, and what it varies with."""
    added = _added(request.headers, routes)
    if request.path.startswith(DATA):
        added = (*added, _VARY)
    if not added:
        return response
    headers = response.headers + added
    return Response(response.status, headers, response.body, response.spooled)


def _added(headers: Mapping[str, str], routes: Routes) -> Pairs:
    granted = cors_headers(headers, routes.origins)
    name = routes.trace_header
    trace = None if name is None else headers.get(name.lower())
    if name is None or trace is None or not (trace.isascii() and trace.isprintable()):
        return granted
    return (*granted, (name, trace))


async def _mount(
    routes: Routes, mounted: Application, scope: Scope, receive: Receive, send: Send
) -> None:
    headers = read_headers(scope)
    if is_preflight(scope["method"], headers):
        await send_response(preflight(headers, routes.origins), scope, send)
        return
    asked = Request(scope["method"], raw_path(scope), "", headers)
    granting = _granting(send, _added(headers, routes))
    started = False

    async def sending(message: Message) -> None:
        nonlocal started
        started = True
        await granting(message)

    try:
        await mounted(scope, limit_body(receive, headers, routes.max_body), sending)
    except JotError as error:
        if started:
            raise
        await send_response(_granted(render_error(error), asked, routes), scope, send)
    except Exception as error:
        failure = _failure(error, scope["method"], raw_path(scope))
        if started:  # the server can only cut the answer off
            raise
        await send_response(_granted(render_error(failure), asked, routes), scope, send)


def _granting(send: Send, granted: Pairs) -> Send:
    """Add our headers to an answer that a mounted application starts.

    What it grants by itself is its own: two `Access-Control-Allow-Origin` are none (Fetch).
    """
    if not granted:
        return send
    pairs = [(name.lower().encode(), value.encode()) for name, value in granted]

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = list(message.get("headers", ()))
            message = {**message, "headers": [*own, *_beside(own, pairs)]}
        await send(message)

    return sending


def _beside(own: list[Line], granted: list[Line]) -> list[Line]:
    """Return the granted headers that leave an answer's own as they are, and as strict."""
    names = {name.lower() for name, _ in own}
    if _GRANT in names:
        names.add(b"access-control-allow-credentials")
    return [line for line in granted if line[0] == b"vary" or line[0] not in names]


async def _websocket(routes: Routes, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == REALTIME:
        await routes.live(scope, receive, send)
        return
    await receive()
    await send({"type": "websocket.close", "code": 1008})


async def _lifespan(routes: Routes, receive: Receive, send: Send) -> None:
    await receive()
    try:
        await routes.start()
    except Exception:  # noqa: BLE001 - `routes.start` has told why
        await send({"type": "lifespan.startup.failed", "message": ""})
        return
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await routes.stop()
    await send({"type": "lifespan.shutdown.complete"})
