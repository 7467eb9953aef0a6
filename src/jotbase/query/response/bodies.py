"""Rows' JSON texts as bodies: one whole text rewritten, or row after row as they are found.

In charge of the forms of a body: JSON, one object, CSV, without nulls. Must not know headers, nor
where the rows come from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import orjson

from jotbase.expression.data_types.casting import array_text
from jotbase.query.plan.nodes import ResponseFormat
from jotbase.query.request.separated import render_lines
from jotbase.query.write.result import not_single
from jotbase.schema.model.tables import Type


def whole_body(
    text: str,
    count: int,
    answer: ResponseFormat,
    keys: Sequence[str],
    documents: Mapping[str, Type],
) -> bytes:
    """Return the JSON text of an array of rows in the form that was asked for.

    `documents` are the keys under which arrays and JSON stand. Raises RequestError PGRST116.
    """
    media = answer.media
    if media.kind == "json" or (media.kind == "array" and not media.stripped):
        return text.encode()
    if media.kind == "object":
        if count != 1:
            raise not_single(count)
        return _stripped(text[1:-1]) if media.stripped else text[1:-1].encode()
    if media.kind == "csv":
        return _csv(text, keys, documents)
    return _stripped(text)


@dataclass(slots=True)
class BodyWriter:
    """The same, of one row after the other; a HEAD request has no body, and one object is one."""

    answer: ResponseFormat
    keys: Sequence[str]
    documents: Mapping[str, Type]
    written: int = 0
    reader: json.JSONDecoder = field(init=False)

    def __post_init__(self) -> None:
        """Choose how rows are read where they are written anew."""
        self.reader = _reader(self.keys)

    def row(self, text: str) -> bytes:
        """Return what the next row adds."""
        self.written += 1
        media = self.answer.media
        if self.answer.head or (media.kind == "object" and self.written > 1):
            return b""
        if media.kind == "csv":
            return self._lines(text)
        made = _stripped(text) if media.stripped else text.encode()
        if media.kind == "object":
            return made
        return (b"[" if self.written == 1 else b",") + made

    def _lines(self, text: str) -> bytes:
        exact = self.reader is _PAIRS or _LONG_NUMBER.search(text) is not None
        row = self.reader.decode(text) if exact else orjson.loads(text)
        line = [_cell(value, self.documents.get(key)) for key, value in _pairs(row)]
        if self.written > 1:
            return b"\n" + render_lines([line]).encode()
        return render_lines([[name for name, _ in _pairs(row)], line]).encode()

    def end(self) -> bytes:
        """Return what stands behind the last row."""
        media = self.answer.media
        if self.answer.head or media.kind == "object":
            return b""
        if media.kind == "csv":
            return b"" if self.written else render_lines([self.keys]).encode()
        return b"]" if self.written else b"[]"


def _reader(keys: Sequence[str]) -> json.JSONDecoder:
    twice = len(set(keys)) < len(keys)  # a dictionary would hold one of two
    return _PAIRS if twice else _READER


def _stripped(text: str) -> bytes:
    if text.startswith("["):
        rows = (orjson.dumps(_without_nulls(row)) for row in _rows(text, _READER))
        return b"[" + b",".join(rows) + b"]"
    return orjson.dumps(_without_nulls(orjson.loads(text)))


def _rows(text: str, reader: json.JSONDecoder) -> Iterator[Any]:
    """Yield the rows of an array, one by one: reading it whole would hold the interpreter."""
    place = 1
    while place < len(text) - 1:
        row, place = reader.raw_decode(text, place)
        yield row
        place += 1  # its comma


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value


def _csv(text: str, keys: Sequence[str], documents: Mapping[str, Type]) -> bytes:
    """Write a header and the rows as PostgREST does: null is nothing, "" is quoted, true is `t`,
    an array is PostgreSQL's, and a JSON column is JSON, its texts and truths too.
    """
    rows = _rows(text, _reader(keys))
    first = next(rows, None)
    names = [name for name, _ in _pairs(first)] if first else keys
    every = chain([] if first is None else [first], rows)
    lines = ([_cell(value, documents.get(key)) for key, value in _pairs(row)] for row in every)
    return render_lines(chain([names], lines)).encode()


def _pairs(row: Any) -> Iterable[tuple[str, Any]]:
    return row if isinstance(row, _Pairs) else row.items()


class _Pairs(list[tuple[str, Any]]):
    """A row as pairs, which may share a key; what lies within is dictionaries as ever."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__((key, _inner(value)) for key, value in pairs)


#: What orjson, which reads three times as fast, would round or refuse.
_LONG_NUMBER = re.compile(r"\d{16}|[eE]\d|\\u[dD]")
_READER = json.JSONDecoder()
_PAIRS = json.JSONDecoder(object_pairs_hook=_Pairs)


def _inner(value: Any) -> Any:
    if isinstance(value, _Pairs):
        return dict(value)
    return [_inner(one) for one in value] if isinstance(value, list) else value


def _cell(value: Any, document: Type | None) -> str | None:
    if value is None:
        return None
    if document is not Type.JSON:
        if isinstance(value, bool):
            return "t" if value else "f"
        if isinstance(value, str):
            return value
    text = orjson.dumps(value).decode()
    return array_text(text) if document is Type.ARRAY and isinstance(value, list) else text
