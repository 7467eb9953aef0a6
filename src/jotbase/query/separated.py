"""Comma-separated values (RFC 4180), read and written.

In charge of commas, quotes and line ends. Must not know what a line or a field stands for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from jotbase.errors import RequestError

#: One field and what ends it: quoted with doubled quotes inside, or plain.
_FIELD = re.compile(r'(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\r|\Z)')
#: How many fields a line may have: no table has as many columns.
MAX_FIELDS = 10_000
_SPECIAL = re.compile(r'[",\r\n]')


def parse_lines(text: str, most: int) -> list[list[str]]:
    """Return the fields of each line, `most` lines; a line end behind the last is none of its own.

    Raises RequestError: PGRST102 for a quote out of place, 53400 for a line of too many fields.
    """
    lines: list[list[str]] = []
    line: list[str] = []
    position = 0
    while (position < len(text) or line) and len(lines) < most:
        found = _FIELD.match(text, position)
        if found is None:
            raise RequestError(
                "PGRST102",
                "The CSV cannot be read",
                details=f"A quote is out of place in line {len(lines) + 1}.",
            )
        quoted, plain, end = found.groups()
        line.append(plain if quoted is None else quoted.replace('""', '"'))
        position = found.end()
        if end != ",":
            lines.append(line)
            line = []
        elif len(line) > MAX_FIELDS:
            raise too_many_fields()
    return lines


def too_many_fields() -> RequestError:
    """Return the error for a line, or a form, of more fields than any table has columns."""
    return RequestError(
        "53400", "A row has too many fields", details=f"The limit is {MAX_FIELDS} fields."
    )


def render_lines(lines: Iterable[Sequence[str]]) -> str:
    """Return the lines as text, without a line end behind the last."""
    return "\n".join(",".join(map(_quoted, line)) for line in lines)


def _quoted(field: str) -> str:
    if _SPECIAL.search(field) is None:
        return field
    return '"' + field.replace('"', '""') + '"'
