"""Translating PostgreSQL's regular expressions (AREs) to the syntax of Rust's `regex` crate.

In charge of the differences in syntax, and of refusing constructs that the crate would interpret
differently: no expression silently matches something else. Must not know texts. Sources: PostgreSQL
manual, 9.7.3; https://docs.rs/regex/latest/regex/#syntax
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import NoReturn

#: What is looked up character by character: Latin to Armenian and Hebrew; and where letters come in
#: two cases, Latin-1, Latin Extended-A, Greek and Cyrillic. The rest is told in whole blocks, since
#: what an expression costs grows with the ranges in it (docs/decisions/0089).
_KNOWN = range(0x80, 0x600)
_CASED = (*range(0x80, 0x180), *range(0x386, 0x3CF), *range(0x400, 0x460))
_SCRIPTS = (
    r"\u{620}-\u{1fff}\u{2c00}-\u{2dff}\u{3040}-\u{d7ff}\u{f900}-\u{fdff}\u{fe70}-\u{fefc}"
    r"\u{ff21}-\u{ff3a}\u{ff41}-\u{ff5a}\u{ff66}-\u{ffdc}\u{10000}-\u{1efff}\u{20000}-\u{3ffff}"
)
_SIGNS = (
    r"\u{60c}-\u{61f}\u{2010}-\u{2027}\u{2030}-\u{205e}\u{207a}-\u{207e}\u{20a0}-\u{20cf}"
    r"\u{2100}-\u{2bff}\u{3001}-\u{3030}\u{ff01}-\u{ff0f}\u{1f000}-\u{1faff}"
)
_BLANKS = r"\u{2000}-\u{2006}\u{2008}-\u{200a}\u{3000}"


def _of(categories: tuple[str, ...], places: Iterable[int]) -> str:
    """Return the characters of those of Unicode's categories, as ranges."""
    ranges: list[list[int]] = []
    for place in places:
        if not unicodedata.category(chr(place)).startswith(categories):
            continue
        if ranges and ranges[-1][1] == place - 1:
            ranges[-1][1] = place
        else:
            ranges.append([place, place])
    return "".join(f"\\u{{{first:x}}}-\\u{{{last:x}}}" for first, last in ranges)


