# ruff: noqa: TID252 - a project's package is dropped in under another name
"""Functions that share a name: the names of the arguments choose among them, or the body's kind.

In charge of such families alone: what is chosen together stands together.
"""

from __future__ import annotations

from typing import TypedDict

from jotbase.functions import Refusal, rpc

from .shapes import Json, Point2D, Task, Xml, read


class Pair(TypedDict):
    """A row of two columns of its own."""

    x: int | None
    y: str | None


class Value(TypedDict):
    """A row of one column of its own."""

    val: int


@rpc(name="overloaded")
def overloaded_numbers() -> list[int]:
    """Return three numbers: the one of the family that takes nothing."""
    return [1, 2, 3]


@rpc(name="overloaded")
def overloaded_rows(_: Json) -> list[Pair]:
    """Return the body's objects as rows of x and y."""
    if not isinstance(_, list):
        raise Refusal("22023", "cannot call json_to_recordset on a non-array")
    return [{"x": row.get("x"), "y": row.get("y")} for row in _]


@rpc(name="overloaded")
def overloaded_sum(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@rpc(name="overloaded")
def overloaded_text(a: str, b: str, c: str) -> str:
    """Join three texts."""
    return a + b + c


@rpc(name="overloaded_default")
def tasks_named(opt_param: str = "Code w7") -> list[Task]:
    """Return the tasks of that name."""
    return read("tasks", name=f"like.{opt_param}")


@rpc(name="overloaded_default")
def value_of(must_param: int) -> Value:
    """Return the argument as an object."""
    return {"val": must_param}


@rpc(name="overloaded_default")
def later_tasks_named(a: int, opt_param: str = "Design IOS") -> list[Task]:
    """Return the tasks of that name with a higher id."""
    return read("tasks", name=f"like.{opt_param}", id=f"gt.{a}")


@rpc(name="overloaded_default")
def values_of(a: int, must_param: int) -> Json:
    """Return both arguments as an object."""
    return {"a": a, "val": must_param}


@rpc(name="overloaded_html_form")
def form_numbers() -> list[int]:
    """Return three numbers: a form without fields chooses it."""
    return [1, 2, 3]


@rpc(name="overloaded_html_form")
def form_json(single_param: Json) -> Json:
    """Return the one field."""
    return single_param


@rpc(name="overloaded_html_form")
def form_sum(a: int, b: int) -> int:
    """Add two fields."""
    return a + b


@rpc(name="overloaded_html_form")
def form_text(a: str, b: str, c: str) -> str:
    """Join three fields."""
    return a + b + c


@rpc(name="overloaded_same_args")
def same_integer(arg: int) -> Json:
    """Say the type and value of a number."""
    return {"type": "integer", "value": arg}


@rpc(name="overloaded_same_args")
def same_xml(arg: Xml) -> Json:
    """Say the type and value of a piece of XML; named as the one before, so neither is chosen."""
    return {"type": "xml", "value": arg}


@rpc(name="overloaded_same_args")
def same_text(arg: str, num: int = 0) -> Json:
    """Say the type and value of a text."""
    return {"type": "text", "value": arg}


@rpc(name="ret_point_overloaded")
def point_of(x: int, y: int) -> Point2D:
    """Return a point."""
    return {"x": x, "y": y}


@rpc(name="ret_point_overloaded")
def point_as_given(x: Json) -> Json:
    """Return what was given."""
    return x
