"""Full-text search: four ways to ask, one meaning."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.query.board import code_of

from jotbase.errors import RequestError
from jotbase.search.textsearch import parse_search, search_function

TEXT = "The fat cats sat on a mat and ate two fat Rats"


@pytest.mark.parametrize(
    ("form", "query", "found"),
    [
        ("fts", "cat & rat", True),
        ("fts", "cat & dog", False),
        ("fts", "dog | rats", True),
        ("fts", "!dog", True),
        ("fts", "fat & !(dog | cat)", False),
        ("fts", "fat <-> cat", True),
        ("fts", "fat <-> mat", False),
        ("fts", "cat <4> mat", True),
        ("fts", "ra:*", True),
        ("fts", "'fat cats' & mat", True),
        ("fts", "the", False),
        ("plfts", "rats the cat", True),
        ("plfts", "rats dog", False),
        ("phfts", "fat cats", True),
        ("phfts", "cats fat", False),
        ("phfts", "sat on a mat", True),
        ("wfts", "cat -dog", True),
        ("wfts", '"fat rats" -cat', False),
        ("wfts", "dog or rat", True),
        ("wfts", '"cats fat"', False),
        ("wfts", '" - or', False),
    ],
)
def test_english(form: str, query: str, found: bool) -> None:
    """Words meet in any form, common ones do not count, order counts in phrases alone."""
    assert search_function(form)(TEXT, query, "english") is found


@pytest.mark.parametrize(("query", "found"), [("cats", True), ("cat", False), ("the", True)])
def test_other_configurations_take_words_as_they_are(query: str, found: bool) -> None:
    """Without a language nothing is cut off or left out."""
    assert search_function("plfts")(TEXT, query, "simple") is found


def test_letters_of_any_script() -> None:
    """Words of other scripts are words."""
    assert search_function("plfts")("Été à Paris, Москва", "МОСКВА été", "simple")


@pytest.mark.parametrize("query", ["cat &", "(cat", "cat dog", "& cat", "<->", "cat)", "'open"])
def test_what_is_no_tsquery(query: str) -> None:
    """PostgreSQL's form has a syntax, and errors."""
    assert code_of(partial(parse_search, "fts", query, "english")) == "42601"


def test_nesting_is_bounded() -> None:
    """A query that would exhaust the reader is refused."""
    assert code_of(partial(parse_search, "fts", "(" * 200 + "a" + ")" * 200, "english")) == "54001"


@given(st.sampled_from(["fts", "plfts", "phfts", "wfts"]), st.text(max_size=30))
def test_any_text_is_a_query_or_refused(form: str, text: str) -> None:
    """No text upsets the reader, and only one form has errors."""
    found = code_of(lambda: search_function(form)(TEXT, text, "english"))

    assert found in ({None, "42601", "54001"} if form == "fts" else {None})


def test_a_search_has_a_length() -> None:
    """More than 10,000 characters are refused: each word would be brought to its stem."""
    for form in ("fts", "plfts", "phfts", "wfts"):
        assert parse_search(form, "a" * 10_000, "simple") is not None
        with pytest.raises(RequestError, match="too long"):
            parse_search(form, "a" * 10_001, "simple")
