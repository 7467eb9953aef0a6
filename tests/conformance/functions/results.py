# A project's package is dropped in under another name; the fixture names the parameters.
# ruff: noqa: A002, TID252, UP013
"""Functions whose results have a shape of their own: points, sets of values, records, tables.

In charge of what comes out of a call. Must not know any table.
"""

from __future__ import annotations

from typing import TypedDict

from jotbase.functions import rpc

from .shapes import Complex, Json, Menagerie, OneNine, Point2D, Point3D


class Letter(TypedDict):
    """A row of one column."""

    a: str


class Letters(TypedDict):
    """A row of two columns."""

    a: str
    b: str


class Scalars(TypedDict):
    """A row of a text, an enum, a domain and a range."""

    a: str
    b: Menagerie
    c: OneNine
    d: str


class Named(TypedDict):
    """A row with a column named as the function that returns it."""

    test: str
    value: int


class Numbered(TypedDict):
    """A row with an object in it."""

    id: int
    val: Complex


class Characters(TypedDict):
    """A row of a text and a list of texts."""

    char_: str
    char_arr: list[str]


class Bits(TypedDict):
    """A row of bits and a list of bits, each a text of 0 and 1."""

    bit_: str
    bit_arr: list[str]


#: What goes through a function that gives back its arguments; a class has no field `str: str`.
InOut = TypedDict("InOut", {"num": int, "str": str, "b": bool})
#: What comes out of a function with three results.
Out = TypedDict("Out", {"my_json": Json, "num": int, "str": str})


@rpc
def ret_point_2d() -> Point2D:
    """Return one point."""
    return {"x": 10, "y": 5}


@rpc
def ret_point_3d() -> Point3D:
    """Return a point of a type that stands in a schema no request can name."""
    return {"x": 7, "y": -3, "z": 4}


@rpc
def ret_composite_domain() -> Point2D:
    """Return a point; a domain over a composite type is that type."""
    return {"x": 10, "y": 5}


@rpc
def ret_scalars() -> list[Scalars]:
    """Return one row with a value of each kind."""
    return [{"a": "scalars", "b": "foo", "c": 1, "d": "[10,20)"}]


@rpc
def ret_setof_integers() -> list[int]:
    """Return a set of numbers."""
    return [1, 2, 3]


@rpc(reads=True)
def test_empty_rowset() -> list[int]:
    """Return an empty set."""
    return []


@rpc
def test() -> list[Named]:
    """Return a row with a column of the function's own name."""
    return [{"test": "hello", "value": 1}]


@rpc
def single_column_table_return() -> list[Letter]:
    """Return a row of one column: an object still."""
    return [{"a": "A"}]


@rpc
def multi_column_table_return() -> list[Letters]:
    """Return a row of two columns."""
    return [{"a": "A", "b": "B"}]


@rpc
def returns_complex() -> list[Numbered]:
    """Return rows with objects in them."""
    return [{"id": n, "val": {"r": n / 10, "i": (n + 4) / 10}} for n in (1, 2, 3)]


@rpc
def char_param_select(char_: str, char_arr: list[str]) -> list[Characters]:
    """Return texts as given, however long."""
    return [{"char_": char_, "char_arr": char_arr}]


@rpc
def bit_param_select(bit_: str, bit_arr: list[str]) -> list[Bits]:
    """Return bits as given, however many."""
    return [{"bit_": bit_, "bit_arr": bit_arr}]


@rpc
def many_inout_params(num: int, str: str, b: bool = True) -> InOut:
    """Return the arguments as one object."""
    return {"num": num, "str": str, "b": b}


@rpc
def many_out_params() -> Out:
    """Return three results as one object."""
    return {"my_json": {"a": 1, "b": "two"}, "num": 3, "str": "four"}
