"""The filter grammar: what its terms mean for a row, and the words that refuse others."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.realtime.tables import ANA, NOTES, note

from jotbase.errors import ChannelError
from jotbase.expression.expr import TRUE, Context
from jotbase.expression.judge import Env, judge
from jotbase.realtime.matching.filters import parse_filter, terms
from jotbase.schema.model.tables import Column, Table, Type
from jotbase.values import Row


def fits(text: str, row: Row) -> bool:
    """Whether a row fits a filter."""
    return judge(parse_filter(text, NOTES))(Env({"row": row}, Context())) is True


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        ("id=eq.1", note(1), True),
        ("id=lt.10", note(9), True),
        ("id=gte.10", note(9), False),
        ("id=neq.5", note(5), False),
        ("title=neq.x", note(1, title=None), False),
        ("title=isdistinct.x", note(1, title=None), True),
        ("title=is.null", note(1, title=None), True),
        ("title=not.is.null", note(1), True),
        ("done=is.true", note(1, done=True), True),
        ("done=is.unknown", note(1), True),
        ("done=eq.false", note(1, done=False), True),
        ("title=like.a%", note(1, title="abc"), True),
        ("title=like.a%", note(1, title="Abc"), False),
        ("title=like.a*", note(1, title="abc"), True),
        ("title=ilike.*B*", note(1, title="abc"), True),
        ("title=ilike.A_C", note(1, title="abc"), True),
        ("id=in.(1,2)", note(2), True),
        ("id=not.in.(1,2)", note(3), True),
        ("id=in.()", note(3), False),
        ('title=in.("a,b",c)', note(1, title="a,b"), True),
        ('title=eq."a \\"b\\", c"', note(1, title='a "b", c'), True),
        ("title=eq.a=b.c", note(1, title="a=b.c"), True),
        ("id=gt.1,title=eq.t", note(2), True),
        (" id=gt.1 , title=eq.u", note(2), False),
        (f"owner=eq.{ANA.upper()}", note(1), True),
        ("price=eq.1.50", note(1, price="1.5"), True),
    ],
)
def test_a_filter_means_what_sql_would(text: str, row: Row, expected: bool) -> None:
    """Values are of the column's type, and a NULL on either side withholds the change."""
    assert fits(text, row) is expected


TAGGED = Table(
    "tagged",
    (
        Column("tags", Type.ARRAY, {}, nullable=True, item=Type.TEXT),
        Column("sizes", Type.ARRAY, {}, nullable=True, item=Type.INTEGER),
        Column("data", Type.JSON, {}, nullable=True),
    ),
)
ROW = {"tags": ["a", "b,c"], "sizes": [1, 2], "data": {"k": {"n": 1}, "m": 2}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('tags=eq.{a,"b,c"}', True),
        ("tags=eq.{a}", False),
        ("sizes=eq.{1,2},tags=cs.{a}", True),
        ("tags=cs.{a,x},sizes=eq.{1,2}", False),
        ('tags=cs.{"b,c"}', True),
        ("sizes=cd.{1,2,3}", True),
        ("sizes=cd.{1}", False),
        ("sizes=ov.{2,9}", True),
        ("sizes=not.ov.{8,9}", True),
        ("sizes=cs.{}", True),
        ('data=cs.{"k":{"n":1}}', True),
        ('data=cs.{"k":{"n":1},"m":3}', False),
        ('data=cs."{\\"m\\":2}"', True),
        ('sizes=in.("{1,2}","{3}")', True),
        ("tags=cs.{a},tags=is.null", False),
    ],
)
def test_arrays_and_documents_are_written_as_in_the_data_api(text: str, expected: bool) -> None:
    """Commas in braces end no term."""
    assert (judge(parse_filter(text, TAGGED))(Env({"row": ROW}, Context())) is True) is expected


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ('title=eq.5" pipe,id=eq.1', '5" pipe'),
        ('title=eq."a', '"a'),
        ('title=eq."a" b', '"a" b'),
        ('title=eq."a, b",id=eq.1', "a, b"),
        ('title=in.("a, b", "c"),id=eq.1', "c"),
        ('title=eq."",id=eq.1', ""),
        ("title=eq.{a,id=eq.1", "{a"),
        ("title=eq.a{b,id=eq.1", "a{b"),
        ('title=eq."a"b"', '"a"b"'),
    ],
)
def test_a_quote_opens_at_the_beginning_of_a_value_alone(text: str, title: str) -> None:
    """Elsewhere, or where it does not end the value, it is one of its characters."""
    assert fits(text, note(1, title=title))
    assert not fits(text, note(1, title="other"))


@pytest.mark.parametrize("text", [None, "", "  "])
def test_a_blank_filter_is_none(text: str | None) -> None:
    """It lets every row through."""
    assert parse_filter(text, NOTES) == TRUE


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("undefined", "Error parsing `filter` params: undefined"),
        ("id", "Error parsing `filter` params: id"),
        ("id=near.1", "Error parsing `filter` params: id=near.1"),
        ("colour=eq.1", "invalid column for filter colour"),
        ("secret=eq.1", "invalid column for filter secret"),
        ("id=in.1", "`in` filter value must be wrapped by parentheses"),
        ("id=eq.1,", "filter must not contain empty segments (check for extra commas)"),
        (f"id=in.({','.join('1' * 101)})", "too many values for `in` filter. Maximum 100"),
        (
            "done=is.maybe",
            "invalid value for is filter: must be null, true, false, or unknown",
        ),
        ("id=is.true", "is true filter requires a boolean column"),
        ("id=like.1%", "operator like requires a text-compatible column type"),
        ("title=match.^a", "operator match is not served in subscription filters; use like"),
        (
            "id=eq.one",
            'Error parsing `filter` params: invalid input syntax for type integer: "one"',
        ),
    ],
)
def test_a_filter_is_refused_in_the_protocols_words(text: str, message: str) -> None:
    """A writeOnly column counts as none: filtering by it would tell its value."""
    with pytest.raises(ChannelError) as caught:
        parse_filter(text, NOTES)

    assert caught.value.message == message


WORDS = st.sampled_from(
    ["id", "title", "=", "eq", ".", "in", "(", ")", ",", '"', "\\", "not.", "1"]
)


@given(st.lists(WORDS, max_size=12).map("".join))
def test_no_text_raises_anything_else(text: str) -> None:
    """A filter is read or refused, whatever it is."""
    with contextlib.suppress(ChannelError):
        parse_filter(text, NOTES)


def test_a_filter_has_its_terms() -> None:
    """Commas in quotes and in lists join none."""
    assert terms('a=eq.1, b=in.(1,2),c=eq."x,y"') == ["a=eq.1", "b=in.(1,2)", 'c=eq."x,y"']
    assert terms(" ") == []
