"""Paths that lead to no table, and methods that no table takes."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pytest
from tests.api.data_world import Serve, Wire, refused, table

JSON = (b"content-type", b"application/json")


@pytest.fixture
def wire(serve: Serve) -> Iterator[Wire]:
    """A backend with one row, which is the same, and alone, when the test is over."""
    backend = serve({"things": table({"name": {"type": "string"}})})
    assert backend.service.post("/things", {"name": "bell"}).status == 201
    yield serve.wire(backend)
    assert backend.service.get("/things").json() == [{"id": 1, "name": "bell"}]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (b"/rest/v1", 404),
        (b"/rest/v1/../things", 404),
        (b"/rest/v1/%2e%2e/things", 404),
        (b"/rest/v1/%2F", 404),
        (b"/rest/v1/things%2Fx", 404),
        (b"/rest/v1/things/1", 404),
        (b"/rest/v1/Things", 404),
        (b"/rest/v1/things%20", 404),
        (b"/rest/v1/%22things%22", 404),
        (b"/rest/v1/auth.users", 404),
        (b"/rest/v1/auth%2Eusers", 404),
        (b"/rest/v1/jotbase.changes", 404),
        (b"/rest/v1/sqlite_schema", 404),
        (b"/rest/v1/pragma_table_list", 404),
        (b"/rest/v1/things;DROP%20TABLE%20things", 404),
        (b"/rest/v1/" + b"x" * 60_000, 404),
        (b"/rest/v1/things%00", 400),
        (b"/rest/v1/%ff", 400),
        (b"/rest/v1/\xff", 400),
    ],
)
def test_a_path_to_no_table_leads_nowhere(wire: Wire, path: bytes, status: int) -> None:
    """Inner tables, SQLite's own and other paths are not there, for any method."""
    for method in ("GET", "POST", "PATCH", "DELETE"):
        answer = wire.ask(method, path, [JSON], b'{"name": "x"}')
        assert answer.status == status
        assert orjson.loads(answer.body)["message"]


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "get", "", "\0"])
def test_another_method_is_refused(wire: Wire, method: str) -> None:
    """405, and nothing is done."""
    refused(wire.ask(method, b"/rest/v1/things?id=eq.1", [JSON], b'{"name": "x"}'), 405, "PGRST117")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_question_has_a_limit(wire: Wire, method: str) -> None:
    """A thousand conditions are answered, and more are refused before they are made sense of."""
    thousand = b"&".join(b"name=neq.%d" % number for number in range(999)) + b"&name=eq.x"
    target = b"/rest/v1/things?" + thousand
    answer = wire.ask(method, target, [JSON], b'{"name": "x"}')

    assert answer.status in (200, 204), answer
    refused(wire.ask(method, target + b"&id=gt.0" * 300, [JSON], b"{}"), 400, "54001")
