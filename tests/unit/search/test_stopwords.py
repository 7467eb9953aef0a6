"""The words that a search leaves out."""

from __future__ import annotations

import pytest

from jotbase.schema.keywords.vocabulary import LANGUAGES
from jotbase.search.stopwords import STOP_WORDS


@pytest.mark.parametrize(
    ("language", "word"),
    [("english", "the"), ("german", "über"), ("french", "à"), ("swedish", "och")],
)
def test_common_words(language: str, word: str) -> None:
    """Each list has its language's articles and prepositions."""
    assert word in STOP_WORDS[language]


@pytest.mark.parametrize("language", STOP_WORDS)
def test_lists_are_of_words_as_texts_have_them(language: str) -> None:
    """Every word is in lower case and made of letters, and its language is one that is known."""
    assert language in LANGUAGES
    assert all(word.isalpha() and word == word.lower() for word in STOP_WORDS[language])
