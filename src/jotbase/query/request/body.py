"""Parsing a write's body to rows: JSON, CSV or form, before columns are resolved.

In charge of refusing malformed and oversized bodies. Must not know tables or schemas.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from jotbase.errors import RequestError
from jotbase.query.request.intent import Intent, Payload
from jotbase.query.request.media import MIME, unaccepted_body
from jotbase.query.request.separated import MAX_FIELDS, parse_lines, too_many_fields
from jotbase.query.request.shape import decoded
from jotbase.schema.values.integers import first_inexact, refuse_inexact
from jotbase.schema.values.nesting import check_nesting, is_depth_fault, too_deep

#: The most rows of one body: each takes about a kilobyte of memory, and time of the one writer.
MAX_ROWS = 100_000
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def read_payload(body: bytes, intent: Intent) -> Payload:
    """Parse the rows of a write's body.

    Raises RequestError: PGRST102 for a malformed body, 54001 for one that is nested too deeply.
    """
    match intent.content:
        case "json":
            return payload_of(read_exact_json(body), intent)
        case "csv":
            return _csv(body)
        case "form":
            return _form(body)
    raise unaccepted_body(MIME[intent.content])


def check_count(rows: int) -> None:
    """Raise RequestError 53400 for more than `MAX_ROWS` rows."""
    if rows > MAX_ROWS:
        raise RequestError(
            "53400",
            "The request body holds too many rows",
            details=f"The limit is {MAX_ROWS} rows.",
            hint="Send them in several requests.",
        )


def read_json(body: bytes) -> Any:
    """Parse a JSON body, whose integers must fit in 64 bits.

    Raises RequestError: PGRST102, 22P05 for U+0000 in it, 22003 for integers beyond 64 bits, 54001
    for a depth that cannot be read.
    """
    value = _parsed(body)
    refuse_inexact(body)
    return value


def _parsed(body: bytes) -> Any:
    if b"\\u0000" in body and _NUL.search(body):
        raise RequestError(
            "22P05",
            "unsupported Unicode escape sequence",
            details="\\u0000 cannot be converted to text.",
        )
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise (too_deep() if is_depth_fault(error) else unreadable_body()) from error
    return value


def read_exact_json(body: bytes) -> Any:
    """Parse a JSON body with integers of any length.

    JavaScript writes 1e20 as an integer; its column's type decides whether it fits. Raises
    RequestError as `read_json` does.
    """
    value = _parsed(body)
    if first_inexact(body) is None:
        return value
    if isinstance(value, dict | list):
        check_nesting(value)
    try:
        return json.loads(body)
    except ValueError:  # more digits than Python reads
        refuse_inexact(body)
        raise


def payload_of(value: Any, intent: Intent) -> Payload:
    """Return the rows of a parsed JSON body. Raises RequestError PGRST102, 54001."""
    if not isinstance(value, dict | list):
        raise unreadable_body()
    check_nesting(value)
    if isinstance(value, dict):
        return Payload((value,), single=True)
    check_count(len(value))
    if not all(isinstance(row, dict) for row in value):
        raise mismatched_keys()
    if value and intent.columns is None and intent.preferences.missing != "default":
        keys = value[0].keys()
        if any(row.keys() != keys for row in value):
            raise mismatched_keys()
    return Payload(tuple(value), single=False)


def unreadable_body() -> RequestError:
    """Return the error for a body that is no JSON object or array."""
    return RequestError("PGRST102", "Empty or invalid json")


def mismatched_keys() -> RequestError:
    """Return the error for rows of different keys."""
    return RequestError("PGRST102", "All object keys must match")


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestError("PGRST102", "The body is not valid UTF-8") from error


def _csv(body: bytes) -> Payload:
    """Parse CSV with a header line; an unquoted NULL is null."""
    lines = parse_lines(_text(body), MAX_ROWS + 2)
    if not lines or lines[0].fields == [""]:
        raise RequestError("PGRST102", "The CSV has no header line")
    check_count(len(lines) - 1)
    header = [name or "NULL" for name in lines[0].fields]
    _check_header(header)
    filled = [line for line in lines[1:] if line.fields != [""] or len(header) == 1]
    rows: list[dict[str, Any]] = []
    for line in filled:
        if len(line.fields) != len(header):
            details = f"Line {line.number} has {len(line.fields)}, the header {len(header)}."
            message = "All lines must have same number of fields"
            raise RequestError("PGRST102", message, details=details)
        cells = (None if field is None else Cell(field) for field in line.fields)
        rows.append(dict(zip(header, cells, strict=True)))
    numbers = tuple(line.number for line in filled)
    return Payload(tuple(rows), single=False, unread=True, lines=numbers)


def _check_header(names: list[str]) -> None:
    """Refuse a header with a duplicate column, of which one value would be lost."""
    if len(set(names)) < len(names):
        name = next(name for name in names if names.count(name) > 1)
        raise RequestError("42701", f'column "{name}" specified more than once')


class Cell(str):
    """A CSV or form field: text that must still be parsed as its column's type."""

    __slots__ = ()


def _form(body: bytes) -> Payload:
    if body.count(b"&") > MAX_FIELDS:
        raise too_many_fields()
    row: dict[str, Any] = {}
    for piece in _text(body).strip().split("&"):
        if piece:
            name, _, text = piece.partition("=")
            row[decoded(name)] = Cell(decoded(text))
    return Payload((row,), single=True, unread=True)
