"""Authorization on private topics: the project's rules, evaluated in memory or by a query.

In charge of evaluating them. Must not know channels, nor what a right is needed for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from jotbase.auth.tokens.times import timestamp
from jotbase.engines.base import Engine, bind
from jotbase.errors import JotError
from jotbase.expression.expr import Context
from jotbase.expression.judge import Env
from jotbase.expression.predicate import from_row, predicate
from jotbase.realtime.messages.protocol import PREFIX
from jotbase.realtime.rooms.topic_rules import ALL_RIGHTS, Right, TopicPolicy, TopicRule
from jotbase.schema.model.topics import SCOPE
from jotbase.sql.fragment import Fragment, sql
from jotbase.sql.units import Rows
from jotbase.values import Principal, Row

log = logging.getLogger(__name__)


class TopicAccess:
    """Asks the rules of `policy`; the service role may do everything."""

    def __init__(self, engine: Engine, now: Callable[[], float]) -> None:
        self.policy = TopicPolicy()
        self._engine = engine
        self._now = now

    async def permitted(
        self, caller: Principal, topic: str, rights: Iterable[Right]
    ) -> frozenset[Right]:
        """Return those of the rights that the caller has; `topic` may have the prefix of channels.

        An evaluation that fails is logged, and denies the right.
        """
        if caller.is_service:
            return ALL_RIGHTS
        context = Context(caller, (), timestamp(self._now()))
        name = topic.removeprefix(PREFIX)
        return frozenset([right for right in rights if await self._holds(name, right, context)])

    def permits(
        self, context: Context, topic: str, right: Right, read: Callable[[str, Sequence[Any]], Rows]
    ) -> bool:
        """Return whether the caller has a right as of an open transaction, which `read` reads.

        Raises JotError where the database cannot say.
        """
        found = self.policy.rule(topic, right)
        if context.principal.is_service or found is None:
            return context.principal.is_service
        rule, parts = found
        if rule.local is not None:
            return rule.local(Env({SCOPE: parts}, context)) is True
        asked = self._question(rule, parts)
        return bool(read(asked.numbered(self._engine.dialect.mark), bind(asked, context)))

    async def _holds(self, topic: str, right: Right, context: Context) -> bool:
        found = self.policy.rule(topic, right)
        if found is None:
            return False
        rule, parts = found
        try:
            if rule.local is not None:
                return rule.local(Env({SCOPE: parts}, context)) is True
            return await self._ask(rule, parts, context)
        except JotError:
            log.exception("the rule %s of a topic could not be judged", right.value)
            return False

    async def _ask(self, rule: TopicRule, parts: Row, context: Context) -> bool:
        asked = self._question(rule, parts)
        text = asked.numbered(self._engine.dialect.mark)
        return bool(await self._engine.read_internal(text, bind(asked, context)))

    def _question(self, rule: TopicRule, parts: Row) -> Fragment:
        dialect = self._engine.dialect
        row = from_row({SCOPE: parts}, dialect)
        return sql("SELECT 1 WHERE ") + predicate(rule.expression, dialect, row)
