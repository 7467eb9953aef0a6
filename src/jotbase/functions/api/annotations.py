"""Reading type annotations: the type, JSON Schema and Python value of a parameter or result.

In charge of the mapping from annotations to the data API's types. Must not know the caller, nor any
database.
"""

from __future__ import annotations

import base64
import datetime as dt
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from jotbase.query.plan.functions import Returns
from jotbase.schema.model.tables import Column, Table, Type

Convert = Callable[[Any], Any]


class Row(dict[str, Any]):
    """A row of a table, by its columns' names: `Annotated[Row, "jobs"]`, or `Row["jobs"]`."""

    def __class_getitem__(cls, table: str) -> Any:
        """Return the annotation of a row of that table."""
        return Annotated[Row, table]


@dataclass(frozen=True, slots=True)
class Kind:
    """A resolved annotation: the API's type, and the conversion from a canonical value to Python.

    `row` is the table whose row it is, `shape` that of a TypedDict.
    """

    type: Type
    schema: Mapping[str, Any] = field(default_factory=dict)
    item: Type | None = None
    nullable: bool = False
    convert: Convert | None = None
    row: str | None = None
    shape: Table | None = None

    def value(self, canonical: Any) -> Any:
        """Return the Python value."""
        return canonical if canonical is None or self.convert is None else self.convert(canonical)


def _text(format_: str) -> dict[str, str]:
    return {"type": "string", "format": format_}


_PLAIN: dict[Any, Kind] = {
    int: Kind(Type.INTEGER, {"type": "integer"}),
    float: Kind(Type.NUMBER, {"type": "number"}),
    bool: Kind(Type.BOOLEAN, {"type": "boolean"}),
    str: Kind(Type.TEXT, {"type": "string"}),
    bytes: Kind(
        Type.BYTES, {"type": "string", "contentEncoding": "base64"}, convert=base64.b64decode
    ),
    Decimal: Kind(Type.DECIMAL, {"type": ["string", "number"]}, convert=Decimal),
    UUID: Kind(Type.UUID, _text("uuid"), convert=UUID),
    dt.datetime: Kind(Type.TIMESTAMP, _text("date-time"), convert=dt.datetime.fromisoformat),
    dt.date: Kind(Type.DATE, _text("date"), convert=dt.date.fromisoformat),
    dt.time: Kind(Type.TIME, {"type": "string"}, convert=dt.time.fromisoformat),
    dict: Kind(Type.JSON, {"type": "object"}),
    list: Kind(Type.ARRAY, {"type": "array"}),
    Any: Kind(Type.JSON),
    object: Kind(Type.JSON),
}


def kind_of(annotation: Any) -> Kind:
    """Resolve an annotation. Raises TypeError for an unsupported one."""
    if isinstance(annotation, typing.TypeAliasType if hasattr(typing, "TypeAliasType") else ()):
        return kind_of(annotation.__value__)
    plain = _PLAIN.get(annotation) if _is_hashable(annotation) else None
    if plain is not None:
        return plain
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _annotated(inner[0], inner[1:])
    if origin in (Union, types.UnionType):
        return _union(inner)
    if origin is Literal:
        return _literal(inner)
    if origin is list or (origin is tuple and inner[1:] == (Ellipsis,)):
        return _listed(kind_of(inner[0]))
    if origin is dict:
        return _PLAIN[dict]
    if typing.is_typeddict(annotation):
        return _typed_dict(annotation)
    raise TypeError(f"{annotation} is no type that a client can send or be sent")


def _is_hashable(annotation: Any) -> bool:
    try:
        hash(annotation)
    except TypeError:
        return False
    return True


def _annotated(inner: Any, notes: tuple[Any, ...]) -> Kind:
    if inner is Row:
        table = next((note for note in notes if isinstance(note, str)), None)
        if table is None:
            raise TypeError('a row is a row of some table: Annotated[Row, "jobs"]')
        return Kind(Type.JSON, {"type": "object"}, row=table)
    kind = kind_of(inner)
    for note in notes:
        if isinstance(note, Mapping):
            kind = replace(kind, schema={**kind.schema, **note})
    return kind


def _union(inner: tuple[Any, ...]) -> Kind:
    others = [one for one in inner if one is not type(None)]
    nullable = len(others) < len(inner)
    if len(others) == 1:
        kind = kind_of(others[0])
    else:
        kinds = [kind_of(one) for one in others]
        kind = Kind(Type.JSON, {"anyOf": [one.schema for one in kinds]})
    return replace(kind, nullable=True) if nullable else kind


def _literal(values: tuple[Any, ...]) -> Kind:
    kinds = {type(value) for value in values}
    plain = _PLAIN.get(next(iter(kinds))) if len(kinds) == 1 else None
    base = plain or Kind(Type.JSON)
    return replace(base, schema={**base.schema, "enum": list(values)})


def _listed(item: Kind) -> Kind:
    convert: Convert | None = None
    if item.convert is not None:
        convert = lambda values: [item.value(value) for value in values]  # noqa: E731
    schema = {"type": "array", "items": schema_of(item)}
    return Kind(Type.ARRAY, schema, item.type, convert=convert, row=item.row, shape=item.shape)


def _typed_dict(annotation: Any) -> Kind:
    hints = typing.get_type_hints(annotation, include_extras=True)
    kinds = {name: kind_of(hint) for name, hint in hints.items()}
    schema = {
        "type": "object",
        "properties": {name: schema_of(kind) for name, kind in kinds.items()},
        "required": sorted(annotation.__required_keys__),
    }
    columns = tuple(
        Column(name, kind.type, schema_of(kind), nullable=True, item=kind.item)
        for name, kind in kinds.items()
    )
    return Kind(Type.JSON, schema, shape=Table(annotation.__name__, columns))


def schema_of(kind: Kind) -> dict[str, Any]:
    """Return the JSON Schema of a kind's values."""
    schema = dict(kind.schema)
    return {"anyOf": [schema, {"type": "null"}]} if kind.nullable and schema else schema


def returns_of(annotation: Any) -> Returns:
    """Resolve the annotation of a result. Raises TypeError."""
    if annotation in (None, type(None)):
        return Returns("nothing")
    kind = kind_of(annotation)
    if kind.type is Type.ARRAY:
        if kind.row is not None or kind.shape is not None:
            return Returns("rows", table=kind.row, shape=kind.shape)
        return Returns("values", kind.item or Type.JSON, schema=schema_of(kind))
    if kind.row is not None or kind.shape is not None:
        return Returns("row", table=kind.row, shape=kind.shape)
    media = kind.schema.get("contentMediaType")
    return Returns("value", kind.type, media=media, schema=schema_of(kind))
