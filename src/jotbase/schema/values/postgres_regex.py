"""PostgreSQL's regular expressions (AREs) in the syntax of the automata that look for them.

In charge of what the two spell differently, and of refusing what would be taken for something else:
nothing is found, or missed, in silence. Must not know texts. Sources: PostgreSQL manual, 9.7.3;
https://docs.rs/regex/latest/regex/#syntax
"""

from __future__ import annotations

import re
from typing import NoReturn

#: Classes of characters by name: those of ASCII, as under PostgreSQL's locale "C".
_CLASSES = {
    "alpha": "A-Za-z",
    "alnum": "0-9A-Za-z",
    "upper": "A-Z",
    "lower": "a-z",
    "digit": "0-9",
    "xdigit": "0-9A-Fa-f",
    "word": "0-9A-Za-z_",
    "blank": r" \t",
    "space": r"\t-\r ",
    "cntrl": r"\u{0}-\u{1f}\u{7f}",
    "punct": r"!-/:-@\[-`\{-~",
    "graph": "!-~",
    "print": " -~",
    "ascii": r"\u{0}-\u{7f}",
}
#: Escapes by their letter; those of one character may stand in brackets too.
_ONE = {letter: "\\" + letter for letter in "fnrtv"}
_ONE |= {"a": r"\u{7}", "e": r"\u{1b}", "B": r"\\", "0": r"\u{0}"}
_SETS = {"d": "0-9", "s": _CLASSES["space"], "w": _CLASSES["word"]}
_OUTSIDE = {
    **_ONE,
    **{letter: f"[{members}]" for letter, members in _SETS.items()},
    **{letter.upper(): f"[^{members}]" for letter, members in _SETS.items()},
    "y": r"\b",
    "Y": r"\B",
    "A": r"\A",
    "Z": r"\z",
}
_CODE = re.compile(r"u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x\{?([0-9a-fA-F]+)\}?")
_PROPERTY = re.compile(r"[pP](?:\{\^?\w+\}|[A-Z])")
_NAMED = re.compile(r"\[:(\w+):\]")
_OPTIONS = re.compile(r"\(\?([a-z]+)\)")
_BY_OPTION = {"i": "i", "c": "-i", "s": "s", "m": "m-s", "n": "m-s", "p": "-s", "w": "m"}
_BOUND = re.compile(r"\{\d+(?:,\d*)?\}")
_BOUNDARIES = ("[[:<:]]", "[[:>:]]")
_WORD_EDGE = r"write \y for the edge of a word"


class InvalidPattern(ValueError):
    """An expression that is none, or asks for what is not there."""


def translate(pattern: str) -> str:
    """Return the expression in the automata's syntax. Raises Unreadable."""
    if pattern.startswith("***="):
        return "".join(map(_literally, pattern[4:]))
    position, pieces = (4 if pattern.startswith("***:") else 0), list[str]()
    options = _OPTIONS.match(pattern, position)
    if options is not None:
        pieces.extend(map(_option, options[1]))
        position = options.end()
    while position < len(pattern):
        character = pattern[position]
        if character == "\\":
            piece, position = _escape(pattern, position + 1)
        elif character == "[":
            piece, position = _brackets(pattern, position)
        else:
            piece, position = _plain(pattern, position, character)
        pieces.append(piece)
    return "".join(pieces)


def _plain(pattern: str, position: int, character: str) -> tuple[str, int]:
    """Return a character of its own, or a bound; other braces are characters like others."""
    if character not in "{}":
        return character, position + 1
    bound = _BOUND.match(pattern, position)
    return ("\\" + character, position + 1) if bound is None else (bound[0], bound.end())


def _literally(character: str) -> str:
    return character if character.isalnum() else f"\\u{{{ord(character):x}}}"


def _option(letter: str) -> str:
    if letter not in _BY_OPTION:
        _refuse(f'the option "{letter}" is not supported')
    return f"(?{_BY_OPTION[letter]})"


def _refuse(why: str) -> NoReturn:
    raise InvalidPattern(why)


def _escape(pattern: str, position: int) -> tuple[str, int]:
    """Return an escape outside of brackets, and where it ends; its backslash is read."""
    coded = _coded(pattern, position)
    if coded is not None:
        return coded
    letter = pattern[position : position + 1]
    if letter in ("m", "M", "b"):
        _refuse(rf"\{letter} is not supported: {_WORD_EDGE}")
    if letter.isascii() and letter.isalnum() and letter not in _OUTSIDE:
        _refuse(rf"\{letter} is not supported")
    if not letter:
        _refuse("a backslash ends the expression")
    return _OUTSIDE.get(letter, "\\" + letter if letter.isascii() else letter), position + 1


def _coded(pattern: str, position: int) -> tuple[str, int] | None:
    """Return a character given by its number, or a property of Unicode's."""
    found = _CODE.match(pattern, position)
    if found is not None:
        number = int(found[1] or found[2] or found[3][-8:], 16)
        return f"\\u{{{number:x}}}", found.end()
    named = _PROPERTY.match(pattern, position)
    return None if named is None else ("\\" + named[0], named.end())


def _brackets(pattern: str, start: int) -> tuple[str, int]:
    """Return a bracket expression, and where it ends."""
    if pattern.startswith(_BOUNDARIES, start):
        _refuse(f"{pattern[start : start + 7]} is not supported: {_WORD_EDGE}")
    position, pieces = start + 1, ["["]
    if pattern.startswith("^", position):
        pieces.append("^")
        position += 1
    first = position
    while position < len(pattern):
        character = pattern[position]
        if character == "]" and position > first:
            return "".join(pieces) + "]", position + 1
        piece, position = _member(pattern, position, character)
        pieces.append(piece)
    _refuse("brackets [] are not balanced")


def _member(pattern: str, position: int, character: str) -> tuple[str, int]:
    if character == "\\":
        return _escape_inside(pattern, position + 1)
    if character != "[":
        return ("\\]" if character == "]" else character), position + 1
    if pattern[position + 1 : position + 2] in (".", "="):
        _refuse("collating elements and equivalence classes are not supported")
    named = _NAMED.match(pattern, position)
    if named is None:
        if pattern.startswith("[:", position):
            _refuse("invalid character class")
        return "\\[", position + 1
    if named[1] not in _CLASSES:
        _refuse("invalid character class")
    return _CLASSES[named[1]], named.end()


def _escape_inside(pattern: str, position: int) -> tuple[str, int]:
    coded = _coded(pattern, position)
    if coded is not None:
        return coded
    letter = pattern[position : position + 1]
    found = _SETS.get(letter) or _ONE.get(letter)
    if found is None and letter.isascii() and letter.isalnum():
        _refuse(rf"\{letter} cannot stand in brackets")
    return found or ("\\" + letter if letter.isascii() else letter), position + 1
