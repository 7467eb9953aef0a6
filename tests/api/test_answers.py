"""How answers are told: time zones, casts, methods of a path, errors kept short."""

from __future__ import annotations

import threading
from textwrap import dedent

import pytest
from tests.api.data_world import Serve, refused, table

from jotbase.expression.expr import Context
from jotbase.query.response.prepared import Prepared
from jotbase.testing import TestBackend

EVENTS = table(
    {
        "at": {"type": "string", "format": "date-time"},
        "text": {"type": "string"},
        "made": {"type": "string", "defaultExpression": "now()"},
        "tags": {"type": "array", "items": {"type": "string"}, "default": []},
    }
)
ROW = {"at": "2026-08-21T10:00:00Z", "text": "seven", "tags": ["a b", "c"]}


@pytest.fixture
def backend(serve: Serve) -> TestBackend:
    made = serve({"events": EVENTS}, aggregates=True)
    made.service.post("/events", ROW)
    return made


def test_timestamps_in_a_time_zone(backend: TestBackend) -> None:
    """Reads and writes tell them as the zone's clocks show them."""
    prefer = "timezone=Asia/Kolkata"
    read = backend.anonymous.get("/events", {"select": "at"}, prefer=prefer)
    written = backend.anonymous.post(
        "/events", ROW, {"select": "at"}, prefer=f"{prefer}, return=representation"
    )

    assert read.json() == written.json() == [{"at": "2026-08-21T15:30:00+05:30"}]
    assert read.headers["preference-applied"] == prefer


def test_an_unknown_time_zone(backend: TestBackend) -> None:
    """It is refused, whether or not preferences must be understood."""
    for handling in ("", "handling=strict, "):
        read = backend.anonymous.get("/events", prefer=f"{handling}timezone=Mars/Base")
        refused(read, 400, "22023")


@pytest.mark.parametrize(
    ("select", "code"),
    [("text::int", "22P02"), ("id::date", "42846"), ("text.sum()", None), ("id::nope", "42704")],
)
def test_casts_that_fail(backend: TestBackend, select: str, code: str | None) -> None:
    """Bad text is no number, and not every type becomes every other."""
    status = 400 if code else 404
    refused(backend.anonymous.get("/events", {"select": select}), status, code or "42883")


def test_casts_to_text(backend: TestBackend) -> None:
    """PostgreSQL's own forms."""
    read = backend.anonymous.get("/events", {"select": "id::text,at::text,tags::text"})
    assert read.json() == [{"id": "1", "at": "2026-08-21 10:00:00+00", "tags": '{"a b",c}'}]


def test_the_time_as_text(backend: TestBackend) -> None:
    """A text column may have `now()` for its default."""
    (row,) = backend.anonymous.get("/events", {"select": "made"}).json()
    assert row["made"].endswith("+00:00")


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/rest/v1/", "OPTIONS,GET,HEAD,POST"),
        ("/rest/v1/events", "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"),
    ],
)
def test_options(backend: TestBackend, path: str, methods: str) -> None:
    """OPTIONS says what a path takes."""
    answer = backend.anonymous.request("OPTIONS", path)
    assert (answer.status, answer.headers["allow"], answer.text) == (200, methods, "")


def test_errors_may_be_kept_short(serve: Serve) -> None:
    """Without details and hint, a stranger learns less."""
    backend = serve({"events": EVENTS}, error_verbosity="minimal")
    answer = backend.anonymous.get("/events", {"select": "txt"})
    assert answer.json() == {"code": "42703", "message": "column events.txt does not exist"}


