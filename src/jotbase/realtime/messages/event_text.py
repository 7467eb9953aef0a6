"""Server-sent events as text (HTML 9.2), and a read's parameters as a binding to follow.

In charge of the two forms. Must not know connections.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson

from jotbase.errors import RequestError
from jotbase.realtime.messages.wire import unframe

#: The topic of all streams: equal subscriptions of streams share their frames.
TOPIC = "event-stream"

#: Parameters of a read that mean nothing where changes are followed.
_REFUSED = ("order", "limit", "offset", "on_conflict", "columns", "and", "or", "not.and", "not.or")
#: Parameters that are no filter.
_OTHERS = ("select", "apikey", "last_event_id")
_TERM = re.compile(r"(?P<head>(?:not\.)?)(?P<operator>\w+)\.(?P<value>.*)", re.DOTALL)


def event(name: str, data: Mapping[str, Any], cursor: str | None = None) -> bytes:
    """Return one event; with a cursor, clients come back with it as `Last-Event-ID`."""
    head = f"id: {cursor}\n" if cursor is not None else ""
    return b"%bevent: %b\ndata: %b\n\n" % (head.encode(), name.encode(), orjson.dumps(data))


def change_event(ready: bytes) -> bytes:
    """Return the event of a change whose WebSocket frame of version 1.0.0 this is."""
    message, _ = unframe(ready)
    _, _, rest = message.partition(b'"cursor":')
    cursor, _, data = rest.partition(b',"data":')
    return b"id: %b\ndata: %b\n\n" % (cursor.strip(b'"'), data[:-2])


def is_event_stream(accept: str) -> bool:
    """Whether an `Accept` header asks for events, and not for rows as well."""
    kinds = {one.partition(";")[0].strip().lower() for one in accept.split(",")}
    return "text/event-stream" in kinds and "application/json" not in kinds


def stream_binding(table: str, query: str) -> tuple[dict[str, Any], str | None]:
    """Return the binding that a read's parameters ask for, and its `last_event_id`.

    Raises RequestError PGRST100.
    """
    pairs = parse_qsl(query, keep_blank_values=True)
    for name, _ in pairs:
        if name in _REFUSED:
            raise RequestError(
                "PGRST100",
                f"An event stream has no {name}",
                hint="It takes `select` with columns, and filters, all of which must fit.",
            )
    given = dict(pairs)
    binding: dict[str, Any] = {"event": "*", "schema": "public", "table": table}
    terms = [f"{name}={_quoted(text)}" for name, text in pairs if name not in _OTHERS]
    if terms:
        binding["filter"] = ",".join(terms)
    if given.get("select", "*") != "*":
        binding["select"] = [name.strip() for name in given["select"].split(",")]
    return binding, given.get("last_event_id")


def _quoted(text: str) -> str:
    """Return a filter's value quoted as in subscriptions, where a comma separates filters."""
    found = _TERM.fullmatch(text)
    if found is None or found["operator"] == "in" or not re.search(r'[,()"\\]', found["value"]):
        return text
    value = re.sub(r'(["\\])', r"\\\1", found["value"])
    return f'{found["head"]}{found["operator"]}."{value}"'
