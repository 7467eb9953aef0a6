"""PostgreSQL's expressions: what they find here is what PostgreSQL finds, or they are refused."""

from __future__ import annotations

import re

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.errors import RequestError
from jotbase.schema.values.postgres_regex import InvalidPattern, translate
from jotbase.schema.values.regex import search


@pytest.mark.parametrize(
    ("pattern", "matches", "misses"),
    [
        ("^[[:digit:]]+$", "123", "12a"),
        ("^[[:alpha:][:space:]_-]+$", "a_b -c", "a1"),
        ("^[^[:punct:]]$", "a", "!"),
        ("^[[:upper:]]$", "A", "a"),
        ("^[[:xdigit:]]{2}$", "fF", "fg"),
        (r"^\w+$", "a_1", "a-1"),
        (r"^[\w.]+$", "a.1", "a-1"),
        (r"^\d\D\s\S$", "1a b", "1ab "),
        (r"\yfoo\y", "a foo b", "food"),
        (r"\Yo", "foo", "o x"),
        (r"\Afoo\Z", "foo", "foo\n"),
        ("a.b", "a\nb", "ab"),
        ("^b$", "b", "a\nb"),
        ("(?n)^b$", "a\nb\nc", "ab"),
        ("(?i)É", "é", "e"),
        ("***=a.b*", "xa.b*x", "aab"),
        ("***:a.b", "axb", "ab"),
        (r"\u00e9\U0001F600\x41", "é😀A", "eA"),
        (r"\e\B", "\x1b\\", "e"),
        ("[]a]", "]", "b"),
        ("[^]a]", "b", "]"),
        ("[[]", "[", "a"),
        (r"[\]\\]", "\\", "a"),
        ("a{2}b{,3}", "aab{,3}", "aab"),
        ("a{x}", "a{x}", "ax"),
        (r"\p{Lu}", "É", "é"),
        ("^[[:alpha:]]+$", "éßΩжא語", "é1"),
        ("^[[:alnum:]]+$", "é1", "é_"),
        ("^[[:upper:]]$", "É", "é"),
        ("^[[:lower:]]$", "ž", "Ž"),
        ("^[[:punct:]]$", "€", "é"),
        ("^[[:space:]]$", "\u3000", "\u00a0"),
        ("^[[:graph:]]$", "é", "\u2003"),
        ("^[[:print:]]$", "é", "\u0085"),
        ("^[[:cntrl:]]$", "\u0085", "é"),
        (r"^\w+$", "naïve_1", "naïve-1"),
        (r"^\W$", "–", "é"),
        (r"^[^\s]$", "é", "\u2003"),
    ],
)
def test_what_is_found(pattern: str, matches: str, misses: str) -> None:
    """Classes by name, escapes, options and braces are PostgreSQL's."""
    assert search(pattern, matches) is True
    assert search(pattern, misses) is False


@pytest.mark.parametrize(
    "pattern",
    [
        r"\mfoo", r"foo\M", r"\bfoo", "[[:<:]]a", "[[:>:]]a", "[[.a.]]", "[[=a=]]", "[[:foo:]]",
        "[[:alpha]", r"(a)\1", r"\cA", r"\Q.\E", r"[\D]", r"[\y]", "(?x)a", "a\\", "[a", "(?=a)",
    ],
)  # fmt: skip
def test_what_is_not_known_is_refused(pattern: str) -> None:
    """Nothing is taken for something else in silence."""
    with pytest.raises(RequestError) as raised:
        search(pattern, "a")

    assert raised.value.code == "2201B"


def test_a_refusal_says_what_to_write_instead() -> None:
    """Python's and JavaScript's edge of a word is another character in PostgreSQL."""
    with pytest.raises(InvalidPattern, match=re.escape(r"\b is not supported: write \y")):
        translate(r"\bfoo\b")


@given(st.text(alphabet="aB1é .*\n", max_size=8))
def test_a_literal_is_found_as_it_is(text: str) -> None:
    """Whatever a text holds, it is found in itself."""
    assert search("***=" + text, f"x{text}y") is True


def test_a_text_of_ascii_may_be_longer() -> None:
    """Classes of ASCII make a smaller automaton than those of all scripts."""
    assert search(r"\w+@\w+\.\w+", "-" * 999_990 + "me@here.org") is True
    assert search(r"\w+@\w+\.\w+", "–" * 999_990 + "me@here.org") is None


@given(st.text(alphabet="aB1_ .-@\t\n", max_size=8))
def test_both_spellings_find_the_same_in_ascii(text: str) -> None:
    """The smaller one is no other expression."""
    for pattern in (
        r"^\w+@\W",
        "^[[:alpha:]]+$",
        "[[:punct:]][[:space:]]",
        r"\S\s",
        "[^[:upper:]]$",
    ):
        smaller, whole = (translate(pattern, of_ascii=one) for one in (True, False))
        assert _finds(smaller, text) == _finds(whole, text)


def _finds(translated: str, text: str) -> bool:
    return jsonschema_rs.is_valid({"pattern": translated}, text)
