"""Validating rows against their table's JSON Schema, with every fault.

In charge of building the validators and of faults as {pointer, keyword, message}, which contain no
value of the row. Must not know where a row comes from, or which CHECKs the database has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import cached_property, partial
from typing import Any
from urllib.parse import quote

from jsonschema_rs import (
    Draft202012Validator,
    EmailOptions,
    FancyRegexOptions,
    RegexOptions,
    Registry,
    ValidationError,
)
from orjson import dumps

from jotbase.errors import RequestError
from jotbase.schema.keywords.subschemas import escape_token, pointer, walk
from jotbase.schema.keywords.vocabulary import ANNOTATIONS, COLUMN_ONLY, STANDARD, TABLE_ONLY
from jotbase.schema.model.tables import RANGES, Table, Type
from jotbase.schema.rows.decimals import Decimals, with_decimal_constants
from jotbase.schema.rows.presence import without_nulls
from jotbase.schema.values.convert import from_text
from jotbase.schema.values.times import is_time
from jotbase.values import Row

#: Stands for a value in messages: the caller may not be allowed to see the row's values.
VALUE = "the value"

_ROW = "jotbase:///row"
_BACKTRACKING = 100_000

#: A row with more values gets its first fault only: each fault takes some 10 µs.
_LISTED = 10_000

#: Root keywords that do not need the whole row: the columns' schemas are checked one by one, NOT
#: NULL implements `required`, and unknown columns are refused before.
_LOCAL = ANNOTATIONS | COLUMN_ONLY | TABLE_ONLY | {"type", "properties", "required"}

#: Root keywords that concern single columns.
_BY_COLUMN = ("properties", "required", "type")
_IF = ("if", "then", "else")


def _is_readable(kind: Type, text: str) -> bool:
    try:
        from_text(kind, text)
    except RequestError:
        return False
    return True


def _is_decimal(text: str) -> bool:
    return text.strip() == text and _is_readable(Type.DECIMAL, text)


_FORMATS: dict[str, Callable[[str], bool]] = {
    "time": is_time,
    "decimal": _is_decimal,
    **{kind.value: partial(_is_readable, kind) for kind in RANGES},
}


def validator(
    schema: Mapping[str, Any],
    registry: Registry | None = None,
    referred: Mapping[str, Any] | None = None,
) -> Draft202012Validator:
    """Return the validator of a schema: formats are asserted, no reference is fetched.

    Patterns are matched in linear time; if one has lookaround or back-references, with backtracking
    and a limited number of steps. `referred` is the content of the registry, whose patterns are
    checked for this too. Raises jsonschema_rs.ValidationError for an invalid schema.
    """
    options: Any = RegexOptions()
    if not all(map(_is_linear, _patterns(schema if referred is None else referred))):
        options = FancyRegexOptions(backtrack_limit=_BACKTRACKING)
    return Draft202012Validator(
        dict(schema),
        formats=_FORMATS,
        validate_formats=True,
        registry=registry,
        mask=VALUE,
        pattern_options=options,
        email_options=EmailOptions(allow_display_text=False),
        offline=True,
    )


def checker(schema: Mapping[str, Any]) -> Callable[[Any], list[dict[str, Any]]]:
    """Return a function from a JSON document to its faults {pointer, keyword, message}.

    Raises jsonschema_rs.ValidationError for an invalid schema.
    """
    check = validator(schema)

    def faults(document: Any) -> list[dict[str, Any]]:
        if check.is_valid(document):
            return []
        return [_fault(error) for error in _errors(check, document)]

    return faults


def _patterns(schema: Mapping[str, Any]) -> Iterator[str]:
    for _, inner in walk(schema):
        yield from [inner["pattern"]] if "pattern" in inner else []
        yield from inner.get("patternProperties", ())


def _is_linear(pattern: Any) -> bool:
    try:
        Draft202012Validator({"pattern": pattern}, pattern_options=RegexOptions())
    except ValidationError:
        return False
    return True


class RowCheck:
    """The validators of one table, built once.

    Rows are in canonical or JSON form; a column whose NULL means "absent" is left out of them.
    Raises jsonschema_rs.ValidationError for an invalid schema.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._schema = with_decimal_constants(plain_schema(table.schema), table)
        self._columns = self._build({"properties": self._by_column()})
        self._encoded = [one.name for one in table.columns if one.type is Type.BYTES]
        self._decimals = Decimals(table)

    def _build(self, schema: Mapping[str, Any]) -> Draft202012Validator:
        return validator(schema, Registry([(_ROW, self._schema)]), self._schema)

    def _by_column(self) -> dict[str, Any]:
        names = [column.name for column in self._table.columns]
        return {name: {"$ref": f"{_ROW}#/properties/{_token(name)}"} for name in names}

    @cached_property
    def _whole(self) -> Draft202012Validator:
        nullable = {column.name for column in self._table.columns if column.null_is_value}
        return self._build(without_nulls(self._schema, nullable, self._lets_null))

    def _lets_null(self, schema: Any) -> bool:
        return validator({"$defs": self._schema.get("$defs", {}), "allOf": [schema]}).is_valid(None)

    @cached_property
    def _lists(self) -> Draft202012Validator:
        return self._build({"items": {"properties": self._by_column()}})

    @cached_property
    def needs_whole_row(self) -> bool:
        """Whether the schema has keywords that concern the row as a whole."""
        return any(is_whole_row_keyword(*item) for item in self._table.schema.items())

    def are_valid(self, partials: list[Row]) -> bool:
        """Return whether `column_faults` is empty for each of the rows, in a single validation."""
        if any(not _is_base64(row.get(name)) for name in self._encoded for row in partials):
            return False
        if self._decimals:
            partials = [self._decimals.in_form(row) for row in partials]
            if any(map(self._decimals.faults, partials)):
                return False
        return self._lists.is_valid(partials)

    def column_faults(self, partial: Row) -> list[dict[str, Any]]:
        """Return the faults of the given values, in JSON form, each against its column's schema."""
        broken = [name for name in self._encoded if not _is_base64(partial.get(name))]
        found = [
            {
                "pointer": pointer([name]),
                "keyword": "contentEncoding",
                "message": f"{VALUE} is not encoded in base64",
            }
            for name in broken
        ]
        if self._decimals:
            partial = self._decimals.in_form(partial)
            found += self._decimals.faults(partial)
        if self._columns.is_valid(partial):
            return found
        return [*map(_fault, _errors(self._columns, partial)), *found]

    def faults(self, row: Row) -> list[dict[str, Any]]:
        """Return the faults of a whole row in canonical form; NULL counts as absent."""
        row = self._without_absent(row)
        found = self._decimals.faults(row) if self._decimals else []
        if self._whole.is_valid(row):
            return found
        return [*map(_fault, _errors(self._whole, row)), *found]

    def row_faults(self, row: Row, unknown: AbstractSet[str] = frozenset()) -> list[dict[str, Any]]:
        """Return the faults of the root keywords for a row that is not stored yet.

        `unknown` are columns that the database will fill in and the row does not have: keywords
        that may depend on them are not evaluated. Faults of `column_faults` are not repeated.
        """
        if not self.needs_whole_row:
            return []
        return [
            _fault(error)
            for error in _errors(self._whole, self._without_absent(row))
            if not self._is_early(error.schema_path[0], unknown)
        ]

    def _is_early(self, word: str | int, unknown: AbstractSet[str]) -> bool:
        """Return whether a root keyword concerns single columns, or may depend on unknown ones."""
        if word in _BY_COLUMN or not unknown:
            return word in _BY_COLUMN
        words: tuple[str | int, ...] = _IF if word in _IF else (word,)
        if word == "$defs":  # the target of a reference from anywhere
            words = tuple(one for one in self._schema if is_whole_row_keyword(one, None))
        serialized = dumps([self._schema.get(str(one)) for one in words]).decode()
        if "$" in serialized:
            serialized += dumps(self._schema.get("$defs")).decode()
        return word == "minProperties" or any(
            dumps(name).decode() in serialized for name in unknown
        )

    def _without_absent(self, row: Row) -> Row:
        """Return a row without NULLs, as the whole schema validates it (`presence`)."""
        if None in row.values():
            row = {name: value for name, value in row.items() if value is not None}
        return self._decimals.in_form(row) if self._decimals else row


