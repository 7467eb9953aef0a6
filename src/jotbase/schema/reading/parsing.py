"""Files as bytes, read as JSON objects that fit the meta-schema.

In charge of what can be wrong with a file before its meaning is looked at: bytes, syntax, shape,
spelling. Must not know other files, or what a keyword makes of a table.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from jsonschema_rs import Draft202012Validator, ValidationError

from jotbase.errors import Fault
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

_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")


def meta_schema() -> Draft202012Validator:
    """Return what files are checked by; 2 MB that need not outlive the reading of a project."""
    return Draft202012Validator(META_SCHEMA, validate_formats=True, offline=True)


@dataclass(slots=True)
class Parsed:
    """One file: its object with the unusable parts left out, its faults, and the columns whose
    schemas are unusable, and the words of the table that are.
    """

    document: dict[str, Any]
    faults: list[Fault] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)

    def leave_out(self, path: list[str | int]) -> None:
        """Take the part that a fault is in out of the document; a column stays by its name."""
        match path:
            case ["properties", str(column), *_]:
                self.broken.add(column)
                properties = {**self.document.get("properties", {}), column: {}}
                self.document = {**self.document, "properties": properties}
            case [str(word), *_]:
                self.lost.add(word)
                kept = {key: value for key, value in self.document.items() if key != word}
                self.document = kept


class _Repeated(ValueError):
    """One key stands twice in an object, which JSON leaves without a meaning (RFC 8259, 4)."""


def parse(file: str, data: bytes, meta: Draft202012Validator | None = None) -> Parsed | Fault:
    """Return the file's object, or the fault that makes it unreadable.

    `meta` is what `meta_schema` gave, for those who read many files.
    """
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
    except _Repeated as error:
        return Fault(file, "", f'the key "{error}" stands twice in one object', "take one away")
    except RecursionError:
        return Fault(file, "", "the JSON is nested too deeply")
    except ValueError as error:
        return Fault(file, "", str(error))
    if not isinstance(document, dict):
        return Fault(file, "", "a schema file holds one JSON object", 'begin with {"properties": …')
    return _shaped(file, document, meta or meta_schema())


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Repeated(next(name for name in names if names.count(name) > 1))
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
    for error in meta.iter_errors(document):
        path = list(error.instance_path)
        if path == ["$schema"]:
            continue
        parsed.faults.extend(_shape_faults(file, path, error))
        parsed.leave_out(path)
    unlike = {(fault.file, fault.pointer, fault.reason): fault for fault in parsed.faults[::-1]}
    parsed.faults = list(unlike.values())[::-1]
    parsed.faults.extend(_spelling(file, document))
    return parsed


def _shape_faults(file: str, path: list[str | int], error: ValidationError) -> Iterator[Fault]:
    kind, facts = error.kind.name, error.kind.as_dict()
    at = pointer(path)
    if kind == "additionalProperties":
        known = _known_keys(path)
        for name in facts["unexpected"]:
            yield Fault(file, f"{at}/{name}", f'unknown key "{name}"', _did_you_mean(name, known))
        return
    last = path[-1] if path else None
    if last == "type":
        yield Fault(file, at, *_type_fault(error.instance, root=len(path) == 1))
    elif last == "required" and error.instance in (True, False):
        hint = 'list the column in "required" beside "properties"'
        yield Fault(file, at, '"required" is a list of names, not true or false', hint)
    elif last == "view":
        yield Fault(file, at, "a view is a SELECT", 'write "view": "select … from …"')
    elif kind == "enum":
        near = _did_you_mean(str(error.instance), map(str, facts["options"]))
        yield Fault(file, at, error.message, near)
    elif kind == "pattern" and last == "references":
        yield Fault(file, at, error.message, 'name table and column: "companies.handle"')
    elif (lists := _lists_fault(path, error.instance)) is not None:
        yield Fault(file, f"/{path[0]}", *lists)
    else:
        yield Fault(file, at, error.message)


def _lists_fault(path: list[str | int], given: Any) -> tuple[str, str] | None:
    """Return reason and hint for a name where a list of names, or a list of such lists, stands."""
    match path, given:
        case ["primaryKey" | "required" as word], str():
            return f'"{word}" is a list of columns', f'write "{word}": ["{given}"]'
        case ["unique" | "indexes" as word] | ["unique" | "indexes" as word, int()], str():
            hint = f'write "{word}": [["{given}"]], or [["{given}", "…"]] for several together'
            return f'"{word}" is a list of lists of columns', hint
    return None


def _known_keys(path: list[str | int]) -> list[str]:
    if path == ["access"]:
        return ["select", "insert", "update", "delete"]
    return ["name", "columns", "references", "onDelete", "onUpdate", "table"]


def _type_fault(given: Any, *, root: bool) -> tuple[str, str | None]:
    if root:
        return "a row is an object", 'write "type": "object"'
    for name in given if isinstance(given, list) else [given]:
        if name not in _TYPES:
            hint = _did_you_mean(str(name), _TYPES) or f"JSON's types are {', '.join(_TYPES)}"
            return f"{json.dumps(name)} is no JSON type", hint
    return '"type" is a type, or a list of different ones', None


def _did_you_mean(word: str, words: Any) -> str | None:
    close = nearest(word, words, 0.6)
    return f'did you mean "{close}"?' if close else None


def _spelling(file: str, document: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield a fault for each keyword and format that was most likely meant otherwise."""
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
        if isinstance(named, str) and named not in FORMATS and (close := nearest(named, FORMATS)):
            reason = f'unknown format "{named}"'
            yield Fault(file, f"{at}/format", reason, f'did you mean "{close}"?')
