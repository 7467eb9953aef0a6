"""SQL in schema files: a view's SELECT and the expression of a generated column.

In charge of checking that the text is one complete SELECT or expression, so that it cannot reach
beyond its place in the statement around it, and of the order that views are made in. Whether it is
valid SQL, the database decides (`project.sql_trial`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from jotbase.schema.ddl.definitions import Token, tokens
from jotbase.schema.keywords.vocabulary import words
from jotbase.schema.model.tables import Table

#: Blanks and terminated comments; `/*/` opens a comment and does not close it.
_WHOLE_GAP = re.compile(r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*(?:(?!\*/).)*\*/)*", re.DOTALL)
_ONE = "write one SELECT and nothing else"
_WHOLE = "write one expression over the row's columns"

#: Functions that return the current time without arguments, and modifiers that read the clock or
#: the machine's time zone (sqlite.org/lang_datefunc.html, sqlite.org/deterministic.html).
_CLOCKS = words("DATE TIME DATETIME JULIANDAY UNIXEPOCH STRFTIME TIMEDIFF")
_TIMES = frozenset({"CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME"})
_CLOCK_MODIFIERS = frozenset({"now", "localtime", "utc"})


def select_fault(text: str) -> tuple[str, str] | None:
    """Return (reason, hint) if a view's text is not a single SELECT lexically, else None."""
    found = _unterminated(text)
    if found is not None:
        return found, _ONE
    pieces = tokens(text)
    while pieces and _is(pieces[-1], ";"):
        pieces.pop()
    if any(_is(one, ";") for one in pieces):
        return "the view holds more than one statement", _ONE
    if _depth(pieces) != 0:
        return "its parentheses do not match", _ONE
    return None


def expression_fault(text: str) -> tuple[str, str] | None:
    """Return (reason, hint) if a generated column's text is not a single expression lexically, or
    reads the clock; else None.
    """
    found = _unterminated(text)
    if found is not None:
        return found, _WHOLE
    pieces = tokens(text)
    if not pieces:
        return "the expression is empty", _WHOLE
    if any(_is(one, ";") for one in pieces):
        return "an expression holds no statement", _WHOLE
    if _depth(pieces) != 0:
        return "its parentheses do not match", _WHOLE
    clock = next(_clocks(pieces), None)
    if clock is not None:
        reason = f"{clock} asks for the time or the zone, and a stored value cannot"
        return reason, 'write "defaultExpression": "now()", or ask for the time in a view'
    return None


def views_in_order(tables: Iterable[Table]) -> list[Table]:
    """Return the views of the tables, each behind those that its text may read: PostgreSQL looks
    their tables up when it makes a view, SQLite when it reads one.

    A name anywhere in the text counts, which may put a view later than it has to be. Of views that
    read each other in a circle the database says so.
    """
    views = {table.name: table for table in tables if table.view is not None}
    named = {name: _names(view.view or "") & views.keys() for name, view in views.items()}
    order: dict[str, None] = {}
    for name in views:
        order.update(dict.fromkeys(_behind(name, named, set())))
    return [views[name] for name in order]


def _behind(name: str, named: dict[str, set[str]], seen: set[str]) -> Iterator[str]:
    """Give what a view reads, innermost first, then the view itself; each once."""
    seen.add(name)
    for other in sorted(named[name] - seen):
        if other not in seen:
            yield from _behind(other, named, seen)
    yield name


def _names(text: str) -> set[str]:
    """Return the names in SQL, those without quotes in lower case too, as PostgreSQL folds them."""
    found = [one for one in tokens(text) if one.kind in ("word", "name")]
    return {one.name for one in found} | {one.name.lower() for one in found if one.word}


def in_parentheses(expression: str) -> str:
    """Return an expression in parentheses; a line comment at its end is terminated."""
    return f"({expression}\n)" if "--" in expression else f"({expression})"


def _unterminated(text: str) -> str | None:
    """Return the reason if a quote or comment is not terminated, or a statement ends early."""
    if "\x00" in text:
        return "SQL holds no U+0000"
    pieces = tokens(text)
    if any(one.kind == "other" and one.text in ("'", '"', "`", "[") for one in pieces):
        return "a quote is opened and not closed"
    tail = text[pieces[-1].end :] if pieces else text
    if _WHOLE_GAP.fullmatch(tail) is None:
        return "a comment is opened and not closed"
    return None


def _is(one: Token, sign: str) -> bool:
    return one.kind == "other" and one.text == sign


def _depth(pieces: list[Token]) -> int:
    """Return the number of unclosed parentheses; -1 for a closing one without its opening one."""
    depth = 0
    for one in pieces:
        depth += _is(one, "(") - _is(one, ")")
        if depth < 0:
            return -1
    return depth


def _clocks(pieces: list[Token]) -> Iterator[str]:
    """Yield the functions and keywords that read the clock or the machine's time zone."""
    for place, one in enumerate(pieces):
        if one.word in _TIMES:
            yield one.text
        called = place + 1 < len(pieces) and _is(pieces[place + 1], "(")
        if one.word in _CLOCKS and called:
            inner = list(_arguments(pieces[place + 1 :]))
            clock_modifiers = [
                piece.text for piece in _argument_tokens(inner) if _reads_clock(piece)
            ]
            if clock_modifiers or not inner or (one.word == "STRFTIME" and len(inner) == 1):
                yield f"{one.text}({clock_modifiers[0] if clock_modifiers else ''})"


def _reads_clock(one: Token) -> bool:
    return one.kind == "text" and one.name.strip().lower() in _CLOCK_MODIFIERS


def _argument_tokens(pieces: list[Token]) -> Iterator[Token]:
    """Yield the tokens that are a whole argument each, not part of a comparison."""
    for place, one in enumerate(pieces):
        before = pieces[place - 1].text if place else "("
        after = pieces[place + 1].text if place + 1 < len(pieces) else ")"
        if before in ("(", ",") and after in (")", ","):
            yield one


def _arguments(pieces: list[Token]) -> Iterator[Token]:
    """Yield the tokens between the first parenthesis and its closing one."""
    depth = 0
    for one in pieces:
        depth += _is(one, "(") - _is(one, ")")
        if depth == 0:
            return
        if depth > 1 or not _is(one, "("):
            yield one
