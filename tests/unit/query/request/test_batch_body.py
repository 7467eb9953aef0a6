"""A batch's body: which operations can be read, and who may not speak in them."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.errors import RequestError
from jotbase.query.request.batch_body import PATHS, Operation, OperationError, read_operations
from jotbase.values import Request

JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("method", "path", "headers", "body", "as", "$ref", "$literal")),
            inner | st.sampled_from(("POST", "GET", "jobs", "a/0", "jobs?a=eq.$ref(a)")),
            max_size=5,
        )
    ),
    max_leaves=20,
)


def read(*operations: Any, **headers: str) -> tuple[Operation, ...]:
    """Return the operations of a request that carries them."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    body = orjson.dumps(list(operations))
    return read_operations(Request("POST", "/rest/v1/", "", named, body), 9)


def refusal(*operations: Any, **headers: str) -> tuple[str, int | None]:
    """Return the code of what is wrong, and in which operation."""
    with pytest.raises(RequestError) as refused:
        read(*operations, **headers)
    error = refused.value
    return error.code, error.operation if isinstance(error, OperationError) else None


def test_an_operation_is_an_ordinary_request() -> None:
    """Its path is below the data API, with or without a slash in front."""
    body = {"title": "smith", "company": {"$ref": "firm/0/id"}}
    (one,) = read(
        {
            "method": "POST",
            "path": "/jobs?select=id&a=b?c",
            "headers": {"PREFER": "return=minimal"},
            "body": body,
            "as": "job",
        }
    )

    prefer = {"prefer": "return=minimal"}
    assert one.request == Request("POST", "/rest/v1/jobs", "select=id&a=b?c", prefer)
    assert (one.index, one.name, one.body, one.marked) == (0, "job", body, True)
    assert [reference.steps for reference in one.references] == [("0", "id")]


def test_the_transaction_is_the_batch_s() -> None:
    """What its own Prefer says of `tx` goes to every operation; none says it itself."""
    look = {"method": "GET", "path": "jobs"}
    first, second = read(look, {**look, "headers": {"Prefer": "count=exact"}}, prefer="tx=rollback")

    assert first.request.headers == {"prefer": "tx=rollback"}
    assert second.request.headers == {"prefer": "count=exact, tx=rollback"}
    assert refusal({**look, "headers": {"Prefer": "tx=commit"}}) == ("PGRST102", 0)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"content_type": "text/csv"}, "PGRST102"),
        ({"accept": "text/csv"}, "PGRST107"),
        ({"content_profile": "private"}, "PGRST106"),
        ({"prefer": "handling=strict, nope=1"}, "PGRST122"),
    ],
)
def test_headers_of_the_batch(headers: dict[str, str], code: str) -> None:
    """JSON goes in and out."""
    assert refusal(**headers) == (code, None)


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer x"},
        {"AUTHORIZATION": "Bearer x"},
        {"x-forwarded-for": "127.0.0.1"},
        {" prefer": "tx=rollback"},
        {"prefer": "return=minimal", "Prefer": "return=minimal"},
        {"prefer": None},
    ],
)
def test_headers_of_an_operation(headers: dict[str, Any]) -> None:
    """Only those that shape its answer, each once, whatever its case."""
    assert refusal({"method": "GET", "path": "jobs", "headers": headers}) == ("PGRST102", 0)


@pytest.mark.parametrize("path", ["//evil/x", "jobs//x", "a:b", "jobs#x", "", None, 1])
def test_paths_stay_below_the_data_api(path: Any) -> None:
    """None names another place."""
    assert refusal({"method": "GET", "path": path}) == ("PGRST102", 0)


def test_bodies_are_json() -> None:
    """A batch carries no CSV."""
    csv = {"Content-Type": "text/csv"}
    assert refusal({"method": "POST", "path": "a", "body": "", "headers": csv}) == ("PGRST102", 0)


def test_the_whole_is_limited() -> None:
    """As many operations, characters of paths, and rows, as one request may have."""
    look = {"method": "GET", "path": "jobs"}
    long = {"method": "GET", "path": "jobs?" + "a" * (PATHS // 2)}
    rows = {"method": "POST", "path": "jobs", "body": [{}] * 60_000}

    assert refusal(*[look] * 10) == ("53400", None)
    assert refusal(long, long) == ("53400", None)
    assert refusal(rows, rows) == ("53400", None)


def test_nesting_is_limited() -> None:
    """As in any body, before it is walked."""
    deep: Any = []
    for _ in range(200):
        deep = [deep]
    assert refusal({"method": "POST", "path": "jobs", "body": {"a": deep}}) == ("54001", 0)


@given(JSON)
def test_whatever_comes_is_read_or_refused(value: Any) -> None:
    """With an error of ours."""
    request = Request("POST", "/rest/v1/", "", {}, json.dumps([value]).encode())
    with suppress(RequestError):
        assert len(read_operations(request, 5)) == 1
