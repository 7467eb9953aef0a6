"""The root ASGI application: routing by path, headers of every response, unexpected errors.

In charge of dispatching each request to its room, of CORS and the trace header on every response,
and of logging unexpected exceptions. Must not know the rooms.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from jotbase.errors import EXHAUSTED, AccessError, JotError, resource_error
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
    refuse_handshake,
    send_response,
    with_content_length,
)
from jotbase.http.edge.cors import Pairs, cors_headers, is_preflight, may_follow, preflight
from jotbase.http.edge.exhaustion import exhausted_resource
from jotbase.http.server.fast_path import FastPath
from jotbase.http.server.view_bodies import in_pieces
from jotbase.query.response.render import render_error
from jotbase.realtime.messages.event_text import is_event_stream
from jotbase.values import Request, Response

log = logging.getLogger("jotbase.http")

Answerer = Callable[[Request], Awaitable[Response]]

DATA = "/rest/v1/"
CALLS = DATA + "rpc/"
ACCOUNTS = "/auth/v1/"
FUNCTIONS = "/functions/v1/"
REALTIME = "/realtime/v1/websocket"
BROADCASTS = "/realtime/v1/api/"


#: The Vary header of the data API, identical to PostgREST's.
_VARY = ("Vary", "Accept, Prefer, Range")
#: The log message of an unexpected exception, before its traceback.
_FAILED = "%s %s failed"
#: The response to an unexpected exception, which discloses nothing.
_FAILURE = JotError(
    "PGRSTX00", "Something failed that should not have", hint="The server's log says more."
)


Line = tuple[bytes, bytes]
_GRANT = b"access-control-allow-origin"
_FOREIGN_PAGE = AccessError(
    "42501",
    "Pages of this origin may not follow changes",
    hint="Add the origin to JOTBASE_CORS_ORIGINS.",
)


@dataclass(frozen=True, slots=True)
class Routes:
    """The handlers by path.

    `pages` are single paths (`/health`); `files` serves every other path; `start` and `stop` run at
    the beginning and end of the lifespan.
    """

    records: Answerer
    records_now: Callable[[Request], Response | None]
    accounts: Answerer
    live: Application
    streams: Application
    broadcasts: Answerer
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
    """Return the fast path of the data API, which bypasses ASGI."""

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
    if path.startswith(DATA) and _is_followed(scope):
        if not may_follow(headers := read_headers(scope), routes.origins):
            response = render_error(_FOREIGN_PAGE, Request("GET", path, "", headers))
            return await send_response(response, scope, send)
        return await _mount(routes, routes.streams, scope, receive, send)
    if path.startswith(DATA):
        return await _answer(routes, routes.records, scope, receive, send)
    if path.startswith(ACCOUNTS):
        return await _answer(routes, routes.accounts, scope, receive, send)
    if path.startswith(BROADCASTS):
        return await _answer(routes, routes.broadcasts, scope, receive, send)
    page = routes.pages.get(path)
    if page is not None:
        return await _answer(routes, page, scope, receive, send)
    mounted = routes.functions if path.startswith(FUNCTIONS) else routes.files
    return await _mount(routes, mounted, scope, receive, send)


def _is_followed(scope: Scope) -> bool:
    accept = read_headers(scope).get("accept", "") if scope["method"] == "GET" else ""
    return is_event_stream(accept)


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
        probe = Request(method, raw_path(scope), "", read_headers(scope))
        await send_response(_granted(response, probe, routes), scope, send)
        return
    headers = request.headers
    if is_preflight(method, headers):
        response = preflight(headers, routes.origins)
    else:
        async with _watched(request, receive) as probe:
            response = _granted(await _guarded(answer, probe), probe, routes)
    await send_response(response, scope, send, head=method == "HEAD")


@asynccontextmanager
async def _watched(request: Request, receive: Receive) -> AsyncIterator[Request]:
    """Yield the request; for a function call, with a `gone` that notices a disconnect."""
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
    """Return the error of an unexpected exception: exhausted resources, or a generic one."""
    resource = exhausted_resource(error)
    if resource is not None:
        log.error(EXHAUSTED, resource)
        return resource_error(resource)
    log.error(_FAILED, method, path, exc_info=error)
    return _FAILURE


def _granted(response: Response, request: Request, routes: Routes) -> Response:
    """Add the headers of every response: CORS, the trace header, Vary."""
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
    probe = Request(scope["method"], raw_path(scope), "", headers)
    granting = _granting(send, _added(headers, routes))
    started = False

    async def sending(message: Message) -> None:
        nonlocal started
        started = True
        await granting(message)

    try:
        await mounted(scope, limit_body(receive, headers, routes.max_body), in_pieces(sending))
    except JotError as error:
        if started:
            raise
        await send_response(_granted(render_error(error), probe, routes), scope, send)
    except Exception as error:
        failure = _failure(error, scope["method"], raw_path(scope))
        if started:  # the response has begun: the connection can only be closed
            raise
        await send_response(_granted(render_error(failure), probe, routes), scope, send)


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
    """Return the CORS headers that do not override or loosen the application's own."""
    names = {name.lower() for name, _ in own}
    if _GRANT in names:
        names.add(b"access-control-allow-credentials")
    return [line for line in granted if line[0] == b"vary" or line[0] not in names]


async def _websocket(routes: Routes, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == REALTIME and may_follow(read_headers(scope), routes.origins):
        await routes.live(scope, receive, send)
        return
    await receive()
    if scope["path"] == REALTIME:
        await refuse_handshake(scope, send, 403, _FOREIGN_PAGE.message)
        return
    await send({"type": "websocket.close", "code": 1008})


async def _lifespan(routes: Routes, receive: Receive, send: Send) -> None:
    await receive()
    try:
        await routes.start()
    except Exception:  # noqa: BLE001 - `routes.start` has reported it
        await send({"type": "lifespan.startup.failed", "message": ""})
        return
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await routes.stop()
    await send({"type": "lifespan.shutdown.complete"})
