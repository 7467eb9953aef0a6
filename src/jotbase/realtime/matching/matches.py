"""Matching one change with the groups of its table: the frames of each group, if any.

In charge of evaluating the select rule and the filters on the old and the new row, each once for
all groups that share it. Must not know sockets, nor run queries: the results of relational rules
come in as `Verdicts` (`relational.queries`).

| change | rule and filter hold for                 | told as                            |
|--------|------------------------------------------|------------------------------------|
| INSERT | the new row                              | INSERT                             |
| UPDATE | the new row                              | UPDATE, with what was seen before  |
| UPDATE | the old row, no longer the new one       | DELETE: it has left the view       |
| DELETE | the old row                              | DELETE                             |

Where the removal itself may have made the rule true (`rules`), a DELETE has the key alone, for
filters that name no other column, as Supabase's has under row level security.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from jotbase.expression.expr import Context
from jotbase.expression.judge import Env, Judge
from jotbase.realtime.matching.filters import SCOPE
from jotbase.realtime.matching.groups import Group
from jotbase.realtime.matching.rules import Facts, SelectRule
from jotbase.realtime.matching.subscriptions import Subscription
from jotbase.realtime.messages.cursors import stamped
from jotbase.realtime.messages.payload import Old, data_json
from jotbase.realtime.messages.protocol import envelope
from jotbase.realtime.messages.wire import frame
from jotbase.schema.model.tables import Table
from jotbase.values import Change, ChangeKind


@dataclass(frozen=True, slots=True)
class OldAndNew:
    """Whether a condition is true for the old row and for the new one; False for a missing row."""

    old: bool
    new: bool


_SEEN = tuple(tuple(OldAndNew(old, new) for new in (False, True)) for old in (False, True))
_NO_CALLER = Context()
ALL = _SEEN[True][True]
#: The results of a relational rule for one change, by the facts about callers that it binds.
Verdicts = Mapping[Facts, OldAndNew]


class VerdictMissing(LookupError):
    """A relational rule's verdict is missing; the caller must query it first."""


class ChangeEvaluation:
    """The evaluation of one change; results that several groups share are computed once.

    `now` is the time for rules, RFC 3339 in UTC; `cursor` is the change's cursor for clients,
    `transaction` that of the last change of its transaction.
    """

    def __init__(
        self,
        change: Change,
        rule: SelectRule,
        now: str,
        verdicts: Verdicts,
        cursor: str | int,
        transaction: str | int | None = None,
    ) -> None:
        self._change = replace(change, committed_at=stamped(change.committed_at, cursor))
        self._rule = rule
        self._now = now
        self._cursor = orjson.dumps(cursor)
        named = orjson.dumps(cursor if transaction is None else transaction)
        self._transaction = named + (b',"last":true' if change.number == change.last else b"")
        self._old = None if change.old is None else Env({SCOPE: change.old}, _NO_CALLER)
        self._new = None if change.new is None else Env({SCOPE: change.new}, _NO_CALLER)
        self._seen: dict[Facts, OldAndNew] = dict(verdicts)
        self._filter_results: dict[tuple[str, bool], bool] = {}
        self._data: dict[Any, bytes] = {}
        self._frames: dict[Any, bytes] = {}

    def add_verdicts(self, verdicts: Verdicts) -> None:
        """Add verdicts that were queried later."""
        self._seen.update(verdicts)

    def evaluate_filters(self, group: Group) -> None:
        """Evaluate and cache the group's filters, the slow part of `frames`."""
        seen = self._visible(group)
        if seen.old or seen.new:
            key_only = self._is_doubtful(group)
            for subscription in group.subscriptions:
                self._matches(subscription, seen, key_only=key_only)

    def sees(self, group: Group) -> bool:
        """Return whether the rule lets the group see one of the rows."""
        seen = self._visible(group)
        return seen.old or seen.new

    def frames(self, group: Group) -> list[bytes]:
        """Return the frames for a group: one for each kind of change and choice of columns."""
        seen = self._visible(group)
        if not (seen.old or seen.new):
            return []
        ids_by_kind: dict[tuple[ChangeKind, Old, frozenset[str] | None, bool], list[int]] = {}
        key_only = self._is_doubtful(group)
        for subscription in group.subscriptions:
            kind = _kind(self._change, seen, self._matches(subscription, seen, key_only=key_only))
            if kind is not None and kind in subscription.kinds:
                old: Old = "key" if key_only else _old(kind, seen)
                told_as = kind, old, subscription.select, subscription.marks_left
                ids_by_kind.setdefault(told_as, []).append(subscription.id)
        return [self._frame(group, what, tuple(ids)) for what, ids in ids_by_kind.items()]

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

    def _is_doubtful(self, group: Group) -> bool:
        """Return whether the row may have been hidden from the group until it was removed."""
        rule, facts = self._rule, group.key.facts
        return rule.while_stored is not None and facts is not None and self._change.kind == "DELETE"

    def _matches(self, subscription: Subscription, seen: OldAndNew, *, key_only: bool) -> OldAndNew:
        """Evaluate a filter on visible rows only: its duration must not disclose a hidden row."""
        if key_only and not subscription.filtered <= set(subscription.table.primary_key):
            return _SEEN[False][False]
        old = seen.old and self._matches_row(subscription, self._old, is_new=False)
        new = seen.new and self._matches_row(subscription, self._new, is_new=True)
        return _SEEN[old][new]

    def _matches_row(self, subscription: Subscription, row: Env | None, *, is_new: bool) -> bool:
        key = subscription.text, is_new
        fits = self._filter_results.get(key)
        if fits is None:
            if row is not None:
                row.context = _NO_CALLER
            fits = self._filter_results[key] = row is not None and subscription.fits(row) is True
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
            body = b'{"ids":%b,"transaction":%b,"cursor":%b,"data":%b}' % (
                orjson.dumps(ids),
                self._transaction,
                self._cursor,
                self._data_json(what, group.table),
            )
            ready = self._frames[named] = frame(before + body + behind)
        return ready

    def _data_json(self, what: Any, table: Table) -> bytes:
        data = self._data.get(what)
        if data is None:
            kind, old, select, marks = what
            data = data_json(self._change, kind, old, select, table, marks_left=marks)
            self._data[what] = data
        return data


def _kind(change: Change, seen: OldAndNew, fits: OldAndNew) -> ChangeKind | None:
    """Return the kind of change that subscribers get, by the table in the module's docstring."""
    if seen.new and fits.new and change.new is not None:
        return change.kind
    if seen.old and fits.old and change.old is not None:
        return "DELETE"
    return None


def _old(kind: ChangeKind, seen: OldAndNew) -> Old:
    if kind == "INSERT":
        return "none"
    return "row" if seen.old else "key"
