"""Delivering one change to groups of subscribers, for the feed and for replays.

In charge of querying the database for relational rules, and of sending all frames without an
`await` after the last query, so that the set of subscribers cannot change in between. Must not know
where changes come from, nor their order.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import perf_counter
from typing import Protocol

from jotbase.auth.tokens.times import timestamp
from jotbase.engines.base import Engine, bind
from jotbase.errors import JotError
from jotbase.expression.expr import Context
from jotbase.realtime.matching.groups import Group, Groups
from jotbase.realtime.matching.matches import ChangeEvaluation, OldAndNew, Verdicts
from jotbase.realtime.matching.rules import Facts, SelectRule
from jotbase.realtime.relational.hidden_rows import hidden_query, hidden_rows
from jotbase.realtime.relational.queries import (
    Pruned,
    missing_facts,
    must_undo,
    verdict_query,
    verdicts,
)
from jotbase.schema.model.tables import Table
from jotbase.sql.fragment import Fragment
from jotbase.sql.units import Rows
from jotbase.values import Change, Row

log = logging.getLogger(__name__)

#: Returns the cursor that clients get for a change's number.
Mark = Callable[[int], str | int]
#: The rows that a change hides, by table and facts: None for no row, and empty for too many.
Hidden = dict[str, dict[Facts, list[Row] | None]]
#: Callers that one question about hidden rows is asked for.
ASKED_AT_ONCE = 500

#: Why a subscriber of a table is not told of a change there, or of a broadcast in its room.
CAUSES = ("index", "rule", "filter", "limit", "lag")
#: Seconds that filters are weighed against one change before others get the loop.
TURN = 0.005


@dataclass(slots=True)
class DeliveryCounts:
    """Counts since the start; `withheld` by cause.

    `index` is a value that rule or filter require, and that neither row has: found without judging
    anybody. `lag` is a change that waits in the log until its channel has caught up.
    """

    frames: int = 0
    withheld: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CAUSES, 0))

    @property
    def deliveries(self) -> int:
        """The frames of changes that were written for a subscriber, live or from the log."""
        return self.frames - self.withheld["lag"]

    def pass_over(self, _: bytes) -> None:
        """Drop a live frame of a channel that is told from the log until it has caught up."""
        self.withheld["lag"] += 1

    def withhold(self, cause: str, subscribers: int = 1) -> None:
        """Count subscribers from whom a change was withheld."""
        self.withheld[cause] += subscribers


class Hearers(Protocol):
    """Rooms in which rows of tables are told as messages; true if there is anybody in one."""

    def __bool__(self) -> bool: ...

    def tell(self, change: Change) -> int:
        """Tell the change if it is a message; return the bytes of its frame."""


class ChangeDelivery:
    """Delivers changes of one engine; `now` returns seconds since the epoch."""

    def __init__(self, engine: Engine, now: Callable[[], float]) -> None:
        self.engine = engine
        self.counts = DeliveryCounts()
        self.rooms: Hearers | None = None
        self._now: Callable[[], str] = lambda: timestamp(now())

    async def deliver(self, change: Change, groups: Groups, mark: Mark) -> int:
        """Query relational rules, evaluate filters, encode and write; return the bytes written.

        Filters are evaluated in turns. After the last query and turn nothing is awaited,
        so that each current subscriber gets the change exactly once.
        """
        known: dict[Facts, OldAndNew] = {}
        hidden: Hidden = {}
        evaluation = self._evaluation(change, groups.rule(change.table), known, mark)
        evaluated: set[Group] = set()
        try:
            while True:
                while missing := self._missing(change, groups, known):
                    known |= await self._ask(change, groups, missing)
                while asked := next(missing_hidden(change, groups, hidden), None):
                    await self._ask_hidden(change, groups, *asked, hidden)
                evaluation.add_verdicts(known)
                affected = groups.affected(change)
                told = seeing(affected, known)
                if not _evaluate_filters_in_turns(told, evaluation, evaluated):
                    break
                await asyncio.sleep(0)
        except Exception as error:  # noqa: BLE001 - it is logged
            log_failure("change %d could not be judged", change.number, error)
            affected = told = groups.affected(change)
        hides = self._send_hidden(change, groups, hidden, mark)
        self._count_unconcerned(groups.following(change.table), affected, told)
        return hides + sum(self._send_to_group(group, change, evaluation) for group in told)

    def _count_unconcerned(
        self, following: int, affected: tuple[Group, ...], told: tuple[Group, ...]
    ) -> None:
        """Count from how many of those `following` the change is withheld without a look at any
        filter.
        """
        concerned = sum(len(one.subscribers) for one in affected)
        self.counts.withhold("index", following - concerned)
        if len(told) < len(affected):
            judged = sum(len(one.subscribers) for one in told)
            self.counts.withhold("rule", concerned - judged)

    def tell_rooms(self, change: Change) -> int:
        """Tell the change in a room if it is a message; return the bytes of its frame."""
        return self.rooms.tell(change) if self.rooms else 0

    def _evaluation(
        self, change: Change, rule: SelectRule, known: Verdicts, mark: Mark
    ) -> ChangeEvaluation:
        cursors = mark(change.number), mark(change.last)
        return ChangeEvaluation(change, rule, self._now(), known, *cursors)

    async def _ask_hidden(
        self, change: Change, groups: Groups, table: Table, facts: list[Facts], hidden: Hidden
    ) -> None:
        """Ask which rows the change hides from these callers."""
        rule = groups.rule(table.name)
        found = await self._read(hidden_query(change, table, rule, facts, self.engine.dialect))
        told = hidden_rows(facts, found, table)
        hidden.setdefault(table.name, {}).update({one: told.get(one) for one in facts})

    def _send_hidden(self, change: Change, groups: Groups, hidden: Hidden, mark: Mark) -> int:
        """Tell the rows that the change hides as removed, before the change itself.

        Who comes back with the cursor of one but the last of them is told the others again.
        """
        sent, is_followed = 0, bool(groups.affected(change))
        for table, affected in groups.looking_into(change):
            known = hidden.get(table.name, {})
            for group in affected:
                facts = group.key.facts or b""
                if facts not in known:  # the question has failed
                    _say_lost(group, change.number)
                    continue
                rows = known[facts]
                if rows is None:
                    continue
                if not rows:
                    self.counts.withhold("limit", len(group.subscribers))
                    ids = tuple(one.id for one in group.subscriptions)
                    _say_lost(group, change.number, ids)
                for place, row in enumerate(rows, 1):
                    number = change.number - (is_followed or place < len(rows))
                    told = replace(
                        change, number=number, table=table.name, kind="UPDATE", old=row, new=row
                    )
                    gone = {facts: OldAndNew(old=True, new=False)}
                    evaluation = self._evaluation(told, groups.rule(table.name), gone, mark)
                    sent += self._send_to_group(group, told, evaluation)
        return sent

    def _send_to_group(self, group: Group, change: Change, evaluation: ChangeEvaluation) -> int:
        try:
            frames = evaluation.frames(group)
        except Exception:
            log.exception("change %d could not be told to a group", change.number)
            _say_lost(group, change.number)
            return 0
        subscribers = len(group.subscribers)
        self.counts.frames += len(frames) * subscribers
        if not frames:
            self.counts.withhold("filter" if evaluation.sees(group) else "rule", subscribers)
        for ready in frames:
            for subscriber in tuple(group.subscribers):
                subscriber.write(ready)
        return sum(map(len, frames))

    def _missing(
        self, change: Change, groups: Groups, known: dict[Facts, OldAndNew]
    ) -> list[Facts]:
        local = groups.rule(change.table).local is not None
        return (
            []
            if local
            else missing_facts((one.key.facts for one in groups.affected(change)), known)
        )

    async def _ask(
        self, change: Change, groups: Groups, facts: list[Facts]
    ) -> dict[Facts, OldAndNew]:
        rule, dialect = groups.rule(change.table), self.engine.dialect
        rows = await self._read(verdict_query(change, rule, facts, dialect))
        if must_undo(rows):
            rows = await self._read(verdict_query(change, rule, facts, dialect, undoing=True))
        return dict(verdicts(facts, rows))

    async def _read(self, asked: Fragment) -> Rows:
        values = bind(asked, Context(now=self._now()))
        return await self.engine.read_internal(asked.numbered(self.engine.dialect.mark), values)


class CommitBell(asyncio.Event):
    """Rings at commits, and knows since when one has not been told; `now` returns epoch seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__()
        self._now = now
        self._since: float | None = None

    def set(self) -> None:
        """Ring: something was committed."""
        if self._since is None:
            self._since = self._now()
        super().set()

    def told(self, committed_at: str) -> None:
        """Note that the changes of up to then have been told, and that there may be more."""
        self._since = datetime.fromisoformat(committed_at).timestamp()

    def end(self) -> None:
        """Note that all has been told, unless it has rung again."""
        if not self.is_set():
            self._since = None

    def lag(self) -> float:
        """Return the age of the first change that has not been told, 0 where there is none."""
        return 0.0 if self._since is None else max(0.0, self._now() - self._since)


