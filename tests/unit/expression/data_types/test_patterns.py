"""Twin of jotbase.expression.data_types.patterns."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.errors import RequestError
from jotbase.expression.data_types.patterns import (
    MAX_PATTERN,
    SHORT,
    ascii_lower,
    cheap_pattern,
    full_pattern,
    ilike,
    imatch,
    like,
    like_prefix,
    match,
    parse_like,
    parse_regex,
)


@pytest.mark.parametrize(
    ("text", "pattern", "fits"),
    [
        ("abc", "abc", True),
        ("abc", "a%", True),
        ("abc", "%c", True),
        ("abc", "%b%", True),
        ("abc", "a_c", True),
        ("abc", "a_", False),
        ("abc", "", False),
        ("", "%", True),
        ("a%c", "a\\%c", True),
        ("abc", "a\\%c", False),
        ("a\\c", "a\\\\c", True),
        ("a\nc", "a_c", True),
        ("abab", "ab%ab", True),
        ("aba", "ab%ba", False),
        ("aXbXc", "a%b%c", True),
        ("acb", "a%b%c", False),
        ("a\\", "a\\", False),
        ("ABC", "abc", False),
        ("a.c", "a.c", True),
        ("abc", "a.c", False),
    ],
)
def test_like_is_postgresqls(text: str, pattern: str, fits: bool) -> None:
    """`%` is any text, `_` any character, a backslash takes the next one as it is."""
    assert like(text, pattern) is fits


@pytest.mark.parametrize(("text", "pattern"), [("ÉCOLE", "éc%"), ("abc", "A_C"), ("ДА", "%а")])
def test_ilike_minds_no_case_in_any_script(text: str, pattern: str) -> None:
    """Case is folded beyond ASCII."""
    assert ilike(text, pattern)
    assert not like(text, pattern)


@given(st.text("ab%_\\", max_size=8), st.text("ab", max_size=8))
def test_like_says_what_one_regular_expression_would(pattern: str, text: str) -> None:
    """Going through a pattern stretch by stretch finds what backtracking finds."""
    tokens = re.findall(r"\\.|.", pattern)
    pieces = {"%": ".*", "_": "."}
    regex = "".join(pieces.get(token, re.escape(token[-1])) for token in tokens)

    expected = "\\" not in tokens and re.fullmatch(regex, text) is not None
    assert like(text, pattern) is expected


def test_like_takes_no_longer_for_a_cunning_pattern() -> None:
    """A pattern that would backtrack for ages as one regular expression is decided at once."""
    assert not like("a" * 2000, "%a" * 200 + "b")


def test_regular_expressions_are_found_anywhere() -> None:
    """`match` minds the case, `imatch` does not."""
    assert match("xabc", "a.c$")
    assert not match("xABC", "abc")
    assert imatch("xABC", "abc")


def test_lower_folds_ascii_alone() -> None:
    """Both databases do so under byte order."""
    assert ascii_lower("AZÉß") == "azÉß"


def test_a_pattern_is_read_before_any_row() -> None:
    """A filter's `*` is `%`; what SQLite does not take is refused as it is read."""
    assert parse_like("a*b%") == "a%b%"
    assert len(parse_like("é" * (MAX_PATTERN // 2))) == MAX_PATTERN // 2

    for text in ("a" * (MAX_PATTERN + 1), "é" * (MAX_PATTERN // 2 + 1)):
        with pytest.raises(RequestError, match="too long"):
            parse_like(text)


@pytest.mark.parametrize(
    ("pattern", "beginning"),
    [
        ("abc", "abc%"),
        ("abc%d", "abc%"),
        ("a_c", "a%"),
        ("%a", "%"),
        ("", "%"),
        ("a\\%b%", "a\\%b%"),
        ("a\\\\%", "a\\\\%"),
        ("a\\", "a%"),
        ("é" * 300, "é" * 24 + "%"),
        ("x" * 23 + "\\%", "x" * 23 + "%"),
    ],
)
def test_what_fitting_texts_begin_with(pattern: str, beginning: str) -> None:
    """An index can be asked for it: up to the first wildcard, and not for ever."""
    assert like_prefix(pattern) == beginning


@given(st.text("ab%_\\", max_size=8), st.text("ab%_\\", max_size=8))
def test_what_fits_a_pattern_fits_its_beginning(text: str, pattern: str) -> None:
    """No row is lost by asking an index first."""
    assert not like(text, pattern) or like(text, like_prefix(pattern))


@pytest.mark.parametrize("pattern", ["(?=x)", "(", "a{9999}{9999}"])
def test_a_regular_expression_is_read_before_any_row(pattern: str) -> None:
    """What cannot be read is refused, whether there is a row or none."""
    assert parse_regex("a+", ignore_case=True) == "a+"

    with pytest.raises(RequestError, match="regular expression"):
        parse_regex(pattern)


@given(st.text("ab%_\\\\", min_size=SHORT, max_size=40), st.text("ab\\\\", max_size=60))
def test_a_long_pattern_follows_from_its_head_and_itself(pattern: str, text: str) -> None:
    """The head is short, fits whatever the pattern fits, and both together say what it says."""
    beginning, rest = cheap_pattern(pattern), full_pattern(pattern)

    assert len(beginning) <= SHORT + 1
    assert like(text, pattern) is (like(text, beginning) and (rest is None or like(text, rest)))


def test_what_is_no_pattern_is_left_alone() -> None:
    """A null pattern has neither head nor whole; a short one is its own head."""
    assert (cheap_pattern(None), full_pattern(None)) == (None, None)
    assert (cheap_pattern("a%"), full_pattern("a%")) == ("a%", None)
    assert cheap_pattern("a" * 23 + "\\\\%b") == "a" * 23 + "%"


def test_a_long_stretch_is_for_short_texts() -> None:
    """Plain text is looked for in linear time; what is tried anew at each place is bounded."""
    text, plain = "a" * 1_000_000, "%" + "a" * 40_000 + "b%"

    assert like(text, plain) is False
    assert like(text, "%a" * 2_000 + "%") is True
    assert ilike(text, plain) is None
    assert like(text, "%" + "a_" * 2_000 + "b%") is None
    assert ilike(text, "%B%") is False
