"""Parsing schema files: bytes to JSON objects that are valid under the meta-schema.

In charge of faults of encoding, syntax, structure and spelling. Must not know other files, or the
meaning of a keyword.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from jsonschema_rs import Draft202012Validator

from jotbase.errors import Fault
from jotbase.schema.keywords.other_spellings import format_hint
from jotbase.schema.keywords.subschemas import pointer, walk
from jotbase.schema.keywords.vocabulary import (
    COLUMN_ONLY,
    FORMATS,
    META_SCHEMA,
    STANDARD,
    STANDARD_META_SCHEMA,
    TABLE_META_SCHEMA,
    TABLE_ONLY,
    keyword_faults,
    nearest,
)
from jotbase.schema.reading.shapes import shape_faults


def meta_schema() -> Draft202012Validator:
    """Return the validator of schema files; it takes 2 MB, so callers keep it only while
    reading.
    """
    return Draft202012Validator(META_SCHEMA, validate_formats=True, offline=True)


@dataclass(slots=True)
class Parsed:
    """One parsed file: its object without the invalid parts, and its faults.

    `invalid_columns` are columns with an invalid schema, `dropped_keywords` invalid root keywords.
    """

    document: dict[str, Any]
    faults: list[Fault] = field(default_factory=list)
    invalid_columns: set[str] = field(default_factory=set)
    dropped_keywords: set[str] = field(default_factory=set)

    def leave_out(self, path: list[str | int]) -> None:
        """Remove the invalid part at the path from the document; a column keeps its name."""
        match path:
            case ["properties", str(column), *_]:
                self.invalid_columns.add(column)
                properties = {**self.document.get("properties", {}), column: {}}
                self.document = {**self.document, "properties": properties}
            case [str(word), *_]:
                self.dropped_keywords.add(word)
                kept = {key: value for key, value in self.document.items() if key != word}
                self.document = kept


class _DuplicateKey(ValueError):
    """An object has a duplicate key, whose meaning JSON leaves undefined (RFC 8259 section 4)."""


def parse(file: str, data: bytes, meta: Draft202012Validator | None = None) -> Parsed | Fault:
    """Return the parsed file, or the fault that makes it unreadable.

    `meta` is the result of `meta_schema`, to be reused for several files.
    """
    document = read_object(file, data)
    if isinstance(document, Fault):
        return document
    return _shaped(file, document, meta or meta_schema())


def read_object(file: str, data: bytes) -> dict[str, Any] | Fault:
    """Return the JSON object of a file, or the fault that makes it unreadable."""
    try:
        document = json.loads(
            data.decode("utf-8-sig"),
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except UnicodeDecodeError as error:
        return Fault(file, "", f"byte {error.start} is not UTF-8", "save the file as UTF-8")
    except json.JSONDecodeError as error:
        return Fault(
            file, "", f"line {error.lineno}, column {error.colno}: {error.msg}", _hint(error)
        )
    except _DuplicateKey as error:
        return Fault(file, "", f'the key "{error}" stands twice in one object', "take one away")
    except RecursionError:
        return Fault(file, "", "the JSON is nested too deeply")
    except ValueError as error:
        return Fault(file, "", str(error))
    if not isinstance(document, dict):
        return Fault(file, "", "a schema file holds one JSON object", 'begin with {"properties": …')
    return document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _DuplicateKey(next(name for name in names if names.count(name) > 1))
    return found


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is larger than any number that can be kept")
    return number


def _hint(error: json.JSONDecodeError) -> str | None:
    before = error.doc[: error.pos].rstrip()
    if before.endswith(",") or "trailing comma" in error.msg:
        return "a comma stands before a closing bracket, or a key lacks its double quotes"
    if error.doc[error.pos : error.pos + 1] in ("'", "/", "#"):
        return "JSON has double quotes only, and no comments"
    return None


def _shaped(file: str, document: dict[str, Any], meta: Draft202012Validator) -> Parsed:
    parsed = Parsed(document)
    other = document.get("$schema", TABLE_META_SCHEMA)
    if other not in (TABLE_META_SCHEMA, STANDARD_META_SCHEMA):
        parsed.faults.append(
            Fault(file, "/$schema", f"{other} is not read here", f'write "{TABLE_META_SCHEMA}"')
        )
    for path, fault in shape_faults(file, meta.iter_errors(document), document):
        parsed.faults.append(fault)
        parsed.leave_out(path)
    unlike = {(fault.file, fault.pointer, fault.reason): fault for fault in parsed.faults[::-1]}
    parsed.faults = list(unlike.values())[::-1]
    parsed.faults.extend(_spelling(file, document))
    return parsed


def _spelling(file: str, document: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield a fault for each keyword and format that is probably misspelt or misplaced."""
    properties = document.get("properties")
    columns = set()
    if isinstance(properties, Mapping):
        columns = {pointer(["properties", name]) for name in properties}
    for at, schema in walk(document):
        known = STANDARD
        if not at:
            known = STANDARD | TABLE_ONLY
        elif at in columns:
            known = STANDARD | COLUMN_ONLY
        for word, reason, hint in keyword_faults(schema, known):
            yield Fault(file, f"{at}{pointer([word])}", reason, hint)
        named = schema.get("format")
        if isinstance(named, str) and named not in FORMATS and (meant := _format_hint(named)):
            yield Fault(file, f"{at}/format", f'unknown format "{named}"', meant)
        if _is_slashed(schema.get("pattern")):
            hint = f'write "pattern": {json.dumps(schema["pattern"].strip("gimsuy")[1:-1])}'
            yield Fault(file, f"{at}/pattern", "a pattern stands without slashes and flags", hint)


def _format_hint(named: str) -> str | None:
    close = nearest(named, FORMATS)
    return format_hint(named) or (f'did you mean "{close}"?' if close else None)


def _is_slashed(pattern: Any) -> bool:
    """Return whether a pattern is JavaScript's literal: what it asks for is then never found."""
    return isinstance(pattern, str) and re.fullmatch(r"/\^.*/[gimsuy]*", pattern) is not None
