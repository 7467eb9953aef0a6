"""Full-text search with PostgreSQL's semantics: four query syntaxes, one way to match.

In charge of parsing queries and of matching. Must not know columns or SQL; `lexing` gives the words
of a text. Source: PostgreSQL manual, sections 12.3.2 and 8.11.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from jotbase.errors import RequestError
from jotbase.records import dataclass
from jotbase.search.lexing import distinct_words, words
from jotbase.sql.interruptible import Interruptible, Tick

_TOKEN = re.compile(
    r"\s*(?:(<->|<\d{1,4}>|[&|!()])|'((?:[^']|'')*)'(:\*)?|([^\s&|!()<>':]+)(:\*)?)"
)
_WEB = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')
_MAX_DEPTH = 100
#: The most characters that a query may have: each of its words is stemmed.
MAX_QUERY = 10_000


@dataclass(frozen=True, slots=True)
class Word:
    """Matches one lexeme, or with `prefix` every lexeme that begins with it."""

    text: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class AllOf:
    """Matches where all parts match (`&`)."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Matches where at least one part matches (`|`)."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """Matches where the part does not (`!`)."""

    part: Query


@dataclass(frozen=True, slots=True)
class Phrase:
    """Matches words at given distances (`<->`): (offset from the first word, word)."""

    words: tuple[tuple[int, Word], ...]


#: None is a query of stop words alone, which matches nothing.
Query = Word | AllOf | AnyOf | Negation | Phrase | None


#: Stands for the positions of a word in a query that compares none.
_ANY_POSITION = {0}


def compile_matcher(query: Query, config: str) -> Callable[[str, Tick], bool]:
    """Return a function that tests whether a document matches the query."""
    if query is None:
        return lambda document, tick: False
    if _has_phrase(query):
        return lambda document, tick: _matches(query, _positions(document, config, tick), tick)

    def match_words(document: str, tick: Tick) -> bool:
        positions = dict.fromkeys(distinct_words(document, config, tick), _ANY_POSITION)
        return _matches(query, positions, tick)

    return match_words


def _has_phrase(query: Query) -> bool:
    match query:
        case AllOf(parts) | AnyOf(parts):
            return any(map(_has_phrase, parts))
        case Negation(part):
            return _has_phrase(part)
    return isinstance(query, Phrase)


def _positions(document: str, config: str, tick: Tick) -> dict[str, set[int]]:
    places: dict[str, set[int]] = {}
    for place, word in words(document, config, tick):
        places.setdefault(word, set()).add(place)
    return places


def _matches(query: Query, positions: Mapping[str, set[int]], tick: Tick) -> bool:
    match query:
        case Word():
            return bool(_positions_of(query, positions, tick))
        case AllOf(parts):
            return all(_matches(part, positions, tick) for part in parts)
        case AnyOf(parts):
            return any(_matches(part, positions, tick) for part in parts)
        case Negation(part):
            return not _matches(part, positions, tick)
        case Phrase(offsets):
            starts = [
                {at - offset for at in _positions_of(word, positions, tick)}
                for offset, word in offsets
            ]
            return bool(set.intersection(*starts))
    return False


def _positions_of(word: Word, positions: Mapping[str, set[int]], tick: Tick) -> set[int]:
    if not word.prefix:
        return positions.get(word.text, set())
    tick()
    return {at for text, found in positions.items() if text.startswith(word.text) for at in found}


def _phrase(text: str, config: str, prefix: bool = False) -> Query:
    """Return the query for a text's words in this order: a phrase, or a single word."""
    lexemes = words(text, config)
    if not lexemes:
        return None
    first = lexemes[0][0]
    offsets = tuple((place - first, Word(word, prefix)) for place, word in lexemes)
    return offsets[0][1] if len(offsets) == 1 else Phrase(offsets)


def _all(parts: list[Query]) -> Query:
    kept = tuple(part for part in parts if part is not None)
    return kept[0] if len(kept) == 1 else (AllOf(kept) if kept else None)


def parse_plain(text: str, config: str) -> Query:
    """Parse the syntax of `plainto_tsquery`: all of the words."""
    return _all([Word(word) for _, word in words(text, config)])


def parse_phrase(text: str, config: str) -> Query:
    """Parse the syntax of `phraseto_tsquery`: the words in this order."""
    return _phrase(text, config)


