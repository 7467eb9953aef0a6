"""Batches that nobody wrote: answered or refused, and what is refused stores nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api.data_world import Serve
from tests.api.test_bad_input_fuzz import PREFERENCES, Yard, mostly, query, value, words

Strategy = st.SearchStrategy[Any]

ECHO = {"headers": {"Prefer": "return=representation"}}
SHAPE = {"code", "details", "hint", "message"}
names = st.sampled_from(("a", "b", "c"))
pointer = st.lists(st.sampled_from(("0", "1", "id", "name", "doc", "~1", "-", "")), max_size=3)
spelled = st.builds(lambda name, steps: "/".join([name, *steps]), names, pointer)
reference = mostly(spelled, words).map(lambda text: {"$ref": text})
content = mostly(value, reference, st.builds(lambda inner: {"$literal": inner}, value))
filled_row = st.dictionaries(
    st.sampled_from(("name", "size", "part", "doc", "tags", "made", "nope")), content, max_size=3
)
filtered = st.builds(
    "things?{}=eq.$ref({})".format, st.sampled_from(("id", "name", "size", "nope")), spelled
)
path = mostly(filtered | query.map(lambda raw: "things?" + raw.decode("latin-1")), words)
headers = st.dictionaries(
    st.sampled_from(("Prefer", "prefer", "Accept", "Range", "Authorization", "Content-Type")),
    st.sampled_from((*["return=representation"] * 8, *PREFERENCES, "text/csv", "0-1", "Bearer x")),
    max_size=2,
)
operation = st.fixed_dictionaries(
    {
        "method": mostly(st.sampled_from(("GET", "POST", "POST", "PATCH", "DELETE", "PUT")), words),
        "path": mostly(st.just("things"), path, path),
    },
    optional={
        "headers": mostly(st.just({"Prefer": "return=representation"}), headers),
        "body": mostly(filled_row | st.lists(filled_row, max_size=2), value),
        "as": mostly(names, words),
    },
)
#: Batches that mostly work: what later operations refer to is there.
found = st.sampled_from(("a/0/id", "a/0/id", "a/0/text", "a/0", "a", "a/1/id"))
named = found.map(lambda text: {"$ref": text})
first = st.builds(
    lambda text: {"method": "POST", "path": "others", "body": {"text": text}, "as": "a", **ECHO},
    st.sampled_from(("x", "1", "canary", "(1,2)")),
)
second = st.one_of(
    st.builds(
        lambda key, one: {"method": "POST", "path": "things", "body": {key: one}, **ECHO},
        st.sampled_from(("name", "size", "doc", "tags")),
        named | value,
    ),
    st.builds(
        lambda where, one: {"method": "PATCH", "path": where, "body": {"size": one}, **ECHO},
        st.builds("things?{}=eq.$ref({})".format, st.sampled_from(("id", "name", "size")), found),
        named | st.just(1),
    ),
    st.builds(
        lambda where: {"method": "DELETE", "path": where, **ECHO},
        st.builds("others?id=lte.$ref({})".format, found),
    ),
    st.builds(lambda raw: {"method": "GET", "path": "things?" + raw.decode("latin-1")}, query),
)
batches = st.one_of(
    st.tuples(first, second).map(list),
    st.tuples(first, second, second).map(list),
    st.tuples(first, operation).map(list),
    st.lists(operation, max_size=3),
    mostly(st.lists(operation | value, max_size=2), value),
)
prefer = st.sampled_from((*[b""] * 8, b"tx=rollback", b"handling=strict,nope=1"))


@pytest.fixture(scope="module")
def yard(_serve: Serve) -> Iterator[Yard]:
    yield Yard(_serve)
    _serve.close()


def count(yard: Yard) -> Any:
    told = yard.wire.ask("GET", b"/rest/v1/others?select=id&order=id.desc&limit=1")
    return orjson.loads(told.body)


@settings(
    max_examples=500,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(batch=batches, prefer=prefer)
def test_whatever_a_batch_holds_it_is_answered_or_refused(
    yard: Yard, batch: Any, prefer: bytes
) -> None:
    """One answer an operation, or an error in its shape after which nothing is there of it."""
    before = count(yard)
    body = json.dumps(batch).encode()
    answer = yard.wire.ask("POST", b"/rest/v1/", [(b"prefer", prefer)], body)
    told = orjson.loads(answer.body)

    assert answer.status < 500, answer
    assert b"hush-hush" not in answer.body
    if answer.status == 200:
        assert len(told) == len(batch)
    else:
        assert told.keys() - {"operation"} == SHAPE
        assert count(yard) == before
    assert yard.look() == yard.before
