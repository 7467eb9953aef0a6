"""Changes as server-sent events, and the parameters of a read as a binding."""

from typing import Any

import pytest

from jotbase.errors import RequestError
from jotbase.realtime.messages.event_text import (
    change_event,
    event,
    is_event_stream,
    stream_binding,
)
from jotbase.realtime.messages.wire import frame


def test_a_change_is_its_data_behind_its_cursor() -> None:
    """The frame of a channel is cut, not parsed."""
    text = (
        b'{"ref":null,"topic":"t","event":"e","payload":{"ids":[1],"cursor":"07-a","data":{"b":2}}}'
    )

    assert change_event(frame(text)) == b'id: 07-a\ndata: {"b":2}\n\n'
    assert change_event(frame(text.replace(b'"07-a"', b"7"))) == b'id: 7\ndata: {"b":2}\n\n'


def test_an_event_has_a_name_and_perhaps_an_id() -> None:
    """Without an id, clients keep the last one (HTML 9.2.6)."""
    assert event("end", {"message": "m"}) == b'event: end\ndata: {"message":"m"}\n\n'
    assert event("p", {}, "07-a") == b"id: 07-a\nevent: p\ndata: {}\n\n"


@pytest.mark.parametrize(
    ("accept", "events"),
    [
        ("text/event-stream", True),
        ("Text/Event-Stream; charset=utf-8, */*;q=0.1", True),
        ("application/json, text/event-stream", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_events_are_asked_for_by_name(accept: str, events: bool) -> None:
    """A client that takes rows as well gets rows."""
    assert is_event_stream(accept) is events


@pytest.mark.parametrize(
    ("query", "more"),
    [
        ("", {}),
        ("id=eq.1&n=gt.2", {"filter": "id=eq.1,n=gt.2"}),
        ("t=eq.a%2Cb", {"filter": 't=eq."a,b"'}),
        ("t=not.like.*%22*", {"filter": 't=not.like."*\\"*"'}),
        ("id=in.(1,2)", {"filter": "id=in.(1,2)"}),
        ("select=id,%20t&apikey=k", {"select": ["id", "t"]}),
        ("select=*", {}),
    ],
)
def test_parameters_become_a_binding(query: str, more: dict[str, Any]) -> None:
    """A value with a comma is quoted, since there one begins the next filter."""
    base = {"event": "*", "schema": "public", "table": "t"}

    assert stream_binding("t", query) == (base | more, None)


def test_the_last_event_may_stand_in_the_query() -> None:
    """An `EventSource` of a new page cannot set headers."""
    assert stream_binding("t", "last_event_id=07-a")[1] == "07-a"


@pytest.mark.parametrize("name", ["order", "limit", "offset", "or", "and", "not.or", "columns"])
def test_what_a_stream_has_not_is_refused(name: str) -> None:
    """It is not dropped in silence."""
    with pytest.raises(RequestError) as refused:
        stream_binding("t", f"{name}=x")

    assert refused.value.message == f"An event stream has no {name}"