def is_whole_row_keyword(word: str, value: Any) -> bool:
    """Return whether a root keyword concerns the row as a whole."""
    if word == "additionalProperties" and value in (True, False):
        return False
    return word in STANDARD and word not in _LOCAL


def plain_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a file's schema as plain JSON Schema 2020-12, without its own `$schema` and `$id`."""
    return {word: value for word, value in schema.items() if word not in ("$schema", "$id")}


def _token(name: str) -> str:
    return quote(escape_token(name), safe="~")


def _errors(check: Draft202012Validator, row: Any) -> list[ValidationError]:
    if not _is_large(row):
        return list(check.iter_errors(row))
    try:
        check.validate(row)
    except ValidationError as error:
        return [error]
    return []


def _is_large(document: Any) -> bool:
    left, level = _LISTED, _within([document])
    while level:
        left -= len(level)
        if left < 0:
            return True
        level = _within(level)
    return False


def _within(documents: list[Any]) -> list[Any]:
    return [
        inner
        for one in documents
        if isinstance(one, dict | list)
        for inner in (one.values() if isinstance(one, dict) else one)
    ]


def _fault(error: ValidationError) -> dict[str, Any]:
    last = error.schema_path[-1] if error.schema_path else ""
    kind: str = error.kind.name
    return {
        "pointer": pointer(error.instance_path),
        "keyword": last if last in STANDARD and kind != "falseSchema" else kind,
        "message": error.message,
    }


def _is_base64(value: Any) -> bool:
    """Return whether a string is base64 (RFC 4648 section 4) or PostgreSQL's hex; True for any
    other type.
    """
    return not isinstance(value, str) or _is_readable(Type.BYTES, value)
