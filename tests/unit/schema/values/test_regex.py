"""Regular expressions of a caller's: what is found, what is refused, and that none runs away."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.errors import RequestError
from jotbase.schema.values.regex import MAX_READING, check_pattern, reading_time, search


@pytest.mark.parametrize(
    ("pattern", "text", "answer"),
    [
        ("b", "abc", True),
        ("^b", "abc", False),
        ("^a.c$", "abc", True),
        ("[A-C]", "abc", False),
        ("b|x", "abc", True),
        ("(ab){2}", "abab", True),
        ("é", "café", True),
        ("", "", True),
        (r"\d+", "a1", True),
        (r"\p{L}", "1é", True),
    ],
)
def test_an_expression_is_found_anywhere(pattern: str, text: str, answer: bool) -> None:
    """Unless it is anchored; letters count as they are written."""
    assert search(pattern, text) is answer


@pytest.mark.parametrize(("pattern", "text"), [("ABC", "xabcx"), ("é", "É"), ("a|B", "b")])
def test_case_can_be_left_out(pattern: str, text: str) -> None:
    """In any script, and for all branches of the expression."""
    assert search(pattern, text) is False
    assert search(pattern, text, ignore_case=True) is True


@pytest.mark.parametrize(
    "pattern",
    ["(", "[", "a{2,1}", "\\", "(?=a)", "(?<!a)b", r"(a)\1", "a{1000}{1000}", "(" * 5000, "a)(b"],
)
def test_what_no_automaton_can_do_is_refused(pattern: str) -> None:
    """2201B as PostgreSQL calls it, also when case is left out."""
    for ignore_case in (False, True):
        with pytest.raises(RequestError) as raised:
            search(pattern, "a", ignore_case=ignore_case)
        assert (raised.value.code, raised.value.status) == ("2201B", 400)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "a*a*a*a*a*a*b", "^(a|a)*$", "(.*)*x"])
def test_nothing_is_tried_twice(pattern: str) -> None:
    """Each of these takes a backtracking engine longer than anybody waits."""
    assert search(pattern, "a" * 20_000 + "!") is False


@given(st.text(), st.text())
def test_any_pattern_is_answered_or_refused(pattern: str, text: str) -> None:
    """Nothing else comes out."""
    with suppress(RequestError):
        assert search(pattern, text) in (True, False)


@pytest.mark.parametrize(
    ("pattern", "max_length"),
    [("b", 1 << 20), ("[ab]{0,20}a[ab]{20}c", 1 << 15), ("x{3000}", 1 << 9)],
)
def test_a_large_expression_is_for_short_texts(pattern: str, max_length: int) -> None:
    """What an automaton costs for each character bounds the characters; beyond, it is unknown."""
    assert search(pattern, "d" * max_length) is False
    assert search(pattern, "d" * max_length * 2) is None


@pytest.mark.parametrize(
    ("pattern", "ignore_case"),
    [
        ("a" * 4097, False),
        (r"\w" * 200, False),
        (r"[^\w-]" * 2, True),
        ("(?i)" + r"[^\w-]" * 2, False),
        ("[a-\U0003ffff]" * 4, True),
        (r"\p{L}" * 50, True),
        ("(?i:x)", False),
    ],
)
def test_what_takes_long_to_be_read_is_not_read(pattern: str, ignore_case: bool) -> None:
    """By its length and its classes: half of these would take the library seconds."""
    with pytest.raises(RequestError) as raised:
        check_pattern(pattern, ignore_case=ignore_case)

    assert (raised.value.code, raised.value.status) == ("2201B", 400)


@pytest.mark.parametrize("pattern", [r"[\w.-]+@[\w.-]+\.\w+", r"\w" * 9, r"[[:alpha:]x]" * 9])
def test_classes_have_both_cases_of_each_letter(pattern: str) -> None:
    """So they cost no more where case is left out."""
    assert reading_time(pattern, ignore_case=True) < MAX_READING // 2


@pytest.mark.parametrize(
    ("pattern", "text", "answer"),
    [
        (r"^[\wX-]+$", "äx-", True),
        (r"^[^\wX-]+$", "äx", False),
        (r"^[[:alpha:]!]$", "Ä", True),
        (r"^[X\s]$", "x", True),
        (r"^\W$", "Ä", False),
        (r"^[[:upper:]]$", "ä", True),
        (r"(?c)^[\sX]$", "x", False),
    ],
)
def test_brackets_keep_their_meaning_where_case_is_left_out(
    pattern: str, text: str, answer: bool
) -> None:
    """Their classes stand apart, whether the text has letters beyond ASCII or not."""
    assert search(pattern, text, ignore_case=True) is answer
