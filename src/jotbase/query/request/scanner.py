"""A scanner over one parameter's text, and the tokens that several grammars share.

In charge of positions, of PostgREST's PGRST100 messages, and of names, quoted values and JSON
paths. Must not know the parameters.
"""

from __future__ import annotations

from jotbase.errors import RequestError
from jotbase.query.request.intent import FieldPath, JsonStep

#: The nesting limits of logic trees and JSON paths, and of embeds: nested subqueries add up to
#: SQLite's expression depth, whose limit of 1,000 is reached at about 22 embeds.
MAX_DEPTH = 64
MAX_EMBEDS = 16
_NAME_MARKS = "_ $"


class Fault(Exception):
    """A syntax error; caught where the grammar has an alternative.

    `found` overrides the character at the position in the message: PostgREST's parser reports a
    mismatched word at its start, with the character that differs.
    """

    def __init__(self, position: int, expecting: str, found: str | None = None) -> None:
        super().__init__(expecting)
        self.position = position
        self.expecting = expecting
        self.found = found


class Scanner:
    """A text and a position in it; `what` names the text in errors (`select parameter`).

    `offset` is the number of characters before the text, for the columns in errors.
    """

    __slots__ = ("depth", "offset", "position", "text", "what")

    def __init__(self, text: str, what: str, offset: int = 0) -> None:
        self.text = text
        self.what = what
        self.offset = offset
        self.position = 0
        self.depth = 0

    def at_end(self) -> bool:
        """Whether the position is at the end."""
        return self.position >= len(self.text)

    def peek(self) -> str:
        """Return the next character, or "" at the end."""
        return self.text[self.position : self.position + 1]

    def looking_at(self, text: str) -> bool:
        """Whether the remaining text begins with `text`."""
        return self.text.startswith(text, self.position)

    def take(self, text: str) -> bool:
        """Skip the text if it is next; return whether it was."""
        if self.text.startswith(text, self.position):
            self.position += len(text)
            return True
        return False

    def expect(self, text: str) -> None:
        """Skip the text. Raises Fault if it is not next."""
        if not self.take(text):
            raise self.fault(f'"{text}"')

    def spaces(self) -> None:
        """Skip blanks."""
        while self.peek() in (" ", "\t", "\n") and not self.at_end():
            self.position += 1

    def until(self, stops: str) -> str:
        """Return the text up to the first of the stop characters, or to the end, and skip it."""
        start = self.position
        end = len(self.text)
        while self.position < end and self.text[self.position] not in stops:
            self.position += 1
        return self.text[start : self.position]

    def digits(self) -> str:
        """Return the following digits and skip them."""
        start = self.position
        while self.peek() in "0123456789" and not self.at_end():
            self.position += 1
        return self.text[start : self.position]

    def shown(self, position: int, quote: str = '"') -> str:
        """Return the character at a position as shown in errors."""
        found = self.text[position : position + 1]
        return f"{quote}{found}{quote}" if found else "end of input"

    def matched(self, word: str, position: int) -> int:
        """Return how many characters of the word match at a position."""
        length = 0
        while (
            length < len(word)
            and self.text[position + length : position + length + 1] == word[length]
        ):
            length += 1
        return length

    def other_word(self, expecting: str, first: str) -> Fault:
        """Return the fault that none of several words is next; `first` is compared first."""
        differs = self.position + self.matched(first, self.position)
        return Fault(self.position, expecting, self.shown(differs))

    def fault(self, expecting: str) -> Fault:
        """Return the fault that something else was expected at the position."""
        return Fault(self.position, expecting)

    def refusal(self, fault: Fault) -> RequestError:
        """Return the error PGRST100 of a fault."""
        found = self.shown(fault.position) if fault.found is None else fault.found
        line = self.text.count("\n", 0, fault.position) + 1
        column = fault.position - self.text.rfind("\n", 0, fault.position) + self.offset
        return RequestError(
            "PGRST100",
            f'"failed to parse {self.what} ({self.text})" (line {line}, column {column})',
            details=f"unexpected {found} expecting {fault.expecting}",
        )

    def deeper(self, most: int = MAX_DEPTH) -> None:
        """Increase `depth`, which the caller decreases again. Raises RequestError 54001."""
        self.depth += 1
        if self.depth > most:
            raise RequestError("54001", f"The {self.what} is nested more than {most} levels deep")


