"""A table, its rules and its rows, for the tests of this folder."""

from __future__ import annotations

from typing import Any

from jotbase.expression.expr import Apply, Expr, Fact, Field
from jotbase.realtime.matching.groups import Subscriber
from jotbase.realtime.matching.subscriptions import Subscription, subscriptions
from jotbase.schema.model.tables import Column, Model, Table, Type
from jotbase.values import ANONYMOUS, Principal, Row

NOTES = Table(
    "notes",
    (
        Column("id", Type.INTEGER, {}, nullable=False),
        Column("title", Type.TEXT, {}, nullable=True),
        Column("owner", Type.UUID, {}, nullable=True),
        Column("done", Type.BOOLEAN, {}, nullable=True),
        Column("price", Type.DECIMAL, {}, nullable=True),
        Column("image", Type.BYTES, {}, nullable=True),
        Column("tags", Type.ARRAY, {}, nullable=True, item=Type.TEXT),
        Column("secret", Type.TEXT, {}, nullable=True, write_only=True),
    ),
    ("id",),
    realtime=True,
)
TEAMS = Table("teams", (Column("id", Type.INTEGER, {}, nullable=False),), ("id",), realtime=True)
HIDDEN = Table("hidden", (Column("id", Type.INTEGER, {}, nullable=False),), ("id",))
MODEL = Model({"hidden": HIDDEN, "notes": NOTES, "teams": TEAMS})

ANA, BEN = "a0000000-0000-4000-8000-000000000000", "b0000000-0000-4000-8000-000000000000"


def same(value: Any) -> Any:
    """Read a fact as it is."""
    return value


USER_ID = Fact(("id",), same, Type.UUID)
OWN: Expr = Apply("eq", (Field("row", "owner", Type.UUID), USER_ID))


def user(name: str) -> Principal:
    """Return a signed-in user."""
    return Principal("authenticated", name)


def note(number: int, owner: str = ANA, title: str | None = "t", **rest: Any) -> Row:
    """Return a row of `notes`."""
    empty = dict.fromkeys(("done", "price", "image", "tags"))
    row = {"id": number, "title": title, "owner": owner, "secret": "x", **empty}
    return row | rest


def bound(event: str = "*", table: str = "notes", **rest: Any) -> tuple[Subscription, ...]:
    """Return the subscriptions of one binding."""
    return subscriptions({"event": event, "schema": "public", "table": table, **rest}, MODEL)


class Told(list[bytes]):
    """What a follower was told."""


def subscriber(
    principal: Principal = ANONYMOUS,
    *listed: Subscription,
    topic: str = "realtime:r",
    told: Told | None = None,
) -> Subscriber:
    """Return a follower of these subscriptions, of all of `notes` if none is given."""
    frames = Told() if told is None else told
    return Subscriber(
        topic, "2.0.0", principal, listed or bound(), frames.append, lambda number, ids=(): None
    )