def parse_web(text: str, config: str) -> Query:
    """Parse the syntax of `websearch_to_tsquery`: words, "phrases", `or`, `-without`.

    Never raises: every text is a valid query.
    """
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
    """Parse the syntax of `to_tsquery`: `&`, `|`, `!`, `<->`, `:*`, parentheses.

    Raises RequestError 42601 for a syntax error.
    """
    parser = _Parser(text, config)
    query = parser.parse_or(0)
    if parser.kind is not None:
        raise parser.syntax_error()
    return query


class _Parser:
    """A recursive-descent parser of a tsquery.

    `kind` is the current token: an operator, "word" (with its query in `word`), None at the end.
    """

    def __init__(self, text: str, config: str) -> None:
        self.text = text
        self.config = config
        self.position = 0
        self.kind: str | None = None
        self.word: Query = None
        self.advance()

    def syntax_error(self) -> RequestError:
        """Return PostgreSQL's error for a malformed tsquery."""
        return RequestError("42601", f'syntax error in tsquery: "{self.text}"')

    def advance(self) -> None:
        """Scan the next token. Raises RequestError 42601."""
        found = _TOKEN.match(self.text, self.position)
        if found is None:
            if self.text[self.position :].strip():
                raise self.syntax_error()
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
        """Parse operands joined by `|`."""
        parts = [self.parse_and(depth)]
        while self.kind == "|":
            self.advance()
            parts.append(self.parse_and(depth))
        kept = tuple(part for part in parts if part is not None)
        return AnyOf(kept) if len(kept) > 1 else (kept[0] if kept else None)

    def parse_and(self, depth: int) -> Query:
        """Parse operands joined by `&`."""
        parts = [self.parse_followed(depth)]
        while self.kind == "&":
            self.advance()
            parts.append(self.parse_followed(depth))
        return _all(parts)

    def parse_followed(self, depth: int) -> Query:
        """Parse operands joined by `<->` or `<N>`."""
        part = self.parse_operand(depth)
        while self.kind is not None and self.kind.startswith("<"):
            gap = 1 if self.kind == "<->" else int(self.kind[1:-1])
            self.advance()
            part = _phrase_of(part, gap, self.parse_operand(depth))
        return part

    def parse_operand(self, depth: int) -> Query:
        """Parse a word, a negation or a group in parentheses."""
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
                raise self.syntax_error()
            self.advance()
            return part
        if self.kind != "word":
            raise self.syntax_error()
        part = self.word
        self.advance()
        return part


def _phrase_of(left: Query, gap: int, right: Query) -> Query:
    """Return the phrase of two queries; operands other than words and phrases are joined by `&`."""
    first = _word_offsets(left)
    second = _word_offsets(right)
    if first is None or second is None:
        return _all([left, right])
    last = first[-1][0]
    return Phrase((*first, *((last + gap + place, word) for place, word in second)))


def _word_offsets(query: Query) -> tuple[tuple[int, Word], ...] | None:
    if isinstance(query, Word):
        return ((0, query),)
    return query.words if isinstance(query, Phrase) else None


_PARSERS: Mapping[str, Callable[[str, str], Query]] = {
    "fts": parse_query,
    "plfts": parse_plain,
    "phfts": parse_phrase,
    "wfts": parse_web,
}


@lru_cache(maxsize=512)
def parse_search(form: str, text: str, config: str) -> Query:
    """Parse a query in the syntax of one of PostgREST's operators: fts, plfts, phfts, wfts.

    Raises RequestError: 42601 for a syntax error, 54001 for a query that is too long or too deeply
    nested.
    """
    if len(text) > MAX_QUERY:
        raise RequestError(
            "54001", "The search is too long", details=f"The limit is {MAX_QUERY} characters."
        )
    return _PARSERS[form](text, config)


@lru_cache(maxsize=512)
def _matcher(form: str, text: str, config: str) -> Callable[[str, Tick], bool]:
    return compile_matcher(parse_search(form, text, config), config)


def search_function(form: str) -> Interruptible:
    """Return the SQL function of one operator: (document, query, configuration) -> matches."""

    def test(tick: Tick, document: str, query: str, config: str) -> bool:
        return _matcher(form, query, config)(document, tick)

    return Interruptible(test)
