# ruff: noqa: TID252 - a project's package is dropped in under another name
"""Functions of a row: computed columns and computed relations of the tables that they are for.

In charge of what follows from one row. Relations are read as the caller; a column needs no reading.
"""

from __future__ import annotations

from jotbase.functions import computed

from .shapes import (
    Baz,
    Client,
    Fee,
    First,
    Item,
    Item2,
    Project,
    Second,
    WebContent,
    first,
    read,
)


@computed
def always_true(item: Item) -> bool:
    """Return true, whatever the item."""
    return True


@computed
def anti_id(item: Item) -> int:
    """Return the id below zero."""
    return -int(item["id"])


@computed
def is_first(item: Item) -> bool:
    """Say whether the item is number one."""
    return bool(item["id"] == 1)


@computed(name="computed_overload")
def computed_overload_of_items(item: Item) -> bool:
    """Return true for an item of this table."""
    return True


@computed(name="computed_overload")
def computed_overload_of_items2(item: Item2) -> bool:
    """Return true for an item of that table."""
    return True


@computed(name="computed_rel_overload")
def one_item(item: Item) -> list[Item2]:
    """Return one item of the other table."""
    return read("items2", limit=1)


@computed(name="computed_rel_overload")
def two_items(item: Item2) -> list[Item2]:
    """Return two items of the same table."""
    return read("items2", limit=2)


@computed
def computed_clients(project: Project) -> Client | None:
    """Return the project's client: one or none, so a relation to-one."""
    return first(read("clients", id=f"eq.{project['client_id']}")) if project["client_id"] else None


@computed
def computed_projects(client: Client) -> list[Project]:
    """Return the client's projects."""
    return read("projects", client_id=f"eq.{client['id']}")


@computed
def child_web_content(page: WebContent) -> list[WebContent]:
    """Return the pages below this one."""
    return read("web_content", p_web_id=f"eq.{page['id']}")


@computed
def parent_web_content(page: WebContent) -> WebContent | None:
    """Return the page above this one."""
    above = page["p_web_id"]
    return None if above is None else first(read("web_content", id=f"eq.{above}"))


@computed
def jsbaz(fee: Fee) -> list[Baz]:
    """Return what a junction joins to this row."""
    joined = [row["baz_id"] for row in read("johnsmith", fee_id=f"eq.{fee['fee_id']}")]
    return read("baz", baz_id=f"in.({','.join(map(str, joined))})")


@computed(name="first_1")
def first_of_second(second: Second) -> First | None:
    """Return the row that names this one, by one of two references: which, the function says."""
    return first(read("first_1", second_id_1=f"eq.{second['id']}"))


@computed(name="second_1")
def second_of_first(row: First) -> Second | None:
    """Return the row that the first of two references names."""
    named = row["second_id_1"]
    return None if named is None else first(read("second_1", id=f"eq.{named}"))
