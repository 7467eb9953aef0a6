"""One change and the groups that follow its table: what each group is told, if anything.

In charge of judging the select rule and the filters on the old and the new row, each once for all
who share it. Must not know sockets, nor fetch anything: what a relational rule says of other tables
comes in as `Verdicts` (`relational_queries`).

| change | rule and filter hold for                 | told as                            |
|--------|------------------------------------------|------------------------------------|
| INSERT | the new row                              | INSERT                             |
| UPDATE | the new row                              | UPDATE, with what was seen before  |
| UPDATE | the old row, no longer the new one       | DELETE: it has left the view       |
| DELETE | the old row                              | DELETE                             |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from jotbase.expression.expr import Context
from jotbase.expression.judge import Env, Judge
from jotbase.realtime.filters import SCOPE
from jotbase.realtime.groups import Group
from jotbase.realtime.payload import Old, data_json
from jotbase.realtime.protocol import envelope
from jotbase.realtime.rules import Facts, SelectRule
from jotbase.realtime.subscriptions import Subscription
from jotbase.realtime.wire import frame
from jotbase.schema.model.tables import Table
from jotbase.values import Change, ChangeKind


@dataclass(frozen=True, slots=True)
class OldAndNew:
    """Whether something holds for the old row and for the new one; a missing row fits nothing."""

    old: bool
    new: bool


_SEEN = tuple(tuple(OldAndNew(old, new) for new in (False, True)) for old in (False, True))
_NOBODY = Context()
ALL = _SEEN[True][True]
#: What relational rules let callers see of one change, by the facts they bind.
Verdicts = Mapping[Facts, OldAndNew]


class VerdictMissing(LookupError):
    """A relational rule's verdict is missing: ask for it first (`connection_functions`)."""


class ChangeEvaluation:
    """One change being judged; what several groups share is worked out once.

    `now` is the time for rules that ask for it, RFC 3339 in UTC; `cursor` is where a client that
    was told the change resumes.
    """

    def __init__(
        self,
        change: Change,
        rule: SelectRule,
        now: str,
        verdicts: Verdicts,
        cursor: str | int,
    ) -> None:
        self._change = change
        self._rule = rule
        self._now = now
        self._cursor = orjson.dumps(cursor)
        self._old = None if change.old is None else Env({SCOPE: change.old}, _NOBODY)
        self._new = None if change.new is None else Env({SCOPE: change.new}, _NOBODY)
        self._seen: dict[Facts, OldAndNew] = dict(verdicts)
        self._fits: dict[tuple[str, bool], bool] = {}
        self._data: dict[Any, bytes] = {}
        self._frames: dict[Any, bytes] = {}

    def learn(self, verdicts: Verdicts) -> None:
        """Take in what the database said since."""
        self._seen.update(verdicts)

    def weigh(self, group: Group) -> None:
        """Find out, and keep, what `told` will ask of the group's filters: all that takes long."""
        seen = self._visible(group)
        if seen.old or seen.new:
            for subscription in group.subscriptions:
                self._matches(subscription, seen)

    def told(self, group: Group) -> list[bytes]:
        """Return the frames for the members of a group: one for each kind and choice of columns."""
        seen = self._visible(group)
        if not (seen.old or seen.new):
            return []
        told: dict[tuple[ChangeKind, Old, frozenset[str] | None], list[int]] = {}
        for subscription in group.subscriptions:
            kind = _kind(self._change, seen, self._matches(subscription, seen))
            if kind is not None and kind in subscription.kinds:
                ids = told.setdefault((kind, _old(kind, seen), subscription.select), [])
                ids.append(subscription.id)
        return [self._frame(group, what, tuple(ids)) for what, ids in told.items()]

    def _visible(self, group: Group) -> OldAndNew:
        facts = group.key.facts
        if facts is None:
            return ALL
        seen = self._seen.get(facts)
        if seen is None:
            if self._rule.local is None:
                raise VerdictMissing(facts)
            context = Context(group.principal, now=self._now)
            seen = self._seen[facts] = self._both(self._rule.local, context)
        return seen

    def _matches(self, subscription: Subscription, seen: OldAndNew) -> OldAndNew:
        """Judge a filter on rows that are seen: what it takes to judge must tell of no other."""
        old = seen.old and self._fits_row(subscription, self._old, is_new=False)
        new = seen.new and self._fits_row(subscription, self._new, is_new=True)
        return _SEEN[old][new]

    def _fits_row(self, subscription: Subscription, row: Env | None, *, is_new: bool) -> bool:
        key = subscription.text, is_new
        fits = self._fits.get(key)
        if fits is None:
            if row is not None:
                row.context = _NOBODY
            fits = self._fits[key] = row is not None and subscription.fits(row) is True
        return fits

    def _both(self, judge: Judge, context: Context) -> OldAndNew:
        old, new = self._old, self._new
        if old is not None:
            old.context = context
        if new is not None:
            new.context = context
        return _SEEN[old is not None and judge(old) is True][new is not None and judge(new) is True]

    def _frame(self, group: Group, what: Any, ids: tuple[int, ...]) -> bytes:
        named = (group.key.vsn, group.key.topic, ids, what)
        ready = self._frames.get(named)
        if ready is None:
            before, behind = envelope(group.key.vsn, group.key.topic, "postgres_changes")
            body = b'{"ids":%b,"cursor":%b,"data":%b}' % (
                orjson.dumps(ids),
                self._cursor,
                self._data_json(what, group.table),
            )
            ready = self._frames[named] = frame(before + body + behind)
        return ready

    def _data_json(self, what: Any, table: Table) -> bytes:
        data = self._data.get(what)
        if data is None:
            kind, old, select = what
            data = self._data[what] = data_json(self._change, kind, old, select, table)
        return data


def _kind(change: Change, seen: OldAndNew, fits: OldAndNew) -> ChangeKind | None:
    """The table at the head of the module."""
    if seen.new and fits.new and change.new is not None:
        return change.kind
    if seen.old and fits.old and change.old is not None:
        return "DELETE"
    return None


def _old(kind: ChangeKind, seen: OldAndNew) -> Old:
    if kind == "INSERT":
        return "none"
    return "row" if seen.old else "key"
