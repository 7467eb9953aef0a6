"""Prepared requests: the plan and statement of a shape, without its values.

In charge of everything about a request that can be cached. Must not know the caller, nor the cache.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

from jotbase.errors import RequestError
from jotbase.expression.expr import Context, Now
from jotbase.query.plan.guarding import Guard, hinting
from jotbase.query.plan.nodes import (
    DeletePlan,
    InsertPlan,
    PlanLimits,
    ReadPlan,
    UpdatePlan,
    WritePlan,
)
from jotbase.query.plan.plan import plan
from jotbase.query.plan.updatable import UpdatableView, ViewGuard, table_payload
from jotbase.query.request.body import read_payload
from jotbase.query.request.grammar import parse
from jotbase.query.request.intent import Intent, Payload
from jotbase.query.request.shape import Shape
from jotbase.query.response.explaining import dry_run
from jotbase.query.response.render import body_writer
from jotbase.query.statement.compile import compile_read, explain
from jotbase.query.write.disclosure import without_hidden_relation
from jotbase.query.write.result import WriteContext, WriteResult
from jotbase.query.write.rewriting import Rewrite
from jotbase.query.write.units import (
    delete_unit,
    insert_unit,
    refuse_forbidden,
    rows_to_insert,
    update_unit,
)
from jotbase.schema.model.tables import Model
from jotbase.sql.dialect import Dialect
from jotbase.sql.units import PAUSE, Spooling, UnitOfWork

#: Bodies of more bytes are not parsed for callers who may not insert any row.
LARGE = 65_536

#: Filters' values of more characters are not read on the event loop: these take some 5 ms.
LONG_VALUES = 6_000

#: The payload of a write that has no body.
NO_PAYLOAD = Payload((), single=True)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A prepared request. For a read, `text` and `params` are its statement.

    `timed` says that the result depends on the time.
    """

    intent: Intent
    plan: ReadPlan | WritePlan
    text: str = ""
    params: tuple[tuple[Any, bool], ...] = ()
    timed: bool = True

    def bind(self, context: Context) -> list[Any]:
        """Return the values to bind, slots filled from the context."""
        return [value.fill(context) if is_slot else value for value, is_slot in self.params]


def compile_shape(
    request_shape: Shape,
    model: Model,
    limits: PlanLimits,
    dialect: Dialect,
    guard: Guard,
    context: Context | None = None,
) -> Prepared:
    """Prepare a request; the result is the same for all callers with this guard.

    Raises RequestError; its hints are for the caller of the `context`.
    """
    intent = parse(request_shape)
    write_plan = plan(intent, model, hinting(limits, guard, context or Context()))
    if not isinstance(write_plan, ReadPlan):
        return Prepared(intent, write_plan)
    fragment = compile_read(write_plan, dialect, guard)
    params = tuple((value, hasattr(value, "fill")) for value in fragment.params)
    timed = any(isinstance(value, Now) for value in fragment.params)
    return Prepared(intent, write_plan, fragment.numbered(dialect.mark), params, timed)


def large_read(read: Prepared, dialect: Dialect, guard: Guard, context: Context) -> Spooling | None:
    """Return how a read's answer is made where it is too large for memory, None for a plan."""
    write_plan = cast(ReadPlan, read.plan)
    if write_plan.answer.media.kind == "plan":
        return None

    def statement() -> tuple[str, list[Any]]:
        fragment = compile_read(write_plan, dialect, guard, spooled=True)
        values = [
            value.fill(context) if hasattr(value, "fill") else value for value in fragment.params
        ]
        return fragment.numbered(dialect.mark), values

    return Spooling(statement, lambda: body_writer(write_plan), 3 if write_plan.count else 2)


def unit_factory(
    write: Prepared,
    body: bytes,
    context: Context,
    write_context: WriteContext,
    rewrite: Rewrite | None = None,
) -> Callable[[], UnitOfWork[WriteResult]]:
    """Return the factory of a write's unit of work. Raises RequestError for an invalid body."""
    if len(body) > LARGE and isinstance(write.plan, InsertPlan):
        refuse_forbidden(write.plan, context, _with_view_guard(write.plan, write_context))
    bodiless = isinstance(write.plan, DeletePlan)
    payload = NO_PAYLOAD if bodiless else read_payload(body, write.intent)
    return prepare_write(write, payload, context, write_context, rewrite)


def prepare_write(
    write: Prepared,
    payload: Payload,
    context: Context,
    write_context: WriteContext,
    rewrite: Rewrite | None = None,
) -> Callable[[], UnitOfWork[WriteResult]]:
    """Do all of a write that needs no database, and return what starts its unit of work.

    It may take long for many rows, and nobody waits for the writer meanwhile. Raises RequestError
    and AccessError as far as they can be told already. `rewrite` may change what is written.
    """
    write_plan = cast(WritePlan, write.plan)
    start = _unit_starter(write_plan, payload, context, write_context, rewrite)
    start = partial(without_hidden_relation, start, write_plan.table, write_context, context)
    if sum(map(len, context.values)) > LONG_VALUES:
        start = partial(_begun_in_a_thread, start)
    if write_plan.answer.media.kind != "plan":
        return start
    return lambda: dry_run(start(), explain(write_context.dialect))


def _begun_in_a_thread(start: Callable[[], UnitOfWork[WriteResult]]) -> UnitOfWork[WriteResult]:
    """Pause before the first statement, so that a thread binds its long values."""
    yield PAUSE
    return (yield from start())


def _with_view_guard(write_plan: WritePlan, write_context: WriteContext) -> WriteContext:
    """Return the write context, with the view's own rules if a view is written."""
    if isinstance(write_plan.table, UpdatableView):
        return replace(write_context, guard=ViewGuard(write_context.guard, write_plan.table))
    return write_context


def _unit_starter(
    write_plan: WritePlan,
    payload: Payload,
    context: Context,
    write_context: WriteContext,
    rewrite: Rewrite | None,
) -> Callable[[], UnitOfWork[WriteResult]]:
    write_context = _with_view_guard(write_plan, write_context)
    if isinstance(write_plan, DeletePlan):
        if rewrite is not None:
            rewrite(write_plan, payload, context, write_context)
        return partial(delete_unit, write_plan, context, write_context)
    if isinstance(write_plan.table, UpdatableView):
        try:
            payload = table_payload(write_plan.table, payload)
        except RequestError:
            refuse_forbidden(write_plan, context, write_context)
            raise
    if rewrite is not None:
        refuse_forbidden(write_plan, context, write_context)
        write_plan, payload = rewrite(write_plan, payload, context, write_context)
    if isinstance(write_plan, InsertPlan):
        made = rows_to_insert(write_plan, payload, context, write_context)
        return partial(insert_unit, write_plan, payload, context, write_context, made)
    changing = cast(UpdatePlan, write_plan)
    return partial(update_unit, changing, payload, context, write_context)
