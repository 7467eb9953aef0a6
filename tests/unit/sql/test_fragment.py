"""SQL fragments: text and parameters stay together, in order, and a value never becomes text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jotbase.sql.fragment import Fragment, Param, bound, join, parenthesized, sql

PIECES = st.lists(
    st.one_of(
        st.text(st.characters(codec="ascii", exclude_characters="?$"), max_size=8).map(sql),
        st.integers().map(bound),
    ),
    max_size=12,
)


def test_text_and_values_keep_their_order() -> None:
    """A fragment joined from pieces has their marks and values where they stood."""
    fragment = sql("SELECT a FROM t WHERE b = ") + bound(1) + " AND c = " + bound("x")

    assert fragment.text == "SELECT a FROM t WHERE b = ? AND c = ?"
    assert fragment.params == (1, "x")


def test_numbering_happens_once_at_the_end() -> None:
    """Placeholders are numbered over the whole statement, whatever it was joined from."""
    inner = parenthesized("x = " + bound(1))
    fragment = inner + " OR " + inner

    assert fragment.numbered(lambda number: f"${number}") == "(x = $1) OR (x = $2)"


def test_text_may_stand_before_a_fragment() -> None:
    """Text joined from the left is text too."""
    assert ("NOT " + bound(True)).text == "NOT ?"


def test_join_puts_text_between() -> None:
    """The separator stands between fragments, and nowhere else."""
    assert join(", ", [bound(1), bound(2), sql("3")]).text == "?, ?, 3"
    assert join(", ", []) == Fragment()


def test_an_empty_fragment_is_false() -> None:
    """Nothing is nothing: empty text makes an empty fragment."""
    assert not sql("")
    assert not Fragment()
    assert bound(None)


def test_a_value_is_never_text() -> None:
    """A value that looks like SQL stays a parameter."""
    fragment = bound("'; DROP TABLE jobs; --")

    assert fragment.text == "?"
    assert fragment.parts == (Param("'; DROP TABLE jobs; --"),)


@given(PIECES, PIECES)
def test_joining_is_concatenation(left: list[Fragment], right: list[Fragment]) -> None:
    """Text and parameters of a sum are those of its parts, one after the other."""
    first, second = join("", left), join("", right)

    assert (first + second).params == first.params + second.params
    assert (first + second).text == first.text + second.text


@given(PIECES)
def test_there_is_a_mark_for_each_value(pieces: list[Fragment]) -> None:
    """However it was joined, a fragment has as many marks as values."""
    fragment = join(" ", pieces)

    assert fragment.text.count("?") == len(fragment.params)
    assert fragment.numbered(lambda number: f"${number}").count("$") == len(fragment.params)


def test_parameters_can_take_another_form() -> None:
    """The SQL stays what it is."""
    fragment = sql("a = ") + bound(1) + " AND b = " + bound(2)

    mapped = fragment.mapped(lambda value: value * 10)

    assert (mapped.text, mapped.params) == (fragment.text, (10, 20))
