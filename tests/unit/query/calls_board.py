"""A few functions, as the tests of calls know them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.unit.query.board import COMPANIES

from jotbase.query.plan.functions import Function, Parameter, Returns
from jotbase.schema.model.tables import Table, Type


def no_faults(arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    return []


def function(
    name: str,
    *parameters: Parameter,
    returns: Returns = Returns("value", Type.INTEGER),  # noqa: B008 - a frozen value
    **more: Any,
) -> Function:
    """Return a function that gives back its arguments."""
    return Function(name, parameters, returns, dict, **{"faults": no_faults, **more})


NUMBER_A = Parameter("a", Type.INTEGER)
NUMBER_B = Parameter("b", Type.INTEGER, required=False)
ADD = function("add", NUMBER_A, NUMBER_B)
SHOUT = function("shout", Parameter("text", Type.TEXT))
SUM = function("sum", Parameter("n", Type.ARRAY, Type.INTEGER, required=False, variadic=True))
TAKE = function("take", whole=Parameter("_", Type.JSON))
ECHO = function("echo", whole=Parameter("_", Type.TEXT))
TWICE = (
    function("twice", Parameter("x", Type.INTEGER)),
    function("twice", Parameter("x", Type.TEXT)),
)
FUNCTIONS = {
    "add": (ADD,),
    "shout": (SHOUT,),
    "sum": (SUM,),
    "take": (TAKE,),
    "echo": (ECHO,),
    "twice": TWICE,
}

COMPANY: Table = COMPANIES
ROWS = function("companies_of", returns=Returns("rows", table="companies"))
ONE_ROW = function("company", returns=Returns("row", table="companies"))
VALUES = function("numbers", returns=Returns("values", Type.INTEGER))
NOTHING = function("forget", returns=Returns("nothing"))
