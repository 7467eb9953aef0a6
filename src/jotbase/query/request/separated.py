"""Comma-separated values (RFC 4180), read and written.

In charge of commas, quotes and line ends. Must not know what a line or a field stands for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jotbase.errors import RequestError

#: One field and what ends it: quoted with doubled quotes inside, or plain.
_FIELD = re.compile(r'(?:"((?:[^"]++|"")*+)"|([^",\r\n]*+))(,|\r\n|\n|\r|\Z)')
#: How many fields a line may have: no table has as many columns.
MAX_FIELDS = 10_000
_SPECIAL = re.compile(r'[",()\\\s]|^$')


@dataclass(frozen=True, slots=True)
class Line:
    """The fields of one line, and the number of the text's line that it begins in."""

    number: int
    fields: list[str | None]


def parse_lines(text: str, most: int) -> list[Line]:
    """Return the fields of each line, `most` lines; a line end behind the last is none of its own.

    The word NULL is null, but not in quotes. Raises RequestError: PGRST102 for a quote out of
    place, 53400 for a line of too many fields.
    """
    lines: list[Line] = []
    number, position = 1, 0
    while position < len(text) and len(lines) < most:
        end = text.find("\n", position)
        plain = text[position:] if end < 0 else text[position:end].removesuffix("\r")
        if '"' in plain or "\r" in plain:
            fields, behind = _quoted_line(text, position, number)
        else:
            fields, behind = [_plain(one) for one in plain.split(",")], end + 1 or len(text)
        if len(fields) > MAX_FIELDS + 1:
            raise too_many_fields()
        lines.append(Line(number, fields))
        number += max(1, text.count("\n", position, behind))
        position = behind
    return lines


def _plain(field: str) -> str | None:
    return None if field == "NULL" else field


def _quoted_line(text: str, position: int, number: int) -> tuple[list[str | None], int]:
    fields: list[str | None] = []
    while True:
        found = _FIELD.match(text, position)
        if found is None:
            raise RequestError(
                "PGRST102",
                "The CSV cannot be read",
                details=f"A quote is out of place in line {number}.",
            )
        quoted, plain, end = found.groups()
        fields.append(_plain(plain) if quoted is None else quoted.replace('""', '"'))
        position = found.end()
        if end != ",":
            return fields, position
        if len(fields) > MAX_FIELDS:
            raise too_many_fields()


def too_many_fields() -> RequestError:
    """Return the error for a line, or a form, of more fields than any table has columns."""
    return RequestError(
        "53400", "A row has too many fields", details=f"The limit is {MAX_FIELDS} fields."
    )


def render_lines(lines: Iterable[Sequence[str | None]]) -> str:
    """Return the lines as text, without a line end behind the last. Null is nothing."""
    return "\n".join(",".join(map(_quoted, line)) for line in lines)


def _quoted(field: str | None) -> str:
    """Return a field as PostgreSQL's row output quotes it (record_out), but for the backslash,
    which readers of CSV would take for two.
    """
    if field is None:
        return ""
    if field != "NULL" and _SPECIAL.search(field) is None:
        return field
    return '"' + field.replace('"', '""') + '"'
