"""A table followed by `GET` with `Accept: text/event-stream`, as by a channel, on each engine."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.data_world import Serve, table

from jotbase.testing import TestBackend

TEXT = {"type": ["string", "null"]}
NOTES = {
    **table({"text": TEXT, "n": {"type": "integer", "default": 0}, "owner": TEXT}),
    "realtime": True,
}
OWN = NOTES | {"access": {"select": "row.owner == user.id", "insert": "True", "update": "True"}}


@pytest.fixture
def backend(serve: Serve) -> TestBackend:
    return serve({"notes": NOTES, "own": OWN, "plain": table({"text": TEXT})})


def ids(told: list[Any]) -> list[tuple[str, int]]:
    """Return the type and id of each event."""
    return [(one.type, (one.row or one.old)["id"]) for one in told]


def test_changes_are_told_as_events(backend: TestBackend) -> None:
    """INSERT, UPDATE and DELETE, each with its rows and a cursor that grows."""
    service = backend.service
    with backend.anonymous.subscribe("/notes") as told:
        service.post("/notes", {"text": "a"})
        service.patch("/notes", {"id": "eq.1"}, {"text": "b"})
        service.delete("/notes", {"id": "eq.1"})
        first, second, third = told.next(), told.next(), told.next()

    assert [one.type for one in (first, second, third)] == ["INSERT", "UPDATE", "DELETE"]
    assert first.row == {"id": 1, "text": "a", "n": 0, "owner": None}
    assert second.old == first.row
    assert (third.row, third.old) == (None, {"id": 1, "text": "b", "n": 0, "owner": None})
    assert (first.cursor or "") < (second.cursor or "") < (third.cursor or "")


@pytest.mark.parametrize(
    ("params", "fits"),
    [
        ({"n": "gt.1"}, [3]),
        ({"n": "in.(0,5)"}, [1, 3]),
        ({"n": "gte.1", "text": "like.b*"}, [2]),
        ({"text": "eq.a, (x)"}, [1]),
        ({"text": "not.is.null"}, [1, 2]),
        ({"select": "id", "text": "is.null"}, [3]),
    ],
)
def test_filters_are_those_of_a_read(
    backend: TestBackend, params: dict[str, str], fits: list[int]
) -> None:
    """All must fit; the read with the same parameters has the same rows."""
    rows = [{"text": "a, (x)", "n": 0}, {"text": "bc", "n": 1}, {"text": None, "n": 5}]
    with backend.anonymous.subscribe("/notes", params) as told:
        for row in rows:
            backend.service.post("/notes", row)
        assert [one.row["id"] for one in told.rest() if one.row] == fits
    assert [row["id"] for row in backend.anonymous.get("/notes", params).json()] == fits


def test_a_stream_tells_what_its_caller_may_see(backend: TestBackend) -> None:
    """The rule is judged for each event; another's row is not told."""
    ana = backend.user("ana@example.com")
    with ana.subscribe("/own") as told:
        backend.service.post("/own", {"owner": "somebody"})
        backend.service.post("/own", {"owner": ana.id})
        backend.service.patch("/own", {"id": "eq.2"}, {"owner": "somebody"})

        assert ids(told.rest()) == [("INSERT", 2), ("DELETE", 2)]


def test_a_stream_resumes_behind_the_last_event(backend: TestBackend) -> None:
    """`Last-Event-ID`, or `last_event_id` where no header can be set; what is none means resync."""
    with backend.anonymous.subscribe("/notes") as told:
        backend.service.post("/notes", {"text": "a"})
        cursor = told.next().cursor or ""
    backend.service.post("/notes", {"text": "b"})

    with backend.anonymous.subscribe("/notes", last_event_id=cursor) as told:
        assert ids(told.rest()) == [("INSERT", 2)]
    with backend.anonymous.subscribe("/notes", {"last_event_id": cursor}) as told:
        assert ids(told.rest()) == [("INSERT", 2)]
    with backend.anonymous.subscribe("/notes", last_event_id="nothing") as told:
        assert [one.type for one in told.rest()] == ["resync"]


def test_rows_and_then_a_stream_leave_no_gap(backend: TestBackend) -> None:
    """The position of a read is where a stream goes on."""
    backend.service.post("/notes", {"text": "a"})
    read = backend.anonymous.get("/notes")
    backend.service.post("/notes", {"text": "b"})
    with backend.anonymous.subscribe(
        "/notes", last_event_id=read.headers["x-jotbase-cursor"]
    ) as told:
        assert ids(told.rest())[-1] == ("INSERT", 2)


def test_a_sign_out_ends_the_stream(backend: TestBackend) -> None:
    """At once, with the reason; so does the end of the token's life."""
    ana = backend.user("ana@example.com")
    with ana.subscribe("/notes") as told:
        ana.request("POST", "/auth/v1/logout")
        ended = told.next()

    assert (ended.type, ended.message) == ("end", "The session of this token has ended")


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("/nothing", {}, 404),
        ("/plain", {}, 404),
        ("/notes", {"nope": "eq.1"}, 400),
        ("/notes", {"n": "eq.x"}, 400),
        ("/notes", {"or": "(n.eq.1,n.eq.2)"}, 400),
        ("/notes", {"limit": "1"}, 400),
        ("/notes", {"text": "match.a"}, 400),
    ],
)
def test_what_cannot_be_followed_is_refused(
    backend: TestBackend, path: str, params: dict[str, str], status: int
) -> None:
    """Before the stream begins, as any request is refused."""
    answer = backend.anonymous.get(path, params, accept="text/event-stream")

    assert answer.status == status
    assert set(answer.json()) == {"code", "message", "details", "hint"}


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"table": "own"}, [True, "INSERT", None, None]),
        ({"table": "own", "filter": "n=eq.1,id=eq.1"}, [False, None, "filter", "n=eq.1"]),
        ({"table": "own", "event": "DELETE"}, [False, None, "event", "DELETE"]),
        ({"table": "notes"}, [False, None, "table", "the change is of own"]),
        (
            {"table": "own", "user": ""},
            [False, None, "rule", "the select rule of own hides the row"],
        ),
    ],
)
def test_the_service_role_is_told_why_not(
    backend: TestBackend, params: dict[str, str], said: list[Any]
) -> None:
    """Which rule or filter withheld a change from a user, asked of what tells changes."""
    ana = backend.user("ana@example.com")
    with backend.service.subscribe("/own") as told:
        backend.service.post("/own", {"owner": ana.id})
        change = told.next().cursor
    asked = {"user": ana.id, "change": change, **params}
    answer = backend.service.request("GET", "/realtime/v1/admin/explain", asked)
    body = answer.json()

    assert answer.status == 200, body
    assert [body[key] for key in ("delivered", "told_as", "withheld_by", "detail")] == said
    assert (body["table"], body["type"]) == ("own", "INSERT")


def test_nobody_else_may_ask_why_not(backend: TestBackend) -> None:
    """A user's question would tell of rows that are hidden; a change that is not there is said."""
    path = "/realtime/v1/admin/explain"

    assert backend.user().request("GET", path, {"change": "1"}).status == 403
    assert backend.anonymous.request("GET", path, {"change": "1"}).status in (401, 403)
    assert backend.service.request("GET", path, {"change": "99"}).status == 400
