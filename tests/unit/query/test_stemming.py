"""Stems of English words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.query.stemming import STOP_WORDS, stem


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("caresses", "caress"),
        ("ponies", "poni"),
        ("cats", "cat"),
        ("agreed", "agre"),
        ("hopping", "hop"),
        ("filing", "file"),
        ("happy", "happi"),
        ("relational", "relat"),
        ("engineering", "engin"),
        ("engineers", "engin"),
        ("adjustment", "adjust"),
        ("adoption", "adopt"),
        ("rate", "rate"),
        ("controll", "control"),
        ("sky", "sky"),
        ("is", "is"),
    ],
)
def test_stems(word: str, found: str) -> None:
    """Examples of the paper, and words that are to meet."""
    assert stem(word) == found


def test_common_words() -> None:
    """What every text has is no use in a search."""
    assert {"the", "and", "of"} <= STOP_WORDS


@given(st.text(alphabet="abcdeginostyz", max_size=12))
def test_a_stem_is_never_longer_by_more_than_a_letter(word: str) -> None:
    """Endings go; an `e` may come back."""
    assert len(stem(word)) <= len(word) + 1
