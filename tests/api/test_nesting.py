"""One limit of nesting for every way in, and what is below it comes out again."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from tests.api.data_world import Serve, Wire, refused, table

DEEP = "[" * 300 + "]" * 300
DEEPER = "[" * 3000 + "]" * 3000
FITTING = "[" * 90 + "]" * 90
THINGS = table(
    {
        "doc": {"type": ["array", "object", "string", "null"]},
        "tags": {"type": ["array", "null"]},
        "lists": {"type": ["array", "null"], "items": {"type": "array"}},
    }
)
FUNCTIONS = """
from typing import Any
from jotbase.functions import rpc

@rpc
def take(doc: Any) -> int:
    return 1
"""
FORM = (b"content-type", b"application/x-www-form-urlencoded")
CSV = (b"content-type", b"text/csv")


@pytest.fixture
def wire(serve: Serve) -> Wire:
    """A table of JSON, and a function that takes some."""
    files = {"functions/__init__.py": FUNCTIONS}
    return serve.wire(serve({"things": THINGS}, files, max_body=100_000))


def _ask(wire: Wire, method: str, path: str, body: str = "", *headers: tuple[bytes, bytes]) -> Any:
    return wire.ask(method, b"/rest/v1" + path.encode(), headers, body.encode())


@pytest.mark.parametrize("text", [DEEP, DEEPER])
@pytest.mark.parametrize("column", ["doc", "tags", "lists"])
def test_no_way_in_takes_what_is_too_deep(wire: Wire, column: str, text: str) -> None:
    """A body, CSV, a form, a filter and a batch are refused alike, and nothing is stored."""
    asked = quote(text)
    row = f'{{"{column}":{text}}}'
    batch = f'[{{"method":"POST","path":"/things","body":{row}}}]'
    answers = [
        _ask(wire, "POST", "/things", row),
        _ask(wire, "POST", "/things", f"[{row}]"),
        _ask(wire, "POST", "/things", f"{column}\n{text}", CSV),
        _ask(wire, "POST", "/things", f"{column}={asked}", FORM),
        _ask(wire, "GET", f"/things?{column}=eq.{asked}"),
        _ask(wire, "GET", f"/things?{column}=cs.{asked}"),
        _ask(wire, "GET", f"/things?or=({column}.eq.{asked},id.eq.1)"),
        _ask(wire, "PATCH", f"/things?{column}=neq.{asked}", f'{{"{column}":null}}'),
    ]

    for answer in answers:
        refused(answer, 400, "54001")
    assert b'"code":"54001"' in _ask(wire, "POST", "/", batch).body
    assert _ask(wire, "GET", "/things").body == b"[]"


@pytest.mark.parametrize("text", [DEEP, DEEPER])
def test_functions_are_given_nothing_too_deep(wire: Wire, text: str) -> None:
    """An argument is refused as JSON, in a form and in the query string."""
    asked = quote(text)
    answers = [
        _ask(wire, "POST", "/rpc/take", f'{{"doc":{text}}}'),
        _ask(wire, "POST", "/rpc/take", f"doc={asked}", FORM),
        _ask(wire, "GET", f"/rpc/take?doc={asked}"),
    ]

    for answer in answers:
        refused(answer, 400, "54001")


def test_what_fits_comes_out_again(wire: Wire) -> None:
    """A value below the limit is stored, found, compared and told in every form."""
    _ask(wire, "POST", "/things", f'{{"doc":{FITTING}}}')
    _ask(wire, "POST", "/things", f"doc\n{FITTING}", CSV)
    found = _ask(wire, "GET", f"/things?select=doc&doc=eq.{quote(FITTING)}")
    stripped = (b"accept", b"application/vnd.pgrst.array+json;nulls=stripped")
    told = [
        _ask(wire, "GET", "/things?select=doc", "", header).body
        for header in ((b"accept", b"text/csv"), stripped)
    ]

    row = f'{{"doc":{FITTING}}}'
    assert found.body.decode() == f"[{row},{row}]"
    assert told == [f"doc\n{FITTING}\n{FITTING}".encode(), found.body]
