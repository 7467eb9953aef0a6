"""One change, judged and told: what `feed` and a replay do with each change that they come to.

In charge of asking the database what only it knows of a change, and of nothing being awaited
between the last answer and the last frame. Must not know where changes come from, nor their order.
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
from jotbase.realtime.relational_queries import missing_facts, verdict_query, verdicts
from jotbase.realtime.rules import Facts
from jotbase.values import Change

log = logging.getLogger(__name__)

#: Seconds that filters are weighed against one change before others get the loop.
TURN = 0.005


class Teller:
    """Tells changes of one engine; `now` gives seconds since the epoch."""

    def __init__(self, engine: Engine, now: Callable[[], float]) -> None:
        self.engine = engine
        self._now: Callable[[], str] = lambda: timestamp(now())

    async def tell(self, change: Change, groups: Groups, cursor: str | int) -> int:
        """Ask what only the database knows, judge, encode, write; return how many bytes that made.

        Filters are weighed in turns. From the last answer and the last turn on nothing is awaited:
        who follows then is told, and nobody twice.
        """
        known: dict[Facts, OldAndNew] = {}
        judgement = ChangeEvaluation(change, groups.rule(change.table), self._now(), known, cursor)
        weighed: set[Group] = set()
        try:
            while True:
                while missing := self._missing(change, groups, known):
                    known |= await self._ask(change, groups, missing)
                judgement.learn(known)
                if not _weigh(groups.concerned(change), judgement, weighed):
                    break
                await asyncio.sleep(0)
        except Exception:
            log.exception("change %d could not be judged", change.number)
        return sum(self._tell_group(group, change, judgement) for group in groups.concerned(change))

    def _tell_group(self, group: Group, change: Change, judgement: ChangeEvaluation) -> int:
        try:
            frames = judgement.told(group)
        except Exception:
            log.exception("change %d could not be told to a group", change.number)
            for follower in tuple(group.followers):
                follower.lost(change.number)
            return 0
        for ready in frames:
            for follower in tuple(group.followers):
                follower.write(ready)
        return sum(map(len, frames))

    def _missing(
        self, change: Change, groups: Groups, known: dict[Facts, OldAndNew]
    ) -> list[Facts]:
        local = groups.rule(change.table).local is not None
        return (
            []
            if local
            else missing_facts((one.key.facts for one in groups.concerned(change)), known)
        )

    async def _ask(
        self, change: Change, groups: Groups, facts: list[Facts]
    ) -> dict[Facts, OldAndNew]:
        dialect = self.engine.dialect
        asked = verdict_query(change, groups.rule(change.table), facts, dialect)
        values = bind(asked, Context(now=self._now()))
        return dict(
            verdicts(facts, await self.engine.read_internal(asked.numbered(dialect.mark), values))
        )


def _weigh(groups: tuple[Group, ...], judgement: ChangeEvaluation, weighed: set[Group]) -> bool:
    """Weigh what of the groups is not yet; say whether a turn was too short for all."""
    began = perf_counter()
    for group in groups:
        if group not in weighed:
            weighed.add(group)
            judgement.weigh(group)
            if perf_counter() - began > TURN:
                return True
    return False
