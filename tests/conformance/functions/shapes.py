"""The types that the fixture declares, as annotations: rows of tables, domains, enums, composites.

In charge of shapes alone, and of reading rows. Must not know the functions that use them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from jotbase.functions import Row, data

Article = Annotated[Row, "articles"]
Baz = Annotated[Row, "baz"]
Capital = Annotated[Row, "capital"]
Client = Annotated[Row, "clients"]
Country = Annotated[Row, "country"]
Fee = Annotated[Row, "fee"]
First = Annotated[Row, "first_1"]
Item = Annotated[Row, "items"]
Item2 = Annotated[Row, "items2"]
Language = Annotated[Row, "tiobe_pls"]
Project = Annotated[Row, "projects"]
Second = Annotated[Row, "second_1"]
Task = Annotated[Row, "tasks"]
Text = Annotated[Row, "tsearch"]
User = Annotated[Row, "users"]
Videogame = Annotated[Row, "videogames"]
WebContent = Annotated[Row, "web_content"]
Yard = Annotated[Row, "yards"]

#: Any JSON value: PostgreSQL's json and jsonb.
Json = Any
#: A row whose columns nothing declares: PostgreSQL's record.
Record = dict[str, Any]

PlainText = Annotated[str, {"contentMediaType": "text/plain"}]
Html = Annotated[str, {"contentMediaType": "text/html"}]
Xml = Annotated[str, {"contentMediaType": "text/xml"}]
Png = Annotated[bytes | None, {"contentMediaType": "image/png"}]
Octets = Annotated[bytes, {"contentMediaType": "application/octet-stream"}]

OneNine = Annotated[int, {"minimum": 1, "maximum": 9}]
Menagerie = Literal["foo", "bar"]
MyType = Literal["something"]


class Point2D(TypedDict):
    """A point in the plane."""

    x: int
    y: int


class Point3D(TypedDict):
    """A point in space."""

    x: int
    y: int
    z: int


class Complex(TypedDict):
    """A complex number."""

    r: float
    i: float


def read(table: str, **params: str | int) -> list[Row]:
    """Return the rows of a table that the caller may see and `params` choose."""
    rows: list[Row] = data().get(table, params)
    return rows


def first(rows: list[Row]) -> Row | None:
    """Return the first of the rows, if there is one."""
    return rows[0] if rows else None
