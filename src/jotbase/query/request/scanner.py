"""A reader over one parameter's text, and the words that several grammars share.

In charge of positions, of PostgREST's PGRST100 wording, and of names, quoted values and JSON paths.
Must not know what a parameter is for.
"""

from __future__ import annotations

from jotbase.errors import RequestError
from jotbase.query.request.intent import FieldPath, JsonStep

#: How deeply logic trees and JSON paths may nest, and how deeply relations: SQLite sums up the
#: heights of nested selects, and its bound of 1,000 is reached at about 22 of them.
MAX_DEPTH = 64
MAX_EMBEDS = 16
_NAME_MARKS = "_ $"


class Fault(Exception):
    """The text does not go on as the grammar wants; caught where another reading may be tried.

    `found` is what stands there, where that is not the character: PostgREST's parser tells a word
    that is another by its place, and the character in which it differs.
    """

    def __init__(self, position: int, expecting: str, found: str | None = None) -> None:
        super().__init__(expecting)
        self.position = position
        self.expecting = expecting
        self.found = found


class Scanner:
    """A text and how far it has been read; `what` names it in errors (`select parameter`).

    `offset` counts characters that stood before the text, for the columns told in errors.
    """

    __slots__ = ("depth", "offset", "position", "text", "what")

    def __init__(self, text: str, what: str, offset: int = 0) -> None:
        self.text = text
        self.what = what
        self.offset = offset
        self.position = 0
        self.depth = 0

    def at_end(self) -> bool:
        """Whether everything has been read."""
        return self.position >= len(self.text)

    def peek(self) -> str:
        """Return the next character, or "" at the end."""
        return self.text[self.position : self.position + 1]

    def looking_at(self, text: str) -> bool:
        """Whether the rest begins with the text."""
        return self.text.startswith(text, self.position)

    def take(self, text: str) -> bool:
        """Read over the text if it is next."""
        if self.text.startswith(text, self.position):
            self.position += len(text)
            return True
        return False

    def expect(self, text: str) -> None:
        """Read over the text, which must be next."""
        if not self.take(text):
            raise self.fault(f'"{text}"')

    def spaces(self) -> None:
        """Read over blanks."""
        while self.peek() in (" ", "\t", "\n") and not self.at_end():
            self.position += 1

    def until(self, stops: str) -> str:
        """Read up to the first of the characters, or the end."""
        start = self.position
        end = len(self.text)
        while self.position < end and self.text[self.position] not in stops:
            self.position += 1
        return self.text[start : self.position]

    def digits(self) -> str:
        """Read over digits."""
        start = self.position
        while self.peek() in "0123456789" and not self.at_end():
            self.position += 1
        return self.text[start : self.position]

    def shown(self, position: int, quote: str = '"') -> str:
        """Return the character at a place as errors tell it."""
        found = self.text[position : position + 1]
        return f"{quote}{found}{quote}" if found else "end of input"

    def matched(self, word: str, position: int) -> int:
        """Return how many characters of the word stand at a place."""
        length = 0
        while (
            length < len(word)
            and self.text[position + length : position + length + 1] == word[length]
        ):
            length += 1
        return length

    def other_word(self, expecting: str, first: str) -> Fault:
        """Return the fault that none of several words is next; `first` is tried first."""
        differs = self.position + self.matched(first, self.position)
        return Fault(self.position, expecting, self.shown(differs))

    def fault(self, expecting: str) -> Fault:
        """Return the fault that something else was expected here."""
        return Fault(self.position, expecting)

    def refusal(self, fault: Fault) -> RequestError:
        """Return a fault as the error that the caller is shown."""
        found = self.shown(fault.position) if fault.found is None else fault.found
        line = self.text.count("\n", 0, fault.position) + 1
        column = fault.position - self.text.rfind("\n", 0, fault.position) + self.offset
        return RequestError(
            "PGRST100",
            f'"failed to parse {self.what} ({self.text})" (line {line}, column {column})',
            details=f"unexpected {found} expecting {fault.expecting}",
        )

    def deeper(self, most: int = MAX_DEPTH) -> None:
        """Go one level down; the caller comes up again by lowering `depth`."""
        self.depth += 1
        if self.depth > most:
            raise RequestError("54001", f"The {self.what} is nested more than {most} levels deep")


def is_name_character(character: str) -> bool:
    """Whether a name may hold the character unquoted: letters of any script, digits, `_`, `$`."""
    return bool(character) and (character.isalnum() or character in _NAME_MARKS)


def name(scanner: Scanner) -> str:
    """Read a column's or relation's name: an identifier, dashes inside allowed, or quoted."""
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
    """Read `"…"`, in which a backslash stands before any character taken as it is."""
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
    """Read a column's name and the JSON steps into it."""
    column = name(scanner)
    return FieldPath(column, json_steps(scanner))


def json_steps(scanner: Scanner) -> tuple[JsonStep, ...]:
    """Read a JSON path: `->key`, `->>key`, `->0`, `->-1`."""
    steps: list[JsonStep] = []
    while scanner.looking_at("->"):
        scanner.position += 2
        as_text = scanner.take(">")
        steps.append(JsonStep(_json_key(scanner), as_text))
        if len(steps) > MAX_DEPTH:
            raise RequestError("54001", f"A JSON path has more than {MAX_DEPTH} steps")
    return tuple(steps)


def _json_key(scanner: Scanner) -> str | int:
    """Read a key, in which single dashes may stand, or an index, which may be negative."""
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
        raise scanner.fault(_KEY)
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
