"""Shapes: what counts as a value and what stays part of the question."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.query.board import code_of, request

from jotbase.errors import RequestError
from jotbase.query.request.shape import decoded, shape


def test_two_questions_with_other_values_are_one_shape() -> None:
    """Values of filters, limits and offsets are taken out, so that the plan is reused."""
    one, first = shape(request("GET /jobs?id=eq.1&limit=5&offset=10"))
    other, second = shape(request("GET /jobs?id=eq.2&limit=6&offset=0"))

    assert one == other
    assert hash(one) == hash(other)
    assert first == ("1", "5", "10")
    assert second == ("2", "6", "0")


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("title=like.*a%20b*", ("*a b*",)),
        ("id=not.in.(1,2)", ("(1,2)",)),
        ("clients.id=gte.3", ("3",)),
        ("data->>x=eq.a.b", ("a.b",)),
        ("name=eq.a+b", ("a b",)),
        ("title=fts.word", ("word",)),
        ("title=not.fts(german).word", ("word",)),
    ],
)
def test_values_are_decoded(query: str, values: tuple[str, ...]) -> None:
    """What stands behind an operator is percent-decoded and handed out."""
    assert shape(request(f"GET /jobs?{query}"))[1] == values


@pytest.mark.parametrize(
    "query",
    [
        "select=id,title",
        "order=eq.desc",
        "clients.order=eq.asc",
        "or=(id.eq.1,id.eq.2)",
        "id=is.null",
        "id=eq(any).{1,2}",
        "title=fts(pg_catalog.english).word",
        "limit=x",
        "id=5",
    ],
)
def test_what_decides_the_sql_stays_in_the_shape(query: str) -> None:
    """A select, an order, a tree, `is` and a quantifier are the question, not its values."""
    question, values = shape(request(f"GET /jobs?{query}"))

    assert question.pieces == (query,)
    assert values == ()


def test_headers_are_part_of_the_question() -> None:
    """Another Prefer or Accept is another question; a read has no content type."""
    headers = {"prefer": "count=exact", "accept": "text/csv", "content-type": "x/y"}
    question, _ = shape(request("GET /jobs", headers=headers))

    assert (question.prefer, question.accept, question.content_type) == (
        "count=exact",
        "text/csv",
        "",
    )


def test_broken_utf8_is_the_callers_fault() -> None:
    """A byte that is no UTF-8 gives PGRST100."""
    with pytest.raises(RequestError) as caught:
        shape(request("GET /jobs?title=eq.%ff"))

    assert caught.value.code == "PGRST100"
    assert caught.value.status == 400


def test_nul_is_refused() -> None:
    """U+0000 cannot be stored in text, so nothing is compared with it."""
    with pytest.raises(RequestError) as caught:
        decoded("a%00b")

    assert caught.value.code == "22P05"


def test_raw_bytes_are_read_as_utf8() -> None:
    """A server hands bytes over as Latin-1; they are the UTF-8 that the client sent."""
    assert decoded("é".encode().decode("latin-1")) == "é"
    assert decoded("%C3%A9") == "é"


@given(st.text())
def test_any_query_gives_a_shape_or_an_error(query: str) -> None:
    """Whatever stands behind the question mark, the caller is told, never the server upset."""
    found = code_of(lambda: shape(request(f"GET /jobs?{query}")))

    assert found in {None, "PGRST100", "22P05"}
