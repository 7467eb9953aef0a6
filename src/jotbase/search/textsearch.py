"""Full-text search as PostgreSQL means it: four ways to write a query, one way to match it.

In charge of queries and matching. Must not know columns or SQL; which words a text has stands in
`lexing`. Source: PostgreSQL manual, sections 12.3.2 and 8.11.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from jotbase.errors import RequestError
from jotbase.search.lexing import distinct_words, words
from jotbase.sql.interruptible import Interruptible, Tick

_TOKEN = re.compile(
    r"\s*(?:(<->|<\d{1,4}>|[&|!()])|'((?:[^']|'')*)'(:\*)?|([^\s&|!()<>':]+)(:\*)?)"
)
_WEB = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')
_MAX_DEPTH = 100
#: How long a search may be, in characters: each of its words is brought to its stem.
MAX_QUERY = 10_000


@dataclass(frozen=True, slots=True)
class Word:
    """One word, or with `prefix` all that begin with it."""

    text: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of the parts."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of the parts."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """Not the part."""

    part: Query


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words at given distances: (how far behind the first, word)."""

    words: tuple[tuple[int, Word], ...]


#: None is a query of common words alone, which nothing matches.
Query = Word | AllOf | AnyOf | Negation | Phrase | None


#: Stands for the places of a word where only its being there counts.
_SOMEWHERE = {0}


def compile_matcher(query: Query, config: str) -> Callable[[str, Tick], bool]:
    """Return what says whether a text has what the query asks for."""
    if query is None:
        return lambda document, tick: False
    if _has_order(query):
        return lambda document, tick: _holds(query, _match_positions(document, config, tick), tick)

    def of_words(document: str, tick: Tick) -> bool:
        found = dict.fromkeys(distinct_words(document, config, tick), _SOMEWHERE)
        return _holds(query, found, tick)

    return of_words


def _has_order(query: Query) -> bool:
    match query:
        case AllOf(parts) | AnyOf(parts):
            return any(map(_has_order, parts))
        case Negation(part):
            return _has_order(part)
    return isinstance(query, Phrase)


def _match_positions(document: str, config: str, tick: Tick) -> dict[str, set[int]]:
    places: dict[str, set[int]] = {}
    for place, word in words(document, config, tick):
        places.setdefault(word, set()).add(place)
    return places


def _holds(query: Query, places: Mapping[str, set[int]], tick: Tick) -> bool:
    match query:
        case Word():
            return bool(_places(query, places, tick))
        case AllOf(parts):
            return all(_holds(part, places, tick) for part in parts)
        case AnyOf(parts):
            return any(_holds(part, places, tick) for part in parts)
        case Negation(part):
            return not _holds(part, places, tick)
        case Phrase(wanted):
            starts = [{at - gap for at in _places(word, places, tick)} for gap, word in wanted]
            return bool(set.intersection(*starts))
    return False


def _places(word: Word, places: Mapping[str, set[int]], tick: Tick) -> set[int]:
    if not word.prefix:
        return places.get(word.text, set())
    tick()
    return {at for text, found in places.items() if text.startswith(word.text) for at in found}


def _phrase(text: str, config: str, prefix: bool = False) -> Query:
    """Return a text's words in their places, one after the other."""
    found = words(text, config)
    if not found:
        return None
    first = found[0][0]
    listed = tuple((place - first, Word(word, prefix)) for place, word in found)
    return listed[0][1] if len(listed) == 1 else Phrase(listed)


def _all(parts: list[Query]) -> Query:
    kept = tuple(part for part in parts if part is not None)
    return kept[0] if len(kept) == 1 else (AllOf(kept) if kept else None)


def parse_plain(text: str, config: str) -> Query:
    """Read `plainto_tsquery`'s form: all of the words."""
    return _all([Word(word) for _, word in words(text, config)])


def parse_phrase(text: str, config: str) -> Query:
    """Read `phraseto_tsquery`'s form: the words in this order."""
    return _phrase(text, config)


def parse_web(text: str, config: str) -> Query:
    """Read `websearch_to_tsquery`'s form: words, "phrases", `or`, `-without`; never an error."""
    alternatives: list[list[Query]] = [[]]
    for minus, quoted, plain in _WEB.findall(text):
        if plain.lower() == "or" and not minus:
            alternatives.append([])
            continue
        part = _phrase(quoted or plain, config)
        alternatives[-1].append(Negation(part) if minus and part is not None else part)
    kept = [part for part in map(_all, alternatives) if part is not None]
    return AnyOf(tuple(kept)) if len(kept) > 1 else (kept[0] if kept else None)


