"""The select parameter, read and refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.query.board import code_of

from jotbase.errors import RequestError
from jotbase.query.request.intent import FieldPath, JsonStep, SelectEmbed, SelectField, SelectItem
from jotbase.query.request.select_grammar import parse_select

ID = SelectField(FieldPath("id"))


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("*", SelectField(FieldPath("*"))),
        (" id ", ID),
        ("number:id", SelectField(FieldPath("id"), "number")),
        ("id::text", SelectField(FieldPath("id"), cast="text")),
        ("a:id::text", SelectField(FieldPath("id"), "a", "text")),
        ("x::_int4", SelectField(FieldPath("x"), cast="_int4")),
        ("x::int[]", SelectField(FieldPath("x"), cast="int[]")),
        ("d->>k", SelectField(FieldPath("d", (JsonStep("k", True),)))),
        ("count()", SelectField(None, aggregate="count")),
        ("n:count()::text", SelectField(None, "n", aggregate="count", aggregate_cast="text")),
        ("pay.sum()", SelectField(FieldPath("pay"), aggregate="sum")),
        (
            "s:d->>k::int.avg()::text",
            SelectField(FieldPath("d", (JsonStep("k", True),)), "s", "int", "avg", "text"),
        ),
        ("firms(id)", SelectEmbed("firms", (ID,))),
        ("firms()", SelectEmbed("firms", ())),
        ("f:firms!key!inner(id)", SelectEmbed("firms", (ID,), "f", "key", "inner")),
        ("firms!left(id)", SelectEmbed("firms", (ID,), join="left")),
        ("...firms(id)", SelectEmbed("firms", (ID,), spread=True)),
        ("a(b(id))", SelectEmbed("a", (SelectEmbed("b", (ID,)),))),
        ("count", SelectField(FieldPath("count"))),
        ("count(id)", SelectEmbed("count", (ID,))),
    ],
)
def test_one_item(text: str, item: SelectItem) -> None:
    """Each form of an item is read into its value."""
    assert parse_select(text) == (item,)


def test_several_items_and_none() -> None:
    """Commas part the items; an empty select has none."""
    assert parse_select("id, id") == (ID, ID)
    assert parse_select("") == ()


def test_a_parenthesis_too_many_is_let_pass() -> None:
    """PostgREST does not look behind the list either."""
    assert parse_select("id)") == (ID,)


@pytest.mark.parametrize(
    "text", ["id,", ",id", "a(", "a(id", "id::", "id.median()", "...id", "a(id)b", "id title(", "!"]
)
def test_what_is_no_select(text: str) -> None:
    """Whatever is malformed is told with its place."""
    with pytest.raises(RequestError) as caught:
        parse_select(text)

    assert caught.value.code == "PGRST100"
    assert caught.value.message.startswith(f'"failed to parse select parameter ({text})" (line 1')


def test_relations_nest_only_so_deep() -> None:
    """Beyond what a database can take, nesting is refused and named."""
    with pytest.raises(RequestError) as caught:
        parse_select("a(" * 17 + "id" + ")" * 17)

    assert caught.value.code == "54001"


@given(st.text(alphabet='a1(),.:!*->" \\é', max_size=40))
def test_any_text_gives_items_or_an_error(text: str) -> None:
    """No text upsets the reader."""
    assert code_of(lambda: parse_select(text)) in {None, "PGRST100", "54001"}


@pytest.mark.parametrize(
    ("text", "column", "details"),
    [
        (
            "id,clients(name[])",
            16,
            'unexpected \'[\' expecting letter, digit, "-", "->>", "->", "::", ".", ")", ","'
            " or end of input",
        ),
        ("name::", 7, "unexpected end of input expecting letter or digit"),
        ("*!hint", 2, 'unexpected \'!\' expecting ")", "," or end of input'),
        (
            "data->>-78xy",
            11,
            'unexpected \'x\' expecting digit, "->", "::", ".", "," or end of input',
        ),
    ],
)
def test_what_is_no_select_is_told_as_by_postgrest(text: str, column: int, details: str) -> None:
    """Examples of QueryParams.hs."""
    with pytest.raises(RequestError) as caught:
        parse_select(text)

    expected = f'"failed to parse select parameter ({text})" (line 1, column {column})'
    assert (caught.value.message, caught.value.details) == (expected, details)
