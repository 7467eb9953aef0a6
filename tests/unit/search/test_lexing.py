"""Texts as words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.query.board import code_of

from jotbase.errors import RequestError
from jotbase.schema.keywords.vocabulary import LANGUAGES
from jotbase.search.lexing import (
    MAX_SEARCHED,
    configuration,
    distinct_words,
    lexemes,
    lexing_version,
    words,
)


@pytest.mark.parametrize(
    ("config", "text", "found"),
    [
        ("simple", "The Cats' 2 mats", [(0, "the"), (1, "cats"), (2, "2"), (3, "mats")]),
        ("english", "The Cats' 2 mats", [(1, "cat"), (2, "2"), (3, "mat")]),
        ("german", "Die Häuser am Fluß", [(1, "haus"), (3, "fluss")]),
        ("hungarian", "a_b", [(0, "a"), (1, "b")]),
    ],
)
def test_words_and_their_places(config: str, text: str, found: list[tuple[int, str]]) -> None:
    """Common words are left out and still count as places."""
    assert words(text, config) == found


def test_names_of_configurations() -> None:
    """They are identifiers, and English is the usual one."""
    assert configuration(None) == "english"
    assert configuration("German") == "german"
    assert configuration("pg_catalog.simple") == "simple"


def test_an_unknown_configuration_is_refused() -> None:
    """PostgreSQL's error, and the nearest name."""
    assert code_of(lambda: configuration("klingon")) == "42704"
    with pytest.raises(RequestError) as refused:
        configuration("germann")
    assert refused.value.hint == 'Perhaps you meant "german".'


@given(st.text(max_size=40), st.sampled_from(sorted(LANGUAGES)))
def test_lexemes_are_tokens_to_the_index(text: str, config: str) -> None:
    """Each is small ASCII letters, digits and characters beyond ASCII, so that it stays whole."""
    for word in lexemes(text, config).split(" "):
        assert all(one > "\x7f" or one.isdigit() or "a" <= one <= "z" for one in word)


@given(st.text(max_size=40), st.sampled_from(["simple", "english", "german", "tamil"]))
def test_the_different_words_are_those_with_places(text: str, config: str) -> None:
    """The quick way gives what the thorough one gives."""
    assert distinct_words(text, config) == {word for _, word in words(text, config)}


def test_what_is_no_text_has_no_words() -> None:
    """Another program may have left a number in a column of text."""
    assert lexemes(5, "english") == ""


def test_indexes_are_told_by_what_made_their_words() -> None:
    """What makes these words another way is told by another number: indexes are filled anew."""
    text = "The Quick-brown FOXES’ étés und Straßen, 3.14 a_b ΣΑΣ İstanbul"

    assert lexing_version("3.1.1").split()[0] == "1"
    assert lexemes(text, "english") == ("quick brown fox étés und straßen 3 14 b σας stanbul")


def test_a_search_looks_at_the_beginning_of_a_large_text() -> None:
    """A fixed number of characters, in every way in which words are made."""
    text = "cat " + "x" * MAX_SEARCHED + " dog"

    assert words(text, "simple")[0] == (0, "cat")
    assert "dog" not in distinct_words(text, "simple")
    assert "dog" not in lexemes(text, "english").split()
