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
    said = {
        one.name: getattr(table, one.name)
        for one in fields(Table)
        if one.name not in ("columns", "origins", "instead_of")
    }
    for name in ("unique", "indexes", "searches", "foreign_keys"):
        said[name] = [asdict(part) for part in said[name]]
    if not said["searches"]:  # left out, so that texts of older versions stay equal
        del said["searches"]
    return {**said, "columns": [_column(column) for column in table.columns]}


def _column(column: Column) -> dict[str, Any]:
    said = {one.name: getattr(column, one.name) for one in fields(Column)}
    if column.default is MISSING:
        del said["default"]
    return said


def load(text: str) -> Model:
    """Return the model of a text that `dump` gave. Raises ValueError for any other text."""
    said = orjson.loads(text)
    if not isinstance(said, dict) or said.get("form") != FORM:
        raise ValueError("the model was written by another version")
    tables = [_read_table(one) for one in said["tables"]]
    return Model({table.name: table for table in tables})


def _read_table(said: dict[str, Any]) -> Table:
    return Table(
        **{
            **said,
            "columns": tuple(_read_column(one) for one in said["columns"]),
            "primary_key": tuple(said["primary_key"]),
            "unique": tuple(Unique(one["name"], tuple(one["columns"])) for one in said["unique"]),
            "indexes": tuple(Index(one["name"], tuple(one["columns"])) for one in said["indexes"]),
            "searches": tuple(_read_search(one) for one in said.get("searches", ())),
            "foreign_keys": tuple(_read_key(one) for one in said["foreign_keys"]),
        }
    )


def _read_search(said: dict[str, Any]) -> Search:
    return Search(said["name"], tuple(said["columns"]), said["language"])


def _read_column(said: dict[str, Any]) -> Column:
    item = said["item"]
    return Column(
        **{**said, "type": Type(said["type"]), "item": None if item is None else Type(item)}
    )


def _read_key(said: dict[str, Any]) -> ForeignKey:
    columns, target = tuple(said["columns"]), tuple(said["target_columns"])
    return ForeignKey(**{**said, "columns": columns, "target_columns": target})
