"""Stemming by the Snowball stemmers, which PostgreSQL's dictionaries use too.

In charge of single words. Must not know texts or searches.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import Any

#: Languages whose ASCII words PostgreSQL stems as English (src/backend/snowball/Makefile).
_ASCII_IS_ENGLISH = frozenset({"hindi", "russian"})


@lru_cache(maxsize=64)
def _stemmer_class(language: str) -> Any:
    # Imported with the first search, so that the server's start does not wait for it.
    module = import_module(f"snowballstemmer.{language}_stemmer")
    return getattr(module, f"{language.capitalize()}Stemmer")


@lru_cache(maxsize=65536)
def stem(word: str, language: str) -> str:
    """Return the stem of a word in lower case; `language` is one of `vocabulary.LANGUAGES`."""
    if language in _ASCII_IS_ENGLISH and word.isascii():
        language = "english"
    # A stemmer object keeps the word that it works on, and searches run in several threads.
    stemmed: str = _stemmer_class(language)().stemWord(word)
    return stemmed
