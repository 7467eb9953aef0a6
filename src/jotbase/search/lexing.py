"""Texts as the words that a search compares: in lower case, without endings and common words.

In charge of what a text search configuration does to a text. Must not know queries, columns or
SQL. Source: PostgreSQL manual, sections 12.6 and 12.7; its parser's kinds of token are not told
apart: a word is what letters and digits stand together.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable
from typing import Any

from jotbase.errors import RequestError
from jotbase.schema.keywords.vocabulary import LANGUAGES
from jotbase.search.spelling import nearest
from jotbase.search.stemming import stem
from jotbase.search.stopwords import STOP_WORDS
from jotbase.sql.interruptible import Tick, never_interrupt

#: The configuration of a search that names none.
DEFAULT = "english"
#: The configuration that leaves words as they are.
SIMPLE = "simple"

_WORD = re.compile(r"[^\W_]+", re.UNICODE)
#: Characters of a text that a search looks at, and an index has the words of: a fifth of a second's
#: work, whatever they are. PostgreSQL refuses texts whose words take more than a megabyte.
SEARCHED = 250_000
#: Texts of so many characters are split with a tick now and then, and every so many words.
_LONG = 16_384
_STRIDE = 64
_NO_WORDS: frozenset[str] = frozenset()

#: To be raised with each change of what `words` gives: an index of other words finds nothing.
_FORM = 1


def lexing_version(stemmers: str) -> str:
    """Return what the words of an index depend on, besides the text; `stemmers` is the package's
    version.
    """
    return f"{_FORM} {unicodedata.unidata_version} {stemmers}"


def configuration(name: str | None) -> str:
    """Return the configuration of that name, None being the usual one. Raises RequestError 42704.

    Names are identifiers: their case does not count.
    """
    wanted = (name or DEFAULT).lower().removeprefix("pg_catalog.")
    if wanted not in LANGUAGES:
        close = nearest(wanted, LANGUAGES, 0.6)
        raise RequestError(
            "42704",
            f'text search configuration "{name}" does not exist',
            hint=f'Perhaps you meant "{close}".' if close else None,
        )
    return wanted


def words(text: str, config: str, tick: Tick = never_interrupt) -> list[tuple[int, str]]:
    """Return a text's words as they are compared, each with its place."""
    found = enumerate(_split(text, tick))
    if config == SIMPLE:
        return list(found)
    left_out = STOP_WORDS.get(config, _NO_WORDS)
    stemmed = _stemmed(config, tick)
    return [(place, stemmed(word)) for place, word in found if word not in left_out]


def distinct_words(text: str, config: str, tick: Tick = never_interrupt) -> set[str]:
    """Return the different words of a text, as `words` gives them, in a third of the time."""
    found = set(_split(text, tick))
    if config == SIMPLE:
        return found
    return set(map(_stemmed(config, tick), found - STOP_WORDS.get(config, _NO_WORDS)))


def _split(text: str, tick: Tick) -> list[str]:
    text = text[:SEARCHED]
    if len(text) < _LONG:
        return _WORD.findall(text.lower())
    found: list[str] = []
    for match in _WORD.finditer(text.lower()):
        if not len(found) % _STRIDE:
            tick()
        found.append(match[0])
    return found


def _stemmed(config: str, tick: Tick) -> Callable[[str], str]:
    """Return what stems one word after the other; a stem not known yet takes some 15 µs."""
    numbers = itertools.count()

    def one(word: str) -> str:
        if not next(numbers) % _STRIDE:
            tick()
        return stem(word, config)

    return one


def lexemes(text: Any, config: str, tick: Tick = never_interrupt) -> str:
    """Return a text's words with blanks between them, as an index is given them.

    A word is made of small ASCII letters, digits, and characters beyond ASCII: what FTS5's `ascii`
    tokenizer takes for a token, and leaves as it is (sqlite.org/fts5.html, 4.3.2). What another
    program left in a column of text without being text has no words.
    """
    if not isinstance(text, str):
        return ""
    return " ".join(word for _, word in words(text, config, tick))
