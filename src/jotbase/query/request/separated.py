"""Parsing and rendering comma-separated values (RFC 4180).

In charge of commas, quotes and line ends. Must not know the meaning of a line or field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jotbase.errors import RequestError

#: One field and its delimiter: quoted with doubled quotes inside, or plain.
_FIELD = re.compile(r'(?:"((?:[^"]++|"")*+)"|([^",\r\n]*+))(,|\r\n|\n|\r|\Z)')
#: The most fields of a line, which is more than any table's columns.
MAX_FIELDS = 10_000
_SPECIAL = re.compile(r'[",()\\\s]|^$')


@dataclass(frozen=True, slots=True)
class Line:
    """The fields of one record, and the number of the line in which it begins."""

    number: int
    fields: list[str | None]


def parse_lines(text: str, most: int) -> list[Line]:
    """Parse the records of a text, at most `most`; a line end after the last one is ignored.

    An unquoted NULL is null. Raises RequestError: PGRST102 for a misplaced quote, 53400 for a
    record with too many fields.
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
    """Return the error for a CSV record or a form with too many fields."""
    return RequestError(
        "53400", "A row has too many fields", details=f"The limit is {MAX_FIELDS} fields."
    )


def render_lines(lines: Iterable[Sequence[str | None]]) -> str:
    """Render records, without a line end after the last one; null is an empty field."""
    return "\n".join(",".join(map(_quoted, line)) for line in lines)


def _quoted(field: str | None) -> str:
    """Return a field quoted as by PostgreSQL's record_out, except that a backslash is not doubled,
    which CSV parsers would read as two.
    """
    if field is None:
        return ""
    if field != "NULL" and _SPECIAL.search(field) is None:
        return field
    return '"' + field.replace('"', '""') + '"'