def is_name_character(character: str) -> bool:
    """Whether an unquoted name may contain the character: letters, digits, `_`, `$`, blank."""
    return bool(character) and (character.isalnum() or character in _NAME_MARKS)


def name(scanner: Scanner) -> str:
    """Parse a column's or relation's name: an identifier, which may contain dashes, or quoted."""
    if scanner.peek() == '"':
        return quoted(scanner)
    start = scanner.position
    text = scanner.text
    end = len(text)
    while scanner.position < end:
        character = text[scanner.position]
        if character == "-":
            following = text[scanner.position + 1 : scanner.position + 2]
            if following == ">" or scanner.position == start:
                break
        elif not is_name_character(character):
            break
        scanner.position += 1
    found = text[start : scanner.position].strip()
    if not found:
        raise scanner.fault("field name (* or [a..z0..9_$])")
    return found


def quoted(scanner: Scanner) -> str:
    """Parse `"…"`, in which a backslash escapes the next character."""
    scanner.expect('"')
    pieces: list[str] = []
    while True:
        pieces.append(scanner.until('"\\'))
        if scanner.take('"'):
            return "".join(pieces)
        if not scanner.take("\\") or scanner.at_end():
            raise scanner.fault('"\\"" or "\\\\"')
        pieces.append(scanner.peek())
        scanner.position += 1


def field_path(scanner: Scanner) -> FieldPath:
    """Parse a column's name and the JSON steps into it."""
    column = name(scanner)
    return FieldPath(column, json_steps(scanner))


def json_steps(scanner: Scanner) -> tuple[JsonStep, ...]:
    """Parse a JSON path: `->key`, `->>key`, `->0`, `->-1`."""
    steps: list[JsonStep] = []
    while scanner.looking_at("->"):
        scanner.position += 2
        as_text = scanner.take(">")
        steps.append(JsonStep(_json_key(scanner), as_text))
        if len(steps) > MAX_DEPTH:
            raise RequestError("54001", f"A JSON path has more than {MAX_DEPTH} steps")
    return tuple(steps)


def _json_key(scanner: Scanner) -> str | int:
    """Parse a key, which may contain single dashes, or an index, which may be negative."""
    if scanner.peek() == '"':
        return quoted(scanner)
    if scanner.peek() == "-" and not scanner.looking_at("->"):
        return _negative(scanner)
    start = scanner.position
    while not scanner.at_end():
        character = scanner.peek()
        if character in '(:.,>)"' or scanner.looking_at("->"):
            break
        scanner.position += 1
        if character == "-" and (scanner.peek() in _KEY_ENDS or scanner.at_end()):
            raise scanner.fault(_KEY)
    key = scanner.text[start : scanner.position].strip()
    if not key:
        raise scanner.fault(f'"-", digit or {_KEY}')
    return int(key) if key.isascii() and key.isdigit() and len(key) < 10 else key


_KEY = "any non reserved character different from: .,>()"
_KEY_ENDS = '-(:.,>)"'


def _negative(scanner: Scanner) -> int:
    scanner.position += 1
    digits = scanner.digits()
    if not digits:
        raise scanner.fault("digit")
    if not scanner.at_end() and scanner.peek() not in ".,:)" and not scanner.looking_at("->"):
        ends = 'digit, "->", "::", ".", "," or end of input'
        raise Fault(scanner.position, ends, scanner.shown(scanner.position, "'"))
    return -int(digits[:9])
