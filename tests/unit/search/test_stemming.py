"""Words without their endings."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from jotbase.schema.keywords.vocabulary import LANGUAGES
from jotbase.search.stemming import stem


@pytest.mark.parametrize(
    ("language", "word", "stemmed"),
    [
        ("english", "skies", "sky"),
        ("english", "running", "run"),
        ("english", "generously", "generous"),
        ("german", "häuser", "haus"),
        ("german", "aufgegangen", "aufgegang"),
        ("french", "continuellement", "continuel"),
        ("spanish", "chicas", "chic"),
        ("russian", "важная", "важн"),
        ("russian", "running", "run"),
        ("italian", "abbandonata", "abbandon"),
    ],
)
def test_words_of_a_language(language: str, word: str, stemmed: str) -> None:
    """Each language has its endings; a Russian text's ASCII words are English."""
    assert stem(word, language) == stemmed


@pytest.mark.parametrize("language", sorted(LANGUAGES - {"simple"}))
def test_every_language_has_a_stemmer(language: str) -> None:
    """Whatever the vocabulary names can be stemmed, digits and all."""
    assert stem("1234", language) == "1234"


def test_threads_do_not_meet() -> None:
    """Stemming in several threads at once gives what it gives in one."""
    words = [f"{word}{number}ing" for number in range(200) for word in ("aa", "bbbb")]
    alone = [stem(word, "english") for word in words]
    stem.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda word: stem(word, "english"), words))

    assert found == alone
