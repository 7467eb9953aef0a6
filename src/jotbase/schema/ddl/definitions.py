"""Parsing CREATE TABLE, CREATE VIEW and CREATE TRIGGER for what SQLite's pragmas do not report.

In charge of finding conditions, generated expressions, names of constraints and the body of a view
in SQL that SQLite has accepted. Must not know what they are used for, nor interpret an expression.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from jotbase.sql.dialect import quoted_name

_TOKEN = re.compile(
    r"""(?P<gap>\s+|--[^\n]*|/\*.*?(?:\*/|\Z))|(?P<blob>[xX]'[0-9a-fA-F]*')"""
    r"""|(?P<text>'(?:[^']|'')*')|(?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])"""
    r"""|(?P<number>0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)"""
    r"""|(?P<word>[^\W\d][\w$]*)|(?P<other>\|\||<=|>=|<>|!=|==|<<|>>|->>|->|.)""",
    re.DOTALL,
)

#: Words that begin another constraint, so that a CONSTRAINT name before them does not apply.
_OTHERS = frozenset(("PRIMARY", "UNIQUE", "NOT", "NULL", "DEFAULT", "COLLATE", "GENERATED"))
_TABLE_WORDS = frozenset(("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"))


@dataclass(frozen=True, slots=True)
class Token:
    """A token of SQL, from `start` to `end` of the text; `group_parentheses` makes the content of a
    pair of parentheses one token of kind `inside`.
    """

    kind: str
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """The keyword or bare name in upper case, "" for every other token."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def name(self) -> str:
        """The identifier or text literal without its quotes."""
        if self.kind == "word":
            return self.text
        closing = {"[": "]"}.get(self.text[0], self.text[0])
        return self.text[1:-1].replace(closing * 2, closing)


def tokens(sql: str) -> list[Token]:
    """Return the tokens of SQL without blanks and comments."""
    return [
        Token(found.lastgroup or "", found[0], found.start(), found.end())
        for found in _TOKEN.finditer(sql)
        if found.lastgroup != "gap"
    ]


def group_parentheses(sql: str, start: int = 0) -> list[Token]:
    """Return the tokens outside all parentheses; each outer pair becomes one token, `inside`."""
    found: list[Token] = []
    depth, opened = 0, 0
    for one in tokens(sql):
        if one.start < start:
            continue
        if one.text == "(" and one.kind == "other":
            depth += 1
            opened = one.start if depth == 1 else opened
        elif one.text == ")" and one.kind == "other":
            depth -= 1
            if depth == 0:
                found.append(Token("inside", sql[opened + 1 : one.start], opened + 1, one.start))
        elif depth == 0:
            found.append(one)
    return found


@dataclass(slots=True)
class Definition:
    """The parsed CREATE TABLE: CHECK conditions, expressions of generated columns by column, names
    of foreign keys by their columns, collations by column.
    """

    checks: list[str] = field(default_factory=list)
    generated: dict[str, str] = field(default_factory=dict)
    key_names: dict[tuple[str, ...], str] = field(default_factory=dict)
    collations: dict[str, str] = field(default_factory=dict)


def read_table(sql: str) -> Definition:
    """Parse a CREATE TABLE statement."""
    found = Definition()
    body = next((one for one in group_parentheses(sql) if one.kind == "inside"), None)
    if body is None:
        return found
    for part in _parts(body.text):
        is_column = part[0].word not in _TABLE_WORDS
        column = part[0].name if is_column and part[0].kind in ("word", "name", "text") else None
        _read_part(part[1:] if column is not None else part, column, found)
    return found


def _parts(text: str) -> Iterator[list[Token]]:
    """Yield the tokens between commas."""
    part: list[Token] = []
    for one in group_parentheses(text):
        if one.text == "," and one.kind == "other":
            if part:
                yield part
            part = []
        else:
            part.append(one)
    if part:
        yield part


def _read_part(part: Sequence[Token], column: str | None, found: Definition) -> None:
    name: str | None = None
    for place, one in enumerate(part):
        after = part[place + 1] if place + 1 < len(part) else None
        if one.word == "CONSTRAINT" and after is not None:
            name = after.name
        elif one.word == "CHECK" and after is not None:
            found.checks.append(after.text.strip())
            name = None
        elif one.word == "FOREIGN" and place + 2 < len(part):
            _name_key(_listed(part[place + 2].text), name, found)
            name = None
        elif one.word == "REFERENCES" and column is not None:
            _name_key((column,), name, found)
            name = None
        elif one.word in _OTHERS:
            name = None
        _read_column_word(one, after, column, found)


def _read_column_word(
    one: Token, after: Token | None, column: str | None, found: Definition
) -> None:
    if column is None or after is None:
        return
    if one.word == "AS" and after.kind == "inside":
        found.generated[column] = after.text.strip()
    elif one.word == "COLLATE":
        found.collations[column] = after.name.upper()


def _name_key(columns: tuple[str, ...], name: str | None, found: Definition) -> None:
    if name is not None:
        found.key_names[tuple(one.lower() for one in columns)] = name


def _listed(text: str) -> tuple[str, ...]:
    return tuple(one.name for one in tokens(text) if one.kind in ("word", "name"))


def read_view(sql: str) -> str:
    """Return the SELECT of a CREATE VIEW, with the column names of its column list as aliases."""
    pieces = group_parentheses(sql)
    place = next(number for number, one in enumerate(pieces) if one.word == "AS")
    body = sql[pieces[place + 1].start :].strip().rstrip(";").rstrip()
    before = pieces[place - 1]
    if before.kind != "inside":
        return body
    names = ", ".join(map(quoted_name, _listed(before.text)))
    return f'WITH "as named" ({names}) AS ({body}\n) SELECT {names} FROM "as named"'


def read_trigger(sql: str) -> str | None:
    """Return the event of an INSTEAD OF trigger (`insert`, `update`, `delete`), else None."""
    words = [one.word for one in tokens(sql)]
    for place in range(len(words) - 2):
        if words[place : place + 2] == ["INSTEAD", "OF"]:
            return words[place + 2].lower()
    return None
