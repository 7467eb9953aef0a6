"""Validating decimals, for which a number and its text are the same value.

In charge of the form in which a decimal is validated, and of the keywords for numbers where that
form is text, which JSON Schema ignores for strings (2020-12, Validation 6.2). Comparisons are
exact. Must not know how a value is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from jotbase.errors import RequestError
from jotbase.schema.keywords.subschemas import pointer
from jotbase.schema.keywords.types import applied_schemas, json_types
from jotbase.schema.model.tables import Column, Table, Type
from jotbase.schema.values.convert import canonical_decimal
from jotbase.values import Row

_Keeps = Callable[[Decimal, Decimal], bool]
_KEYWORDS: Mapping[str, tuple[_Keeps, str]] = {
    "minimum": (lambda value, limit: value >= limit, "less than the minimum of"),
    "maximum": (lambda value, limit: value <= limit, "greater than the maximum of"),
    "exclusiveMinimum": (lambda value, limit: value > limit, "not greater than"),
    "exclusiveMaximum": (lambda value, limit: value < limit, "not less than"),
    "multipleOf": (
        lambda value, step: (Fraction(value) / Fraction(step)).denominator == 1,
        "not a multiple of",
    ),
}
#: In characters: longer decimals are refused when they are stored, and slow to compare here.
_LONGEST = 1000


class Decimals:
    """The decimal columns of a table, by the form (text or number) that their schemas validate."""

    def __init__(self, table: Table) -> None:
        columns = [one for one in table.columns if Type.DECIMAL in (one.type, one.item)]
        self._lists = {one.name for one in columns if one.item is not None}
        schemas = {one.name: _numeric_schema(one, table.schema) for one in columns}
        self._texts = {
            name for name, one in schemas.items() if "string" in json_types(one, table.schema)
        }
        self._numbers = schemas.keys() - self._texts
        self._limits = {name: _limits(one, table.schema) for name, one in schemas.items()}
        self._text_form = _as_constant if _has_constants(table) else _as_text

    def __bool__(self) -> bool:
        return bool(self._limits)

    def in_form(self, row: Row) -> Row:
        """Return a row with each decimal in the form that its schema validates."""
        changed: Row = {}
        for names, form in ((self._texts, self._text_form), (self._numbers, _as_number)):
            for name in names & row.keys():
                value, several = row[name], name in self._lists and type(row[name]) is list
                changed[name] = [form(one) for one in value] if several else form(value)
        return row | changed if changed else row

    def faults(self, row: Row) -> list[dict[str, Any]]:
        """Return the faults of keywords for numbers, for the decimals that are validated as
        text.
        """
        found: list[dict[str, Any]] = []
        for name in self._texts & row.keys():
            if self._limits[name]:
                for at, value in _places(name, row[name]):
                    found += self._keyword_faults(name, at, value)
        return found

    def _keyword_faults(self, name: str, at: str, value: Any) -> list[dict[str, Any]]:
        number = _decimal(value)
        return [
            {"pointer": at, "keyword": keyword, "message": f"the value is {words} {limit}"}
            for keyword, limit in self._limits[name]
            for keeps, words in [_KEYWORDS[keyword]]
            if number is not None and not keeps(number, limit)
        ]


def with_decimal_constants(schema: Mapping[str, Any], table: Table) -> dict[str, Any]:
    """Return a table's schema with the decimals of its `const` and `enum` in the form that rows
    have, in which "1.50" is "1.5": those of a column, and those beside the format.
    """
    names = frozenset(one.name for one in table.columns if one.type is Type.DECIMAL)
    items = any(one.item is Type.DECIMAL for one in table.columns)
    return _canonical(dict(schema), names, inside=False) if names or items else dict(schema)


def _has_constants(table: Table) -> bool:
    names = frozenset(one.name for one in table.columns if one.type is Type.DECIMAL)
    found: list[tuple[Any, bool]] = [(table.schema, False)]
    while found:
        schema, inside = found.pop()
        if isinstance(schema, list):
            found += [(one, inside) for one in schema]
        elif isinstance(schema, Mapping):
            if (inside or schema.get("format") == "decimal") and schema.keys() & {"const", "enum"}:
                return True
            for word, value in schema.items():
                if word == "properties" and isinstance(value, Mapping):
                    found += [(one, name in names) for name, one in value.items()]
                else:
                    found.append((value, inside))
    return False


def _canonical(schema: Any, names: frozenset[str], *, inside: bool) -> Any:
    """Return a part of a schema so; `inside` says that it is about a decimal column."""
    if isinstance(schema, list):
        return [_canonical(one, names, inside=inside) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made: dict[str, Any] = {}
    is_decimal = inside or schema.get("format") == "decimal"
    for word, value in schema.items():
        if word in ("const", "default", "enum", "examples"):
            made[word] = _constant(value) if is_decimal else value
        elif word == "properties" and isinstance(value, dict):
            made[word] = {
                name: _canonical(one, names, inside=name in names) for name, one in value.items()
            }
        else:
            made[word] = _canonical(value, names, inside=inside)
    return made


def _constant(value: Any) -> Any:
    if isinstance(value, list):
        return [_constant(one) for one in value]
    found = _decimal(value) if isinstance(value, str) else None
    return value if found is None else canonical_decimal(value)


def _numeric_schema(column: Column, root: Mapping[str, Any]) -> Any:
    """Return the schema of the decimals: the column's own, or that of an array's items."""
    if column.item is None:
        return column.schema
    found = (one["items"] for one in applied_schemas(column.schema, root) if "items" in one)
    return next(one for one in found if isinstance(one, Mapping))


def _places(name: str, value: Any) -> list[tuple[str, Any]]:
    if type(value) is not list:
        return [(pointer([name]), value)]
    return [(pointer([name, str(index)]), one) for index, one in enumerate(value)]


def _limits(schema: Any, root: Mapping[str, Any]) -> list[tuple[str, Decimal]]:
    found: dict[tuple[str, Decimal], None] = {}
    for layer in applied_schemas(schema, root):
        for keyword in _KEYWORDS.keys() & layer.keys():
            found[keyword, Decimal(str(layer[keyword]))] = None
    return list(found)


def _as_text(value: Any) -> Any:
    """Return a number as text; one that is no decimal stays a number, which the schema rejects."""
    if type(value) not in (int, float):
        return value
    try:
        return canonical_decimal(repr(value))
    except RequestError:
        return value


def _as_constant(value: Any) -> Any:
    """Return a decimal as the text that constants have."""
    return _constant(value) if isinstance(value, str) else _as_text(value)


def _as_number(value: Any) -> Any:
    found = _decimal(value)
    return value if found is None else found


def _decimal(value: Any) -> Decimal | None:
    if type(value) not in (int, float, str) or len(str(value)) > _LONGEST:
        return None
    try:
        return Decimal(canonical_decimal(value if isinstance(value, str) else repr(value)))
    except (RequestError, ArithmeticError):
        return None
