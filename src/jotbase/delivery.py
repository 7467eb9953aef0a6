"""Delivering one change to groups of subscribers, for the feed and for replays.

In charge of querying the database for relational rules, and of sending all frames without an
`await` after the last query, so that the set of subscribers cannot change in between. Must not know
where changes come from, nor their order.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from time import perf_counter

from jotbase.auth.tokens.times import timestamp
from jotbase.engines.base import Engine, bind
from jotbase.expression.expr import Context
from jotbase.realtime.groups import Group, Groups
from jotbase.realtime.matching import ChangeEvaluation, OldAndNew
from jotbase.realtime.relational_queries import (
    missing_facts,
    must_undo,
    verdict_query,
    verdicts,
)
from jotbase.realtime.rules import Facts
from jotbase.sql.fragment import Fragment
from jotbase.sql.units import Rows
from jotbase.values import Change

log = logging.getLogger(__name__)

#: Seconds that filters are weighed against one change before others get the loop.
TURN = 0.005


class ChangeDelivery:
    """Delivers changes of one engine; `now` returns seconds since the epoch."""

    def __init__(self, engine: Engine, now: Callable[[], float]) -> None:
        self.engine = engine
        self._now: Callable[[], str] = lambda: timestamp(now())

    async def deliver(self, change: Change, groups: Groups, cursor: str | int) -> int:
        """Query relational rules, evaluate filters, encode and write; return the bytes written.

        Filters are evaluated in turns. After the last query and turn nothing is awaited,
        so that each current subscriber gets the change exactly once.
        """
        known: dict[Facts, OldAndNew] = {}
        evaluation = ChangeEvaluation(change, groups.rule(change.table), self._now(), known, cursor)
        evaluated: set[Group] = set()
        try:
            while True:
                while missing := self._missing(change, groups, known):
                    known |= await self._ask(change, groups, missing)
                evaluation.add_verdicts(known)
                if not _evaluate_filters_in_turns(groups.affected(change), evaluation, evaluated):
                    break
                await asyncio.sleep(0)
        except Exception:
            log.exception("change %d could not be judged", change.number)
        return sum(
            self._send_to_group(group, change, evaluation) for group in groups.affected(change)
        )

    def _send_to_group(self, group: Group, change: Change, evaluation: ChangeEvaluation) -> int:
        try:
            frames = evaluation.frames(group)
        except Exception:
            log.exception("change %d could not be told to a group", change.number)
            for subscriber in tuple(group.subscribers):
                subscriber.lost(change.number)
            return 0
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
