"""`/functions/v1`: the project's own web application, each request with its caller's context.

In charge of authentication, and of the data client for the application's code. Must not know how
the application is run (`functions.hosting.wsgi_threads`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from jotbase.auth.tokens.client_address import share_owner
from jotbase.engines.base import CALLER, REQUEST_ID, RequestId
from jotbase.errors import AccessError
from jotbase.functions.api.context import Answer, DataClient, enter
from jotbase.functions.api.views import HOLDS, is_unverified
from jotbase.functions.hosting.wsgi_threads import OWNER, Hosted
from jotbase.functions.loading import host
from jotbase.http.edge.asgi import Receive, Scope, Send, read_headers, send_response
from jotbase.http.edge.credentials import CredentialCheck
from jotbase.http.edge.static_files import NOT_FOUND
from jotbase.http.live.broadcast_api import BroadcastApi
from jotbase.http.server.routes import BROADCASTS, FUNCTIONS
from jotbase.http.server.view_rules import holds_in
from jotbase.pipeline import DataApi, answer
from jotbase.settings import Settings
from jotbase.tasks.requests import ENQUEUE, task_unit
from jotbase.values import ANONYMOUS, Principal, Request, Response


class ProjectApp:
    """The ASGI application of a project's functions/; every path is unknown until `replace`.

    `data` returns the data API of the project's files as they are now, `broadcasts` what
    answers what views say to topics, and `clock` is what they call now.
    """

    def __init__(
        self,
        credentials: CredentialCheck,
        data: Callable[[], DataApi],
        settings: Settings,
        broadcasts: Callable[[], BroadcastApi],
        clock: Callable[[], float],
    ) -> None:
        self._broadcasts = broadcasts
        self._clock = clock
        self._credentials = credentials
        self._data = data
        self._settings = settings
        self._hosted: Hosted | None = None
        self._app: Any = None

    def replace(self, app: Any) -> None:
        """Serve this WSGI application, or none; the threads of the previous one end."""
        self._app = app
        before, self._hosted = self._hosted, None
        if app is not None:
            settings = self._settings
            self._hosted = host(
                app,
                settings.functions_threads,
                settings.functions_queue,
                settings.transaction_timeout / 1000,
                settings.functions_timeout / 1000,
            )
        if before is not None:
            before.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Raises JotError for invalid credentials, and if too many wait."""
        hosted = self._hosted
        if hosted is None:
            await send_response(NOT_FOUND, {}, send, head=scope["method"] == "HEAD")
            return
        principal = await self._caller(scope)
        peer = (scope.get("client") or ("",))[0]
        asked = Request(scope["method"], scope["path"], "", read_headers(scope), client=peer)
        owner = share_owner(principal, asked, self._settings.proxies)
        CALLER.set(owner)
        REQUEST_ID.set(RequestId(asked.headers.get("x-request-id", "")))
        ask = self.asking()
        enter(DataClient(principal, ask), self._clock)
        HOLDS.set(holds_in(self._data().engine, self._clock, asyncio.get_running_loop()))
        await hosted({**scope, "root_path": "/functions/v1", OWNER: owner}, receive, send)

    async def _caller(self, scope: Scope) -> Principal:
        """Return the caller of a view; a foreign token may be left to the view to verify.

        Raises AccessError, told as an error of the relay: official clients know by it that no view
        has run.
        """
        headers = read_headers(scope)
        kept = {name: text for name, text in headers.items() if name != "authorization"}
        try:
            return await self._credentials.principal(headers)
        except AccessError as error:
            refusal = error
        path = scope["path"].removeprefix(FUNCTIONS)
        judges = self._settings.functions_foreign_tokens
        free = is_unverified(self._app, f"/{path}", scope["method"])
        if free or "*" in judges or path.partition("/")[0] in judges:
            try:
                return await self._credentials.principal(kept)
            except AccessError as error:
                refusal = error
        if free:
            return ANONYMOUS
        refusal.headers = (*refusal.headers, ("x-relay-error", "true"))
        raise refusal

    def asking(self) -> Answer:
        """Return the handler of data requests of code in threads, run on this event loop."""
        loop = asyncio.get_running_loop()

        def ask(request: Request, principal: Principal) -> Response:
            answering = self._answered(request, principal)
            return asyncio.run_coroutine_threadsafe(answering, loop).result()

        return ask

    async def _answered(self, request: Request, principal: Principal) -> Response:
        if request.path.startswith(BROADCASTS):
            return await self._broadcasts().of_code(request, principal)
        if request.path == ENQUEUE:
            return await self._add_task(request, principal)
        return await answer(request, self._data(), principal)

    async def _add_task(self, request: Request, principal: Principal) -> Response:
        data = self._data()
        now = data.context(principal, ()).now
        await data.engine.write(task_unit(request.body, now, data.engine.dialect))
        return Response(204)
