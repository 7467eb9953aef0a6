# A project's package is dropped in under another name; one parameter of every type; no default is
# ever changed.
# ruff: noqa: B006, PLR0917, TID252
# ruff: noqa: B006, PLR0917, TID252
"""The two functions with a parameter of every type, and how each type is said in Python.

In charge of those two alone. Must not know any table.
"""

from __future__ import annotations

from datetime import date as Date  # noqa: N812 - a parameter is called date
from decimal import Decimal

from jotbase.functions import Refusal, rpc

from .shapes import Json, Menagerie


def _as_date(text: str) -> str:
    """Return a day as JSON has it, of any of ISO 8601's forms: `20190101` is one."""
    try:
        return Date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise Refusal("22007", f'invalid input syntax for type date: "{text}"') from error


def _as_money(text: str) -> str:
    """Return an amount as PostgreSQL shows money: two decimals, thousands apart."""
    amount = Decimal(text.replace("$", "").replace(",", ""))
    return f"{'-' if amount < 0 else ''}${abs(amount):,.2f}"


@rpc(reads=True)
def varied_arguments(
    double: float,
    varchar: str,
    boolean: bool,
    date: str,
    money: str,
    enum: Menagerie,
    arr: list[str],
    integer: int = 42,
    json: Json = {},
    jsonb: Json = {},
) -> Json:
    """Return every argument under its name."""
    return {
        "double": double,
        "varchar": varchar,
        "boolean": boolean,
        "date": _as_date(date),
        "money": _as_money(money),
        "enum": enum,
        "arr": arr,
        "integer": integer,
        "json": json,
        "jsonb": jsonb,
    }


@rpc(reads=True)
def varied_arguments_openapi(
    double: float,
    varchar: str,
    boolean: bool,
    date: str,
    money: str,
    enum: Menagerie,
    text_arr: list[str],
    int_arr: list[int],
    bool_arr: list[bool],
    char_arr: list[str],
    varchar_arr: list[str],
    bigint_arr: list[int],
    numeric_arr: list[float],
    json_arr: list[Json],
    jsonb_arr: list[Json],
    integer: int = 42,
    json: Json = {},
    jsonb: Json = {},
) -> Json:
    """Return every argument under its name, arrays of every type among them."""
    return {
        "double": double,
        "varchar": varchar,
        "boolean": boolean,
        "date": _as_date(date),
        "money": _as_money(money),
        "enum": enum,
        "text_arr": text_arr,
        "int_arr": int_arr,
        "bool_arr": bool_arr,
        "char_arr": char_arr,
        "varchar_arr": varchar_arr,
        "bigint_arr": bigint_arr,
        "numeric_arr": numeric_arr,
        "json_arr": json_arr,
        "jsonb_arr": jsonb_arr,
        "integer": integer,
        "json": json,
        "jsonb": jsonb,
    }
