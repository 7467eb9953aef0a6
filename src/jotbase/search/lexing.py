"""Text to lexemes: lower case, stemmed, without stop words.

In charge of what a text search configuration does to a text. Must not know queries, columns or
SQL. Source: PostgreSQL manual, sections 12.6 and 12.7. Unlike PostgreSQL's parser, this one has a
single token type: a run of letters and digits.
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

#: The configuration of a search that names none (`default_text_search_config` in PostgreSQL).
DEFAULT = "english"
#: The configuration that neither stems nor removes stop words.
SIMPLE = "simple"

_WORD = re.compile(r"[^\W_]+", re.UNICODE)
#: How many characters of a text are searched and indexed: at most 0.2 s of work, whatever they are.
#: PostgreSQL refuses a tsvector of more than a megabyte (manual, section 12.11).
MAX_SEARCHED = 250_000
#: Texts of at least `_LONG` characters are split with a tick after every `_STRIDE` words.
_LONG = 16_384
_STRIDE = 64
_NO_WORDS: frozenset[str] = frozenset()

#: To be raised with each change of the result of `words`, so that indexes are built anew.
_FORM = 1


def lexing_version(stemmers: str) -> str:
    """Return a text that changes whenever the lexemes of a text may: an index of another version
    must be built anew. `stemmers` is the version of the package `snowballstemmer`.
    """
    return f"{_FORM} {unicodedata.unidata_version} {stemmers}"


def configuration(name: str | None) -> str:
    """Return the normalized name of a configuration, None being the default one.

    Names are identifiers, thus case-insensitive. Raises RequestError 42704 for an unknown one.
    """
    normalized = (name or DEFAULT).lower().removeprefix("pg_catalog.")
    if normalized not in LANGUAGES:
        close = nearest(normalized, LANGUAGES, 0.6)
        raise RequestError(
            "42704",
            f'text search configuration "{name}" does not exist',
            hint=f'Perhaps you meant "{close}".' if close else None,
        )
    return normalized


def words(text: str, config: str, tick: Tick = never_interrupt) -> list[tuple[int, str]]:
    """Return the lexemes of a text in order, each as (position, lexeme).

    Stop words are left out, but count in the positions, as in PostgreSQL's tsvector.
    """
    positioned = enumerate(_split(text, tick))
    if config == SIMPLE:
        return list(positioned)
    stop_words = STOP_WORDS.get(config, _NO_WORDS)
    stem_word = _stemmer(config, tick)
    return [(place, stem_word(word)) for place, word in positioned if word not in stop_words]


def distinct_words(text: str, config: str, tick: Tick = never_interrupt) -> set[str]:
    """Return the set of a text's lexemes, three times as fast as `words`."""
    split = set(_split(text, tick))
    if config == SIMPLE:
        return split
    return set(map(_stemmer(config, tick), split - STOP_WORDS.get(config, _NO_WORDS)))


def _split(text: str, tick: Tick) -> list[str]:
    text = text[:MAX_SEARCHED]
    if len(text) < _LONG:
        return _WORD.findall(text.lower())
    split: list[str] = []
    for match in _WORD.finditer(text.lower()):
        if not len(split) % _STRIDE:
            tick()
        split.append(match[0])
    return split


def _stemmer(config: str, tick: Tick) -> Callable[[str], str]:
    """Return a function from word to stem that ticks; a stem not yet cached takes some 15 µs."""
    numbers = itertools.count()

    def stem_word(word: str) -> str:
        if not next(numbers) % _STRIDE:
            tick()
        return stem(word, config)

    return stem_word


def lexemes(text: Any, config: str, tick: Tick = never_interrupt) -> str:
    """Return a text's lexemes separated by blanks: the document that the FTS5 index stores.

    A lexeme consists of lower-case ASCII letters, digits and non-ASCII characters, which FTS5's
    `ascii` tokenizer takes for one token and leaves unchanged (sqlite.org/fts5.html, 4.3.2).
    Returns "" for a value that is no text, which another program may have stored in the column.
    """
    if not isinstance(text, str):
        return ""
    return " ".join(word for _, word in words(text, config, tick))
