"""Serializing a model: the database stores the model that its tables were created from.

In charge of a lossless round trip. Must not know where the text is stored.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

import orjson

from jotbase.schema.model.tables import (
    MISSING,
    Column,
    ForeignKey,
    Index,
    Model,
    Search,
    Table,
    Type,
    Unique,
)

#: The version of the format; `load` refuses any other.
FORM = 1


def dump(model: Model) -> str:
    """Return the model as JSON."""
    return orjson.dumps(
        {"form": FORM, "tables": [_table(table) for table in model]}, default=_plain
    ).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, Type):
        return value.value
    raise TypeError(f"{type(value).__name__} is no part of a model")


def _table(table: Table) -> dict[str, Any]:
    # `origins` and `instead_of` are reflected from the database, not read from the files.
    document = {
        one.name: getattr(table, one.name)
        for one in fields(Table)
        if one.name not in ("columns", "origins", "instead_of")
    }
    for name in ("unique", "indexes", "searches", "foreign_keys"):
        document[name] = [asdict(part) for part in document[name]]
    for name in ("searches", "broadcast"):
        if not document[name]:  # left out, so that texts of older versions stay equal
            del document[name]
    return {**document, "columns": [_column(column) for column in table.columns]}


def _column(column: Column) -> dict[str, Any]:
    document = {one.name: getattr(column, one.name) for one in fields(Column)}
    if column.default is MISSING:
        del document["default"]
    return document


def load(text: str) -> Model:
    """Return the model of a text that `dump` gave. Raises ValueError for any other text."""
    document = orjson.loads(text)
    if not isinstance(document, dict) or document.get("form") != FORM:
        raise ValueError("the model was written by another version")
    tables = [_read_table(one) for one in document["tables"]]
    return Model({table.name: table for table in tables})


def _read_table(document: dict[str, Any]) -> Table:
    return Table(
        **{
            **document,
            "columns": tuple(_read_column(one) for one in document["columns"]),
            "primary_key": tuple(document["primary_key"]),
            "unique": tuple(
                Unique(one["name"], tuple(one["columns"])) for one in document["unique"]
            ),
            "indexes": tuple(
                Index(one["name"], tuple(one["columns"])) for one in document["indexes"]
            ),
            "searches": tuple(_read_search(one) for one in document.get("searches", ())),
            "foreign_keys": tuple(_read_key(one) for one in document["foreign_keys"]),
        }
    )


def _read_search(document: dict[str, Any]) -> Search:
    return Search(document["name"], tuple(document["columns"]), document["language"])


def _read_column(document: dict[str, Any]) -> Column:
    item = document["item"]
    return Column(
        **{**document, "type": Type(document["type"]), "item": None if item is None else Type(item)}
    )


def _read_key(document: dict[str, Any]) -> ForeignKey:
    columns, target = tuple(document["columns"]), tuple(document["target_columns"])
    return ForeignKey(**{**document, "columns": columns, "target_columns": target})