_LETTERS = _of(("L", "M", "N"), _KNOWN) + _SCRIPTS
#: Classes of characters by name: of ASCII, and what a locale of UTF-8 has besides. Digits of other
#: scripts are letters, as glibc has them.
_ASCII = {
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
_BEYOND = {
    "alpha": _LETTERS,
    "alnum": _LETTERS,
    "upper": _of(("Lu", "Lt"), _CASED),
    "lower": _of(("Ll",), _CASED),
    "word": _LETTERS,
    "blank": _BLANKS,
    "space": r"\u{2028}\u{2029}" + _BLANKS,
    "cntrl": r"\u{80}-\u{9f}\u{2028}\u{2029}",
    "punct": _of(("P", "S"), _KNOWN) + _SIGNS,
    "graph": r"\u{a1}-\u{1fff}\u{2010}-\u{2027}\u{2030}-\u{205e}\u{2070}-\u{2fff}"
    r"\u{3001}-\u{3ffff}",
    "print": r"\u{a0}-\u{2027}\u{202a}-\u{3ffff}",
}
#: Escapes of one character by their letter; they may stand in brackets too.
_ONE = {letter: "\\" + letter for letter in "fnrtv"}
_ONE |= {"a": r"\u{7}", "e": r"\u{1b}", "B": r"\\", "0": r"\u{0}"}
_SETS = {"d": "digit", "s": "space", "w": "word"}


class _Characters:
    """Which characters the classes have: by name, by their letter in brackets, and outside."""

    def __init__(self, named: Mapping[str, str]) -> None:
        sets = {letter: named[name] for letter, name in _SETS.items()}
        self.named = named
        self.inside = {**sets, **_ONE}
        self.outside = {
            **_ONE,
            **{letter: f"[{members}]" for letter, members in sets.items()},
            **{letter.upper(): f"[^{members}]" for letter, members in sets.items()},
            "y": r"\b",
            "Y": r"\B",
            "A": r"\A",
            "Z": r"\z",
        }


_OF_ASCII = _Characters(_ASCII)
_OF_ALL = _Characters({name: plain + _BEYOND.get(name, "") for name, plain in _ASCII.items()})
_CODE = re.compile(r"u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x\{?([0-9a-fA-F]+)\}?")
_PROPERTY = re.compile(r"[pP](?:\{\^?\w+\}|[A-Z])")
_NAMED = re.compile(r"\[:(\w+):\]")
_OPTIONS = re.compile(r"\(\?([a-z]+)\)")
_BY_OPTION = {"i": "i", "c": "-i", "s": "s", "m": "m-s", "n": "m-s", "p": "-s", "w": "m"}
_BOUND = re.compile(r"\{\d+(?:,\d*)?\}")
_BOUNDARIES = ("[[:<:]]", "[[:>:]]")
_WORD_EDGE = r"write \y for the edge of a word"


class InvalidPattern(ValueError):
    """The expression is malformed, or uses an unsupported feature."""


def translate(pattern: str, *, of_ascii: bool = False, ignore_case: bool = False) -> str:
    """Return the expression in the automata's syntax. Raises InvalidPattern.

    With `of_ascii` it is one for texts of ASCII alone, in which it finds the same, and is smaller.
    With `ignore_case` it is to be read under the crate's flag `i`.
    """
    known = _OF_ASCII if of_ascii else _OF_ALL
    if pattern.startswith("***="):
        return "".join(map(_literally, pattern[4:]))
    position, pieces = (4 if pattern.startswith("***:") else 0), list[str]()
    options = _OPTIONS.match(pattern, position)
    if options is not None:
        pieces.extend(map(_option, options[1]))
        position = options.end()
        ignore_case = re.sub("[^ic]", "", "ci"[ignore_case] + options[1])[-1] == "i"
    while position < len(pattern):
        character = pattern[position]
        if character == "\\":
            piece, position = _escape(pattern, position + 1, known)
            piece = f"(?-i:{piece})" if ignore_case and piece.startswith("[") else piece
        elif character == "[":
            piece, position = _brackets(pattern, position, known, ignore_case)
        else:
            piece, position = _plain(pattern, position, character)
        pieces.append(piece)
    return "".join(pieces)


def _plain(pattern: str, position: int, character: str) -> tuple[str, int]:
    """Translate a literal character or a bound `{m,n}`; any other brace is a literal."""
    if pattern.startswith("(?", position) and not pattern.startswith("(?:", position):
        _refuse("look-around and options within an expression are not supported")
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


def _escape(pattern: str, position: int, known: _Characters) -> tuple[str, int]:
    """Translate an escape outside of brackets, after its backslash; return it and its end."""
    coded = _coded(pattern, position)
    if coded is not None:
        return coded
    letter = pattern[position : position + 1]
    if letter in ("m", "M", "b"):
        _refuse(rf"\{letter} is not supported: {_WORD_EDGE}")
    if letter.isascii() and letter.isalnum() and letter not in known.outside:
        _refuse(rf"\{letter} is not supported")
    if not letter:
        _refuse("a backslash ends the expression")
    plain = "\\" + letter if letter.isascii() else letter
    return known.outside.get(letter, plain), position + 1


def _coded(pattern: str, position: int) -> tuple[str, int] | None:
    """Translate a character given by its code point, or a Unicode property."""
    found = _CODE.match(pattern, position)
    if found is not None:
        number = int(found[1] or found[2] or found[3][-8:], 16)
        return f"\\u{{{number:x}}}", found.end()
    named = _PROPERTY.match(pattern, position)
    return None if named is None else ("\\" + named[0], named.end())


def _brackets(pattern: str, start: int, known: _Characters, ignore_case: bool) -> tuple[str, int]:
    """Translate a bracket expression; return it and its end."""
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
            return (_apart(pieces) if ignore_case else "".join(pieces) + "]"), position + 1
        piece, position = _member(pattern, position, character, known)
        pieces.append(piece)
    _refuse("brackets [] are not balanced")


def _apart(pieces: list[str]) -> str:
    """Return brackets with their classes apart: these have both cases of each letter.

    The crate looks at each of a class's 200,000 characters for its other case, for milliseconds.
    """
    sets = [piece for piece in pieces if _SCRIPTS in piece]
    ends = any(one == "-" and two in sets for one, two in itertools.pairwise(pieces[1:]))
    if not sets or ends or pieces[1] == "^":
        return "".join(pieces) + "]"
    others = "".join(piece for piece in pieces[1:] if piece not in sets)
    apart = f"(?-i:[{''.join(sets)}])"
    return f"(?:[{others}]|{apart})" if others else apart


def _member(pattern: str, position: int, character: str, known: _Characters) -> tuple[str, int]:
    if character == "\\":
        return _escape_inside(pattern, position + 1, known)
    if character != "[":
        return ("\\]" if character == "]" else character), position + 1
    if pattern[position + 1 : position + 2] in (".", "="):
        _refuse("collating elements and equivalence classes are not supported")
    named = _NAMED.match(pattern, position)
    if named is None:
        if pattern.startswith("[:", position):
            _refuse("invalid character class")
        return "\\[", position + 1
    if named[1] not in known.named:
        _refuse("invalid character class")
    return known.named[named[1]], named.end()


def _escape_inside(pattern: str, position: int, known: _Characters) -> tuple[str, int]:
    coded = _coded(pattern, position)
    if coded is not None:
        return coded
    letter = pattern[position : position + 1]
    found = known.inside.get(letter)
    if found is None and letter.isascii() and letter.isalnum():
        _refuse(rf"\{letter} cannot stand in brackets")
    return found or ("\\" + letter if letter.isascii() else letter), position + 1
