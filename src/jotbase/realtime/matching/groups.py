"""Subscribers by table: those that receive the same bytes form one group, encoded once.

In charge of the groups, and of finding those that a change may concern. Must not know how a change
is matched (`matching`) or where a subscriber's frames go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from jotbase.expression.expr import Context
from jotbase.realtime.matching.equalities import OneOf
from jotbase.realtime.matching.equality_index import EqualityIndex
from jotbase.realtime.matching.rules import CLOSED, Facts, SelectRule, needed_of
from jotbase.realtime.matching.subscriptions import Subscription
from jotbase.realtime.messages.protocol import Vsn
from jotbase.schema.model.tables import Table
from jotbase.values import Change, Principal

#: Writes encoded WebSocket frames; never blocks.
Write = Callable[[bytes], None]


class Lost(Protocol):
    """Says that changes up to a number could not be told, of these bindings or (none) of all."""

    def __call__(self, number: int, bindings: tuple[int, ...] = (), /) -> object:
        """Say so to the client."""


@dataclass(eq=False, slots=True)
class Subscriber:
    """One channel subscribed to changes; `write` takes ready frames and may be replaced.

    `lost` is called with the number of a change that could not be delivered, and with the ids of
    the bindings that it is about, if it is not about all.
    """

    topic: str
    vsn: Vsn
    principal: Principal
    subscriptions: tuple[Subscription, ...]
    write: Write
    lost: Lost

    def tables(self) -> frozenset[str]:
        """Return the names of the subscribed tables."""
        return frozenset(one.table.name for one in self.subscriptions)


@dataclass(frozen=True, slots=True)
class GroupKey:
    """What the members of a group share; `facts` is None for the service role."""

    topic: str
    vsn: Vsn
    facts: Facts | None
    subscriptions: tuple[tuple[Any, ...], ...]


@dataclass(eq=False, slots=True)
class Group:
    """Subscribers of one table that receive the same frames; `principal` is that of one of them."""

    key: GroupKey
    table: Table
    principal: Principal
    subscriptions: tuple[Subscription, ...]
    subscribers: dict[Subscriber, None] = field(default_factory=dict)


@dataclass(slots=True)
class _TableSubscribers:
    """The groups of one table."""

    groups: dict[GroupKey, Group] = field(default_factory=dict)
    count: int = 0
    index: EqualityIndex[Group] = field(default_factory=EqualityIndex)
    looking: dict[str, EqualityIndex[Group]] = field(default_factory=dict)


class Groups:
    """All groups. `rules` has each table's select rule; without one, only the service role may
    select.
    """

    def __init__(self, rules: Mapping[str, SelectRule]) -> None:
        self.rules = rules
        self._tables: dict[str, _TableSubscribers] = {}

    def add(self, subscriber: Subscriber) -> None:
        """Register the subscriber for every change that is routed from now on."""
        for key, table, subscriptions in self._keys(subscriber):
            followed = self._tables.setdefault(table.name, _TableSubscribers())
            group = followed.groups.get(key)
            if group is None:
                group = Group(key, table, subscriber.principal, subscriptions)
                followed.groups[key] = group
                followed.index.add(group, self._needed(group))
                self._add_looking(group, followed)
            followed.count += subscriber not in group.subscribers
            group.subscribers[subscriber] = None

    def remove(self, subscriber: Subscriber) -> None:
        """Remove the subscriber; does nothing if it is not registered."""
        for key, table, _ in self._keys(subscriber):
            followed = self._tables.get(table.name)
            group = None if followed is None else followed.groups.get(key)
            if followed is not None and group is not None:
                followed.count -= subscriber in group.subscribers
                group.subscribers.pop(subscriber, None)
                if not group.subscribers:
                    del followed.groups[key]
                    followed.index.remove(group)
                    for index in followed.looking.values():
                        index.remove(group)

    def __bool__(self) -> bool:
        """Return whether there is any subscriber."""
        return any(followed.groups for followed in self._tables.values())

    def subscribers(self) -> list[Subscriber]:
        """Return each subscriber once."""
        groups = (group for name in self._tables for group in self.on(name))
        return list(dict.fromkeys(one for group in groups for one in group.subscribers))

    def on(self, table: str) -> tuple[Group, ...]:
        """Return the groups of a table."""
        followed = self._tables.get(table)
        return () if followed is None else tuple(followed.groups.values())

    def following(self, table: str) -> int:
        """Return the number of subscribers of a table; of one in two groups twice."""
        followed = self._tables.get(table)
        return 0 if followed is None else followed.count

    def affected(self, change: Change) -> tuple[Group, ...]:
        """Return the groups that a change may affect: the rule or filter of any other group
        requires a column value that neither the old nor the new row has.
        """
        followed = self._tables.get(change.table)
        return () if followed is None else followed.index.affected(change.old, change.new)

    def looking_into(self, change: Change) -> Iterator[tuple[Table, tuple[Group, ...]]]:
        """Yield each followed table whose rule looks into the changed one, with the groups for
        which the changed row may count.
        """
        for followed in tuple(self._tables.values()):
            index = followed.looking.get(change.table)
            groups = () if index is None else index.affected(change.old, change.new)
            rule = self.rule(groups[0].table.name) if groups else CLOSED
            if groups and rule.may_hide(change.kind, change.table):
                yield groups[0].table, groups

    def _add_looking(self, group: Group, followed: _TableSubscribers) -> None:
        rule = self.rule(group.table.name)
        for table in rule.looked_into if group.key.facts is not None else ():
            index = followed.looking.setdefault(table.name, EqualityIndex())
            index.add(group, needed_of(rule.expression, table.name, group.principal))

    def rule(self, table: str) -> SelectRule:
        """Return the select rule of a table."""
        return self.rules.get(table, CLOSED)

    def sees(self, principal: Principal) -> Callable[[str], bool]:
        """Return a function from a table's name to whether the caller may see any row of it."""
        context = Context(principal)
        return lambda name: principal.is_service or not self.rule(name).unsatisfiable(context)

    def _needed(self, group: Group) -> Iterator[tuple[OneOf, ...]]:
        """Yield, for each subscription, the column values that its rule and filter require."""
        service = group.key.facts is None
        by_rule = () if service else self.rule(group.table.name).needs(group.principal)
        for subscription in group.subscriptions:
            yield by_rule + subscription.needed

    def _keys(
        self, subscriber: Subscriber
    ) -> Iterator[tuple[GroupKey, Table, tuple[Subscription, ...]]]:
        by_table: dict[str, list[Subscription]] = {}
        for subscription in subscriber.subscriptions:
            by_table.setdefault(subscription.table.name, []).append(subscription)
        for name, listed in by_table.items():
            service = subscriber.principal.is_service
            facts = None if service else self.rule(name).bind(subscriber.principal)
            # The id is a hash of the parameters; the key has all of them, so collisions do no harm.
            same = tuple(
                (one.id, one.kinds, one.text, one.select, one.marks_left) for one in listed
            )
            key = GroupKey(subscriber.topic, subscriber.vsn, facts, same)
            yield key, listed[0].table, tuple(listed)
