"""Subscribers by table: those that receive the same bytes form one group, encoded once.

In charge of the groups, and of finding those that a change may concern. Must not know how a change
is matched (`matching`) or where a subscriber's frames go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jotbase.expression.expr import Context
from jotbase.realtime.equalities import OneOf
from jotbase.realtime.equality_index import EqualityIndex
from jotbase.realtime.protocol import Vsn
from jotbase.realtime.rules import CLOSED, Facts, SelectRule
from jotbase.realtime.subscriptions import Subscription
from jotbase.schema.model.tables import Table
from jotbase.values import Change, Principal

#: Takes ready WebSocket frames; never waits.
Write = Callable[[bytes], None]


@dataclass(eq=False, slots=True)
class Subscriber:
    """One channel subscribed to changes; `write` takes ready frames and may be replaced.

    `lost` is called with the number of a change that could not be delivered.
    """

    topic: str
    vsn: Vsn
    principal: Principal
    subscriptions: tuple[Subscription, ...]
    write: Write
    lost: Callable[[int], None]

    def tables(self) -> frozenset[str]:
        """Return the names of the tables that are followed."""
        return frozenset(one.table.name for one in self.subscriptions)


@dataclass(frozen=True, slots=True)
class GroupKey:
    """What the members of a group have in common; `facts` is None for the service role."""

    topic: str
    vsn: Vsn
    facts: Facts | None
    subscriptions: tuple[tuple[Any, ...], ...]


@dataclass(eq=False, slots=True)
class Group:
    """Subscribers of one table that receive the same; `principal` is that of any one of them."""

    key: GroupKey
    table: Table
    principal: Principal
    subscriptions: tuple[Subscription, ...]
    followers: dict[Subscriber, None] = field(default_factory=dict)


@dataclass(slots=True)
class _Followed:
    """What follows one table."""

    groups: dict[GroupKey, Group] = field(default_factory=dict)
    index: EqualityIndex[Group] = field(default_factory=EqualityIndex)


class Groups:
    """All groups. `rules` has each table's select rule; without one, only the service role sees."""

    def __init__(self, rules: Mapping[str, SelectRule]) -> None:
        self.rules = rules
        self._tables: dict[str, _Followed] = {}

    def add(self, follower: Subscriber) -> None:
        """Register the subscriber for every change that is routed from now on."""
        for key, table, subscriptions in self._keys(follower):
            followed = self._tables.setdefault(table.name, _Followed())
            group = followed.groups.get(key)
            if group is None:
                group = Group(key, table, follower.principal, subscriptions)
                followed.groups[key] = group
                followed.index.add(group, self._needed(group))
            group.followers[follower] = None

    def remove(self, follower: Subscriber) -> None:
        """Remove the subscriber; does nothing if it is not registered."""
        for key, table, _ in self._keys(follower):
            followed = self._tables.get(table.name)
            group = None if followed is None else followed.groups.get(key)
            if followed is not None and group is not None:
                group.followers.pop(follower, None)
                if not group.followers:
                    del followed.groups[key]
                    followed.index.remove(group)

    def __bool__(self) -> bool:
        """Say whether there is any subscriber."""
        return any(followed.groups for followed in self._tables.values())

    def followers(self) -> list[Subscriber]:
        """Return each subscriber once."""
        groups = (group for name in self._tables for group in self.on(name))
        return list(dict.fromkeys(one for group in groups for one in group.followers))

    def on(self, table: str) -> tuple[Group, ...]:
        """Return the groups that follow a table."""
        followed = self._tables.get(table)
        return () if followed is None else tuple(followed.groups.values())

    def concerned(self, change: Change) -> tuple[Group, ...]:
        """Return the groups that may have to be told of a change: whoever is not among them needs
        a value of a column that neither the old nor the new row has.
        """
        followed = self._tables.get(change.table)
        return () if followed is None else followed.index.concerned(change.old, change.new)

    def rule(self, table: str) -> SelectRule:
        """Return the select rule of a table."""
        return self.rules.get(table, CLOSED)

    def sees(self, principal: Principal) -> Callable[[str], bool]:
        """Return what says of a table whether that caller can see any row of it at all."""
        context = Context(principal)
        return lambda name: principal.is_service or not self.rule(name).unsatisfiable(context)

    def _needed(self, group: Group) -> Iterator[tuple[OneOf, ...]]:
        """Yield, of each subscription, the values that its rule and its filter need of a row."""
        service = group.key.facts is None
        by_rule = () if service else self.rule(group.table.name).needs(group.principal)
        for subscription in group.subscriptions:
            yield by_rule + subscription.needed

    def _keys(
        self, follower: Subscriber
    ) -> Iterator[tuple[GroupKey, Table, tuple[Subscription, ...]]]:
        by_table: dict[str, list[Subscription]] = {}
        for subscription in follower.subscriptions:
            by_table.setdefault(subscription.table.name, []).append(subscription)
        for name, listed in by_table.items():
            service = follower.principal.is_service
            facts = None if service else self.rule(name).bind(follower.principal)
            # The id is a hash of the parameters; all of them are here, so no collision can matter.
            same = tuple((one.id, one.kinds, one.text, one.select) for one in listed)
            key = GroupKey(follower.topic, follower.vsn, facts, same)
            yield key, listed[0].table, tuple(listed)