def parse_query(text: str, config: str) -> Query:
    """Read `to_tsquery`'s form: `&`, `|`, `!`, `<->`, parentheses. Raises RequestError 42601."""
    reader = _Reader(text, config)
    query = reader.parse_or(0)
    if reader.kind is not None:
        raise reader.fault()
    return query


class _Reader:
    """A tsquery and how far it has been read: `kind` is the next operator, or `word`."""

    def __init__(self, text: str, config: str) -> None:
        self.text = text
        self.config = config
        self.position = 0
        self.kind: str | None = None
        self.word: Query = None
        self.advance()

    def fault(self) -> RequestError:
        """Return PostgreSQL's error for a query that is none."""
        return RequestError("42601", f'syntax error in tsquery: "{self.text}"')

    def advance(self) -> None:
        """Read the next token."""
        found = _TOKEN.match(self.text, self.position)
        if found is None:
            if self.text[self.position :].strip():
                raise self.fault()
            self.kind = None
            return
        self.position = found.end()
        if found[1]:
            self.kind = found[1]
            return
        quoted = found[2] is not None
        text = found[2].replace("''", "'") if quoted else found[4]
        self.kind = "word"
        self.word = _phrase(text, self.config, bool(found[3] or found[5]))

    def parse_or(self, depth: int) -> Query:
        """Read alternatives."""
        parts = [self.parse_and(depth)]
        while self.kind == "|":
            self.advance()
            parts.append(self.parse_and(depth))
        kept = tuple(part for part in parts if part is not None)
        return AnyOf(kept) if len(kept) > 1 else (kept[0] if kept else None)

    def parse_and(self, depth: int) -> Query:
        """Read what must all be there."""
        parts = [self.parse_followed(depth)]
        while self.kind == "&":
            self.advance()
            parts.append(self.parse_followed(depth))
        return _all(parts)

    def parse_followed(self, depth: int) -> Query:
        """Read words behind one another."""
        part = self.parse_operand(depth)
        while self.kind is not None and self.kind.startswith("<"):
            gap = 1 if self.kind == "<->" else int(self.kind[1:-1])
            self.advance()
            part = _phrase_of(part, gap, self.parse_operand(depth))
        return part

    def parse_operand(self, depth: int) -> Query:
        """Read a word, a negation or a group."""
        if depth > _MAX_DEPTH:
            raise RequestError("54001", "The search is nested too deeply")
        if self.kind == "!":
            self.advance()
            part = self.parse_operand(depth + 1)
            return None if part is None else Negation(part)
        if self.kind == "(":
            self.advance()
            part = self.parse_or(depth + 1)
            if self.kind != ")":
                raise self.fault()
            self.advance()
            return part
        if self.kind != "word":
            raise self.fault()
        part = self.word
        self.advance()
        return part


def _phrase_of(left: Query, gap: int, right: Query) -> Query:
    """Return the phrase of two queries; what is more than words is only asked for together."""
    first = _listed(left)
    second = _listed(right)
    if first is None or second is None:
        return _all([left, right])
    last = first[-1][0]
    return Phrase((*first, *((last + gap + place, word) for place, word in second)))


def _listed(query: Query) -> tuple[tuple[int, Word], ...] | None:
    if isinstance(query, Word):
        return ((0, query),)
    return query.words if isinstance(query, Phrase) else None


_FORMS: Mapping[str, Callable[[str, str], Query]] = {
    "fts": parse_query,
    "plfts": parse_plain,
    "phfts": parse_phrase,
    "wfts": parse_web,
}


@lru_cache(maxsize=512)
def parse_search(form: str, text: str, config: str) -> Query:
    """Return a query written in one of the four forms: fts, plfts, phfts, wfts.

    Raises RequestError: 42601 for what is none, 54001 for a long or deeply nested one.
    """
    if len(text) > MAX_QUERY:
        raise RequestError(
            "54001", "The search is too long", details=f"The limit is {MAX_QUERY} characters."
        )
    return _FORMS[form](text, config)


@lru_cache(maxsize=512)
def _matcher(form: str, text: str, config: str) -> Callable[[str, Tick], bool]:
    return compile_matcher(parse_search(form, text, config), config)


def search_function(form: str) -> Interruptible:
    """Return the test of one form: (document, query, configuration) -> whether it matches."""

    def test(tick: Tick, document: str, query: str, config: str) -> bool:
        return _matcher(form, query, config)(document, tick)

    return Interruptible(test)
