# A project's package is dropped in under another name; a default is never changed.
# ruff: noqa: B006, TID252
"""Functions that write: deleting, updating, refilling and numbering tables, in one unit each.

In charge of what is written; the caller's rules decide whether it may be.
"""

from __future__ import annotations

from typing import TypedDict

from jotbase.functions import Refusal, Row, data, rpc

from .shapes import Item, Json, Project


class Id(TypedDict):
    """A row of one column of its own."""

    id: int


def _delete(table: str, **params: str) -> list[Row]:
    gone: list[Row] = data().delete(table, params)
    return gone


@rpc
def delete_items_returns_setof() -> list[Item]:
    """Delete the first fifteen items, and return them."""
    return _delete("items", id="lte.15")


@rpc
def delete_items_returns_table() -> list[Id]:
    """Delete the first fifteen items, and return them as rows of the function's own."""
    return [{"id": row["id"]} for row in _delete("items", id="lte.15")]


@rpc
def delete_items_returns_void() -> None:
    """Delete all items, and return nothing."""
    data().delete("items")


@rpc
def setprojects(id_l: int, id_h: int, name: str) -> list[Project]:
    """Rename the projects from one id to another, and return them."""
    chosen = {"and": f"(id.gte.{id_l},id.lte.{id_h})"}
    changed: list[Row] = data().patch("projects", chosen, {"name": name})
    return changed


@rpc
def reset_table(tbl_name: str = "", tbl_data: Json = []) -> None:
    """Put these rows into a table in place of all that are there."""
    data().delete(tbl_name)
    data().post(tbl_name, tbl_data)


#: The columns are character(5) and bit(5). A schema says maxLength in its own words (23514): what
#: PostgreSQL's types say, these functions say.
WIDTH = 5

#: The table behind each sequence that PostgreSQL would have made.
SEQUENCES = {
    "auto_incrementing_pk_id_seq": ("auto_incrementing_pk", {"non_nullable_string": ""}),
    "items2_id_seq": ("items2", {}),
    "items3_id_seq": ("items3", {}),
}


@rpc
def reset_sequence(name: str, value: int) -> None:
    """Make a table's next number `value`; numbers only go up, so a lower one stays as it is.

    Rows that draw the numbers before it, added and deleted, move the count: PostgreSQL has ALTER
    SEQUENCE.
    """
    table, rest = SEQUENCES[name]
    number = 0
    while number < value - 1:
        number = data().post(table, rest)[0]["id"]
        data().delete(table, {"id": f"eq.{number}"})


@rpc
def char_param_insert(char_: str, char_arr: list[str]) -> None:
    """Insert texts that may be too long for their columns."""
    if max(map(len, [char_, *char_arr])) > WIDTH:
        raise Refusal("22001", f"value too long for type character({WIDTH})")
    data().post("bitchar_with_length", {"char": char_, "char_arr": char_arr})


@rpc
def bit_param_insert(bit_: str, bit_arr: list[str]) -> None:
    """Insert bits that may be too many, or too few, for their columns."""
    for bits in (bit_, *bit_arr):
        if len(bits) != WIDTH:
            told = f"bit string length {len(bits)} does not match type bit({WIDTH})"
            raise Refusal("22026", told)
    data().post("bitchar_with_length", {"bit": bit_, "bit_arr": bit_arr})
