"""A project whose rules look into other tables, and subscribers whose events are kept.

In charge of telling a log that is there already: all was committed before, so that what is told can
only come from judging each change at its commit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson
from tests.contract.conftest import MakeEngine
from tests.unit.schema.projects import NUMBER, TEXT, model, table_file

from jotbase.access.enforcement.policy import load_policy
from jotbase.engines.base import Engine
from jotbase.expression.expr import Expr
from jotbase.feed import Feed
from jotbase.project.migration import migrate
from jotbase.realtime.matching.groups import Groups, Subscriber
from jotbase.realtime.matching.rules import select_rule
from jotbase.realtime.matching.subscriptions import subscriptions
from jotbase.schema.model.tables import Model
from jotbase.sql.units import Statement, UnitOfWork
from jotbase.values import Change, Principal

MEMBER = "any(m.user == user.email for m in members if m.room == row.room)"
ROOMS = table_file(
    {"id": NUMBER, "owner": TEXT},
    primaryKey=["id"],
    access={"select": "row.owner == user.email"},
)
MEMBERS = table_file(
    {"room": {**NUMBER, "references": "rooms.id", "onDelete": "cascade"}, "user": TEXT},
    primaryKey=["room", "user"],
)
MESSAGES = table_file(
    {
        "id": NUMBER,
        "room": {**NUMBER, "references": "rooms.id", "onDelete": "cascade"},
        "text": TEXT,
    },
    primaryKey=["id"],
    access={"select": MEMBER},
    realtime=True,
)


def chat(rule: str = MEMBER, **more: Any) -> Model:
    """Return rooms, members and messages, the latter under this rule."""
    messages = {**MESSAGES, "access": {"select": rule}}
    return model(**{"rooms": ROOMS, "members": MEMBERS, "messages": messages, **more})


class Told:
    """What the log of one database tells to the users named."""

    def __init__(self, engine: Engine, served: Model, *users: str) -> None:
        self.events: dict[str, list[Any]] = {user: [] for user in users}
        self.engine = engine
        rules = _rules(served)
        self.feed = Feed(engine, lambda: 1_780_000_000.0)
        self.groups = Groups(
            {name: select_rule(rule, served.get(name), served) for name, rule in rules.items()}
        )
        for user in users:
            self._follow(user, served)

    def _follow(self, user: str, served: Model) -> None:
        heard = self.events[user]

        def write(frame: bytes) -> None:
            heard.append(orjson.loads(frame[frame.index(b"{") :]))

        self.groups.add(
            Subscriber(
                "realtime:room",
                "1.0.0",
                Principal("authenticated", f"id of {user}", email=user),
                subscriptions({"event": "*", "schema": "public", "table": "*"}, served),
                write,
                lambda number, ids=(): heard.append({"payload": {"lost": f"{number} {len(ids)}"}}),
            )
        )

    async def tell(self, after: int = 0) -> dict[str, list[str]]:
        """Tell all that was logged, and return what each heard: `INSERT 1`, `DELETE 1`."""
        while changes := await self.engine.changes(after):
            await self.tell_only(changes)
            after = changes[-1].number
        return self.heard()

    async def tell_only(self, changes: Sequence[Change]) -> dict[str, list[str]]:
        """Tell these changes, and return what each has heard."""
        for change in changes:
            await self.feed.delivery.deliver(change, self.groups, self.feed.mark)
        return self.heard()

    def heard(self) -> dict[str, list[str]]:
        """Return what each has heard so far."""
        return {user: list(map(_short, heard)) for user, heard in self.events.items()}


def _short(event: Any) -> str:
    payload = event["payload"]
    if "lost" in payload:
        return f"lost {payload['lost']}"
    if "data" not in payload:
        return str(payload["message"])
    data = payload["data"]
    return f"{data['type']} {(data.get('record') or data['old_record'])['id']}"


def _rules(served: Model) -> dict[str, Expr]:
    policy = load_policy(served)
    return {table.name: policy.rule(table, "select").expression for table in served}


async def opened(make_engine: MakeEngine, served: Model, path: str = ":memory:") -> Engine:
    """Return a database with the model's tables, as a start leaves it."""
    engine: Engine = await make_engine(path)
    await migrate(engine, served)
    return engine


def transaction(*texts: str) -> Callable[[], UnitOfWork[None]]:
    """Return the unit of these statements."""

    def unit() -> UnitOfWork[None]:
        for text in texts:
            yield Statement(text)

    return unit
