"""Words without their endings, by the Snowball stemmers that PostgreSQL's dictionaries have too.

In charge of one word at a time. Must not know texts or searches.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import Any

#: Languages whose words of ASCII letters alone are taken for English (PostgreSQL's snowball/
#: Makefile: the script tells them apart).
_OTHERWISE_ENGLISH = frozenset({"hindi", "russian"})


@lru_cache(maxsize=64)
def _maker(language: str) -> Any:
    # Loaded with the first search: a start that need not search does not wait for it.
    module = import_module(f"snowballstemmer.{language}_stemmer")
    return getattr(module, f"{language.capitalize()}Stemmer")


@lru_cache(maxsize=65536)
def stem(word: str, language: str) -> str:
    """Return the stem of a word in lower case; `language` is one of `vocabulary.LANGUAGES`."""
    if language in _OTHERWISE_ENGLISH and word.isascii():
        language = "english"
    # A stemmer holds the word that it works on, and searches run in several threads.
    stemmed: str = _maker(language)().stemWord(word)
    return stemmed