def log_failure(text: str, number: int, error: Exception) -> None:
    """Log what could not be told; without a traceback where the error says all."""
    known = isinstance(error, JotError | Pruned)
    log.error(text + ": %s", number, error, exc_info=None if known else error)


def _say_lost(group: Group, number: int, bindings: tuple[int, ...] = ()) -> None:
    for subscriber in tuple(group.subscribers):
        subscriber.lost(number, bindings)


def seeing(groups: tuple[Group, ...], known: Verdicts) -> tuple[Group, ...]:
    """Return the groups that see one of the rows, as far as that is known."""
    if not known:
        return groups
    hidden = {facts for facts, seen in known.items() if not (seen.old or seen.new)}
    return tuple([group for group in groups if group.key.facts not in hidden])


def missing_hidden(
    change: Change, groups: Groups, known: Hidden
) -> Iterator[tuple[Table, list[Facts]]]:
    """Yield the callers of each table who were not asked for yet."""
    for table, affected in groups.looking_into(change):
        facts = missing_facts((one.key.facts for one in affected), known.get(table.name, {}))
        if facts:
            yield table, facts[:ASKED_AT_ONCE]


def _evaluate_filters_in_turns(
    groups: tuple[Group, ...], evaluation: ChangeEvaluation, evaluated: set[Group]
) -> bool:
    """Weigh what of the groups is not yet; say whether a turn was too short for all."""
    began = perf_counter()
    for group in groups:
        if group not in evaluated:
            evaluated.add(group)
            evaluation.evaluate_filters(group)
            if perf_counter() - began > TURN:
                return True
    return False
