"""Rows that fit their schema: values by construction, texts and numbers new for each row.

In charge of one valid row of a table, of the fewest columns that it needs. What a schema asks and
this cannot construct (a pattern that no word at hand fits) is refused with what to do. Must not
know a database, nor rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

from jotbase.schema.keywords.types import applied_schemas
from jotbase.schema.model.tables import MISSING, Column, Table, Type
from jotbase.schema.rows.check import RowCheck

_TEXTS: Mapping[str, Callable[[int], str]] = {
    "email": lambda n: f"person{n}@example.com",
    "uri": lambda n: f"https://example.com/{n}",
    "uuid": lambda n: str(UUID(int=n, version=4)),
    "date-time": lambda n: f"2026-01-01T00:{n // 60 % 60:02}:{n % 60:02}+00:00",
    "date": lambda n: f"2026-{n // 28 % 12 + 1:02}-{n % 28 + 1:02}",
    "time": lambda n: f"{n // 60 % 24:02}:{n % 60:02}:00",
    "ipv4": lambda n: f"192.0.2.{n % 256}",
    "hostname": lambda n: f"host{n}.example.com",
    "decimal": lambda n: f"{n}",
}
_LEAST, _GREATEST = -(2**53), 2**53


def needed(column: Column) -> bool:
    """Whether a row of the service role needs a value: the caller's own id is no default there."""
    if column.nullable or column.read_only or column.is_filled:
        return False
    return not column.has_default or "user" in (column.default_expression or "")


def row_for(
    table: Table, check: RowCheck, number: int = 1, given: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return a valid row; `given` values stand as they are, also where they are not valid.

    Raises AssertionError for what cannot be constructed.
    """
    row = dict(given or {})
    for column in table.columns:
        if column.name not in row and needed(column):
            row[column.name] = value_for(column, table, check, number)
    for _ in table.columns:
        missing = _asked_for(as_stored(row, table, check), check, row, table)
        if missing is None:
            break
        row[missing.name] = value_for(missing, table, check, number)
    return row


def as_stored(row: Mapping[str, Any], table: Table, check: RowCheck) -> dict[str, Any]:
    """Return an inserted row with its defaults, and with stand-ins for what the server fills."""
    stored = {name: value for name, value in row.items() if value is not None}
    for column in table.columns:
        if column.name in row or not column.has_default:
            continue
        if column.default is not MISSING:
            stored[column.name] = column.default
        elif not column.generated:
            stored[column.name] = value_for(column, table, check, 1)
    return {name: value for name, value in stored.items() if value is not None}


def _asked_for(
    stored: Mapping[str, Any], check: RowCheck, row: Mapping[str, Any], table: Table
) -> Column | None:
    """Return a column that only the row as a whole asks for (`if`, `dependentRequired`)."""
    faults = check.faults(dict(stored))
    for column in table.columns:
        if column.name not in row and not column.read_only and column.generated is None:
            named = any(f'"{column.name}"' in str(fault["message"]) for fault in faults)
            pointed = any(fault["pointer"] == f"/{column.name}" for fault in faults)
            if named or pointed:
                return column
    return None


def value_for(column: Column, table: Table, check: RowCheck, number: int) -> Any:
    """Return a value of a column; raises AssertionError where none at hand fits."""
    for candidate in _candidates(column.schema, table, column.name, number, column.type):
        if not check.column_faults({column.name: candidate}):
            return candidate
    raise AssertionError(
        f"no value for {table.name}.{column.name} can be constructed: give one,"
        ' or add "examples" to its schema'
    )


def _candidates(
    schema: Any, table: Table, name: str, number: int, kind: Type | None = None
) -> Iterator[Any]:
    merged: dict[str, Any] = {}
    for one in applied_schemas(schema, table.schema):
        merged.update(one)
    if "const" in merged:
        yield merged["const"]
    chosen = [value for value in merged.get("enum", ()) if value is not None]
    yield from chosen
    examples = list(merged.get("examples", ()))
    yield from examples[(number - 1) % len(examples) :] if examples else ()
    types = merged.get("type", "string")
    for word in [types] if isinstance(types, str) else types:
        yield from _of_type(word, merged, table, name, number)
    if kind in (Type.DECIMAL, Type.JSON):
        yield from (number, {}, [])


def _of_type(
    kind: str, schema: Mapping[str, Any], table: Table, name: str, number: int
) -> Iterator[Any]:
    match kind:
        case "string":
            yield from _texts(schema, name, number)
        case "integer" | "number":
            yield from _numbers(schema, number)
        case "boolean":
            yield from (False, True)
        case "array":
            yield _items(schema, table, name)
        case "object":
            yield {
                key: next(_candidates(schema.get("properties", {}).get(key, {}), table, key, 1))
                for key in schema.get("required", ())
            }


def _texts(schema: Mapping[str, Any], name: str, number: int) -> Iterator[str]:
    least, most = schema.get("minLength", 0), schema.get("maxLength", 10_000)
    made = _TEXTS.get(str(schema.get("format")))
    if made is not None:
        yield made(number)
    plain = "".join(letter for letter in name.lower() if letter.isalpha()) or "text"
    words = (f"{name} {number}", f"{plain}{number}", f"{plain[:1]}{number}", f"{number}")
    for word in (*words, f"https://example.com/{number}", f"{plain.upper()}{number}"):
        padded = word if len(word) >= least else f"{plain[:1] * (least - len(word))}{word}"
        yield padded if len(padded) <= most else padded[-most:]
    digits = f"{number:0{max(least, 1)}}"
    yield from (digits, "a" * max(least, 1), "A" * max(least, 1), "+49301234567")


def _numbers(schema: Mapping[str, Any], number: int) -> Iterator[Any]:
    step = schema.get("multipleOf", 1)
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    most = schema.get("maximum", schema.get("exclusiveMaximum"))
    start = (0 if most is None or most > 0 else most - number * step) if least is None else least
    if step != 1:
        start = -(-start // step) * step
    yield start + number * step
    yield from (start, start + step)
    low, high = (_LEAST if least is None else least), (_GREATEST if most is None else most)
    yield low + (high - low) / (number + 1)


def _items(schema: Mapping[str, Any], table: Table, name: str) -> list[Any]:
    several = range(1, schema.get("minItems", 0) + 1)
    return [next(_candidates(schema.get("items", {}), table, name, n)) for n in several]