@pytest.mark.parametrize(
    ("at", "ids"),
    [
        ("gt.2026-08-21T10:00:00", []),  # 14:00 in UTC
        ("gt.2026-08-21T10:00:00Z", [1]),
        ("eq.2026-08-21 06:11:12.5", [1]),
        ("in.(2026-08-21 06:11:12.5)", [1]),
        ("lt(any).{2026-08-21 06:11:13}", [1]),
        ("gte.2026-08-21", [1]),  # 04:00 in UTC
    ],
)
def test_a_filters_time_is_of_the_preferred_zone(serve: Serve, at: str, ids: list[int]) -> None:
    """As a session's time zone reads what names no offset."""
    client = serve({"events": table({"at": {"type": "string", "format": "date-time"}})}).anonymous
    client.post("/events", {"at": "2026-08-21T10:11:12.5Z"})

    query = {"at": at, "select": "id"}
    found = client.get("/events", query, prefer="timezone=America/New_York").json()
    nested = {"or": f"(at.{at},id.lt.0)", "select": "id"}

    assert found == [{"id": one} for one in ids]
    if "(" not in at:
        assert client.get("/events", nested, prefer="timezone=America/New_York").json() == found


def test_a_bodys_time_is_of_the_preferred_zone(serve: Serve) -> None:
    """Without the preference, a time without an offset is none (RFC 3339)."""
    backend = serve({"events": table({"at": {"type": "string", "format": "date-time"}})})
    client = backend.anonymous
    here = "timezone=America/New_York, return=representation"

    made = client.post("/events", {"at": "2026-08-21 06:11:12.5"}, prefer=here)
    assert made.json() == [{"id": 1, "at": "2026-08-21T06:11:12.5-04:00"}]
    again = client.patch("/events", {"id": "eq.1"}, {"at": "2026-01-01T00:00:00"}, prefer=here)
    assert again.json() == [{"id": 1, "at": "2026-01-01T00:00:00-05:00"}]
    headers = [(b"prefer", here.encode()), (b"content-type", b"text/csv")]
    listed = serve.wire(backend).ask("POST", b"/rest/v1/events", headers, b"at\n2026-08-21 06:00")
    assert listed.body == b'[{"id":2,"at":"2026-08-21T06:00:00-04:00"}]'
    assert refused(client.post("/events", {"at": "2026-08-21 06:11:12.5"}), 400, "23514")
    assert refused(client.post("/events", {"at": "noon"}, prefer=here), 400, "23514")


def test_an_arguments_and_a_ranges_time_is_of_the_preferred_zone(serve: Serve) -> None:
    """Wherever a time stands: alone, in an array, in a range."""
    code = """
        from datetime import datetime

        from jotbase.functions import rpc

        @rpc
        def utc(at: list[datetime]) -> str:
            return " ".join(one.isoformat() for one in at)
    """
    span = table({"span": {"type": "string", "format": "tstzrange"}})
    backend = serve({"spans": span}, {"functions/__init__.py": dedent(code)})
    client, here = backend.anonymous, "timezone=America/New_York"

    by_query = client.get("/rpc/utc", {"at": "{2026-08-21 06:00}"}, prefer=here)
    by_body = client.rpc("utc", {"at": ["2026-08-21 06:00"]}, prefer=here)
    assert by_query.json() == by_body.json() == "2026-08-21T10:00:00+00:00"
    span = {"span": "[2026-08-21 06:00,2026-08-21 07:00)"}
    assert client.post("/spans", span, prefer=here).status == 201
    assert client.get("/spans", {"span": "cs.[2026-08-21 10:30,2026-08-21 10:31]"}).json() != []
    asked = {"span": "cs.[2026-08-21 06:30,2026-08-21 06:31]"}
    assert client.get("/spans", asked, prefer=here).json() != []
    assert client.get("/spans", asked).json() == []


def test_a_long_list_is_read_in_a_thread(
    backend: TestBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short one is read on the loop, whether its question is known or not."""
    threads: list[int] = []
    bind = Prepared.bind

    def noted(self: Prepared, context: Context) -> list[object]:
        threads.append(threading.get_ident())
        return bind(self, context)

    monkeypatch.setattr(Prepared, "bind", noted)
    for count in (1, 1, 4_000, 4_000):
        backend.service.get("/events", {"id": f"in.({','.join(['1'] * count)})"})

    loop = threads[0]
    assert threads[:2] == [loop, loop]
    assert loop not in threads[2:]
