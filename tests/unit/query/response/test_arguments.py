"""What a call brings, read as what its function takes."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.query.board import asked, code_of
from tests.unit.query.calls_board import FUNCTIONS, function

from jotbase.errors import RequestError
from jotbase.query.plan.functions import Parameter
from jotbase.query.request.body import Cell
from jotbase.query.request.grammar import parse
from jotbase.query.request.shape import shape
from jotbase.query.response.arguments import read_call, read_value
from jotbase.schema.model.tables import Type
from jotbase.values import SERVICE_PRINCIPAL, Request

#: What JSON bodies may hold: larger ones are refused before.
WHOLE = st.integers(-(2**63), 2**63 - 1)


def arguments(line: str, body: bytes = b"", content: str = "application/json") -> Any:
    """Return the arguments of a call, given as `GET /rpc/add?a=1`."""
    method, _, target = line.partition(" ")
    path, _, query = target.partition("?")
    request = Request(method, "/rest/v1" + path, query, {"content-type": content}, body)
    request_shape, values = shape(request)
    return read_call(FUNCTIONS, parse(request_shape), values, body, SERVICE_PRINCIPAL).arguments


@pytest.mark.parametrize(
    ("line", "body", "content", "expected"),
    [
        ("GET /rpc/add?a=1&b=2", b"", "", {"a": 1, "b": 2}),
        ("GET /rpc/add?a=1&a=2", b"", "", {"a": 2}),
        ("POST /rpc/add", b'{"a": 1e3, "b": 2.0}', "application/json", {"a": 1000, "b": 2}),
        ("POST /rpc/add", b'{"a": 1e15}', "application/json", {"a": 1000000000000000}),
        ("GET /rpc/add?a=1&id=eq.3", b"", "", {"a": 1}),
        ("GET /rpc/sum?n=1&n=2", b"", "", {"n": [1, 2]}),
        ("GET /rpc/sum?n={3,4}", b"", "", {"n": [3, 4]}),
        ("GET /rpc/shout?text=a%20b", b"", "", {"text": "a b"}),
        ("POST /rpc/add", b'{"a": "7"}', "application/json", {"a": 7}),
        ("POST /rpc/add", b'[{"a": 7}, {"a": 8}]', "application/json", {"a": 7}),
        ("POST /rpc/add?columns=a", b'{"a": 7, "c": 8}', "application/json", {"a": 7}),
        ("POST /rpc/sum", b"", "application/json", {}),
        ("POST /rpc/sum", b'{"n": [5]}', "application/json", {"n": [5]}),
        ("POST /rpc/shout", b'{"text": 5}', "application/json", {"text": "5"}),
        ("POST /rpc/take", b"[1, 2]", "application/json", {"_": [1, 2]}),
        ("POST /rpc/echo", b"plain", "text/plain", {"_": "plain"}),
        ("POST /rpc/add", b"a=1&b=2", "application/x-www-form-urlencoded", {"a": 1, "b": 2}),
    ],
)
def test_arguments_are_read(line: str, body: bytes, content: str, expected: Any) -> None:
    """From the query string, a JSON object or list, a form, or the body as a whole."""
    assert arguments(line, body, content) == expected


@pytest.mark.parametrize(
    ("line", "body", "code"),
    [
        ("GET /rpc/add?a=x", b"", "22P02"),
        ("POST /rpc/add", b'{"a": 1.5}', "22P02"),
        ("POST /rpc/add", b'{"a": true}', "22P02"),
        ("POST /rpc/add", b'{"a": 1e20}', "22003"),
        ("POST /rpc/add", b'{"a": 9.22e18}', "22003"),
        ("POST /rpc/sum", b'{"n": 1}', "22P02"),
        ("POST /rpc/add", b"{", "PGRST102"),
        ("POST /rpc/add", b"7", "PGRST202"),
    ],
)
def test_what_cannot_be_read_is_refused(line: str, body: bytes, code: str) -> None:
    """By PostgreSQL's codes for values, and PostgREST's for bodies."""
    assert code_of(lambda: arguments(line, body)) == code


def test_a_schema_is_asked() -> None:
    """Its faults are told as a row's are."""
    fault = {"pointer": "/a", "keyword": "minimum", "message": "too small"}
    strict = function("add", Parameter("a", Type.INTEGER), faults=lambda _: [fault])

    with pytest.raises(RequestError) as refused:
        read_call({"add": (strict,)}, asked("GET /rpc/add?a=1"), ("1",), b"", SERVICE_PRINCIPAL)

    assert (refused.value.code, refused.value.details) == ("23514", [fault])


@given(st.sampled_from(list(Type)), st.text() | WHOLE | st.lists(WHOLE))
def test_any_value_is_read_or_refused(kind: Type, value: Any) -> None:
    """There is no third way."""
    parameter = Parameter("a", kind, Type.INTEGER)
    for sent in (value, Cell(value) if isinstance(value, str) else value):
        with contextlib.suppress(RequestError):
            read_value(parameter, sent)
