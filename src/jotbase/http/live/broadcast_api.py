"""`POST /realtime/v1/api/broadcast`: broadcasts by clients that have no socket, and by code.

In charge of the statuses and bodies that the official clients know, and of the rate of a client.
Must not know how messages are validated, nor how a room tells its listeners.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, unquote

import orjson

from jotbase.auth.tokens.client_address import client_of
from jotbase.auth.tokens.rate_limits import Rate, TokenBuckets
from jotbase.engines.base import CALLER, Session
from jotbase.errors import AccessError
from jotbase.expression.expr import Context
from jotbase.http.live.channels.joined import ChannelServices
from jotbase.realtime.rooms.broadcast import broadcast_frames
from jotbase.realtime.rooms.http_messages import (
    MOST_MESSAGES,
    PATH,
    TOO_LARGE,
    Message,
    name_faults,
    read_batch,
)
from jotbase.realtime.rooms.outbox import Outbox
from jotbase.realtime.rooms.topic_rules import Right
from jotbase.schema.values.nesting import is_deep
from jotbase.values import Principal, Request, Response

_BATCH = PATH + "broadcast"
#: Requests of one client, or of one user.
REQUESTS = Rate(1000, 10)
_JSON, _BYTES = "application/json", "application/octet-stream"
_UNAUTHORIZED = {"message": "Unauthorized"}
_TOO_MANY = {"message": "Too many messages to broadcast, please reduce the batch size"}
_TOO_OFTEN = {"message": "You have exceeded your rate limit"}
_UNSUPPORTED = f"Unsupported Media Type. Use {_JSON} or {_BYTES}"


class BroadcastApi:
    """Answers the requests; `services` has the rooms and the rules of private topics."""

    def __init__(self, services: ChannelServices, proxies: int) -> None:
        self._services = services
        self._proxies = proxies
        self._buckets = TokenBuckets()
        self._counting = threading.Lock()

    async def answer(self, request: Request) -> Response:
        """Answer one request below `/realtime/v1/api/`."""
        if request.method == "GET" and request.path == PATH + "ping":
            return _answer(200, {"message": "Success"})
        if request.method != "POST" or not request.path.startswith(_BATCH):
            return _answer(404, {"message": "Not Found"})
        try:
            caller = await self._caller(request)
        except AccessError:
            return _answer(401, _UNAUTHORIZED)
        if caller is None:
            return _answer(401, _UNAUTHORIZED)
        if not self._counted(self._senders(request, caller)):
            return _answer(429, _TOO_OFTEN)
        if request.path == _BATCH:
            return await self._batch(request, caller)
        return await self._single(request, caller)

    async def of_code(self, request: Request, caller: Principal) -> Response:
        """Broadcast one message of the project's code immediately; return the response."""
        if not self._counted([("code", CALLER.get())]):
            return _answer(429, _TOO_OFTEN)
        return await self._single(request, caller)

    def within(
        self, request: Request, context: Context, session: Session, outbox: Outbox
    ) -> Response:
        """Collect one message of code in a transaction, to be sent by `deliver`; thread-safe."""
        message = self._read(request)
        if isinstance(message, Response):
            return message
        with self._counting:
            now, sender = self._services.now.read(), ("code", outbox.owner)
            if self._buckets.wait(sender, REQUESTS, now) > 0:
                return _answer(429, _TOO_OFTEN)
        access = self._services.access
        if message.private and not access.permits(
            context, message.topic, Right.WRITE, session.read
        ):
            return _answer(403, _UNAUTHORIZED)
        frames = broadcast_frames(message.push())
        if frames is None:
            return _answer(422, {"errors": {"payload": [TOO_LARGE]}})
        return _answer(202) if outbox.keep(message.room, frames) else _answer(429, _TOO_MANY)

    def deliver(self, outbox: Outbox) -> None:
        """Send the messages that a unit of work collected, after its commit."""
        now = self._services.now()
        for room, frames in outbox.kept:
            with self._counting:
                self._buckets.take(("code", outbox.owner), REQUESTS, now)
            self._services.rooms.say(room, frames)

    async def _caller(self, request: Request) -> Principal | None:
        known = {"authorization", "apikey"} & request.headers.keys()
        if known:
            return await self._services.credentials.principal(request.headers)
        key = parse_qs(request.query).get("apikey", [""])[0]
        return await self._services.credentials.principal({"apikey": key}) if key else None

    def _senders(self, request: Request, caller: Principal) -> list[Hashable]:
        client = client_of(request.headers, request.client, self._proxies)
        return [("client", client), *([("user", caller.id)] if caller.id is not None else [])]

    def _counted(self, senders: Sequence[Hashable]) -> bool:
        now = self._services.now()
        with self._counting:
            if any(self._buckets.wait(key, REQUESTS, now) > 0 for key in senders):
                return False
            for key in senders:
                self._buckets.take(key, REQUESTS, now)
        return True

    async def _batch(self, request: Request, caller: Principal) -> Response:
        messages, faults = read_batch(_json(request.body))
        if len(messages) > MOST_MESSAGES:
            return _answer(429, _TOO_MANY)
        if faults:
            return _answer(422, {"errors": {"messages": faults}})
        pushed = [broadcast_frames(message.push()) for message in messages]
        if None in pushed:
            sizes = [{} if frames else {"payload": [TOO_LARGE]} for frames in pushed]
            return _answer(422, {"errors": {"messages": sizes}})
        for message, frames in zip(messages, pushed, strict=True):
            if frames is not None and await self._may(caller, message):
                self._services.rooms.say(message.room, frames)
        return _answer(202)

    async def _single(self, request: Request, caller: Principal) -> Response:
        message = self._read(request)
        if isinstance(message, Response):
            return message
        if not await self._may(caller, message):
            return _answer(403, _UNAUTHORIZED)
        frames = broadcast_frames(message.push())
        if frames is None:
            return _answer(422, {"errors": {"payload": [TOO_LARGE]}})
        self._services.rooms.say(message.room, frames)
        return _answer(202)

    def _read(self, request: Request) -> Message | Response:
        """Return the message of a request whose path names the topic, or the error response."""
        names = request.path.removeprefix(_BATCH + "/").split("/")
        if len(names) != 3 or names[1] != "events":
            return _answer(404, {"message": "Not Found"})
        topic, event = unquote(names[0]), unquote(names[2])
        query = parse_qs(request.query)
        private = query.get("private", [""])[0].lower() == "true"
        if faults := name_faults(topic, event) or _persist_faults(query, private=private):
            return _answer(422, {"errors": faults})
        kind = request.headers.get("content-type", _JSON).partition(";")[0].strip().lower()
        if kind == _BYTES:
            return Message(topic, event, private=private, opaque=request.body)
        if kind != _JSON:
            return _answer(415, {"error": _UNSUPPORTED})
        payload = _json(request.body or b"{}")
        if payload is _UNREADABLE:
            return _answer(400, {"message": "Bad Request"})
        told = payload if isinstance(payload, Mapping) else {"_json": payload}
        return Message(topic, event, told, private=private)

    async def _may(self, caller: Principal, message: Message) -> bool:
        if not message.private:
            return True
        right = (Right.WRITE,)
        return Right.WRITE in await self._services.access.permitted(caller, message.topic, right)


#: Stands for a body that is no JSON.
_UNREADABLE = object()


def _json(body: bytes) -> Any:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _UNREADABLE
    return _UNREADABLE if is_deep(document) else document


def _persist_faults(query: Mapping[str, list[str]], *, private: bool) -> dict[str, list[str]]:
    if not any(name == "persist" or name.startswith("persist[") for name in query):
        return {}
    why = "is not served here" if private else "can only be used on private channels"
    return {"persist": [why]}


def _answer(status: int, body: Any = None) -> Response:
    if body is None:
        return Response(status, (), b"")
    return Response(status, (("Content-Type", "application/json"),), orjson.dumps(body))
