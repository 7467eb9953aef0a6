"""PAGE ONE: one request to the data API, step by step.

principal → shape → intent → plan → (rules folded in) fragment → engine → response. A question that
was asked before, with other values, goes from its shape straight to the engine. In charge of that
order alone; what a step does is its room's business. Must not know HTTP servers or drivers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from jotbase.engines.base import Engine
from jotbase.errors import JotError
from jotbase.query.body import read_payload
from jotbase.query.compile import compile_read
from jotbase.query.expr import Context, Now
from jotbase.query.grammar import parse
from jotbase.query.guarding import Guard
from jotbase.query.intent import Intent
from jotbase.query.nodes import DeletePlan, InsertPlan, PlanLimits, ReadPlan, WritePlan
from jotbase.query.plan import plan
from jotbase.query.render import render_error, render_read, render_written
from jotbase.query.shape import Shape, shape
from jotbase.query.writes import delete_unit, insert_unit, update_unit
from jotbase.query.written import Means, Written
from jotbase.schema.model import Model
from jotbase.sql.units import UnitOfWork
from jotbase.timing import Timing
from jotbase.values import Principal, Request, Response

#: How many questions are remembered; a flood of new shapes forgets the oldest.
REMEMBERED = 4096


class MakeContext(Protocol):
    """Makes a request's context; the clock is read only for what is `timed` (2 µs)."""

    def __call__(
        self, principal: Principal, values: Sequence[str], timed: bool = True
    ) -> Context:
        """Return the context."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A question made ready. For a read, `text` and `params` are its statement."""

    intent: Intent
    plan: ReadPlan | WritePlan
    text: str = ""
    params: tuple[tuple[Any, bool], ...] = ()
    timed: bool = True

    def bind(self, context: Context) -> list[Any]:
        """Return the values to bind, slots filled from the context."""
        return [value.fill(context) if is_slot else value for value, is_slot in self.params]


@dataclass(frozen=True, slots=True)
class DataApi:
    """What answering takes. `guards` and `means` are by whether the caller passes all rules.

    `context` makes a request's context (the clock and randomness stand behind it). `ticks` is a
    clock for `Server-Timing` in seconds, None to say nothing.
    """

    model: Model
    engine: Engine
    limits: PlanLimits
    guards: Mapping[bool, Guard]
    means: Mapping[bool, Mapping[str, Means]]
    principal: Callable[[Mapping[str, str]], Awaitable[Principal]]
    context: MakeContext
    ticks: Callable[[], float] | None = None
    prepared: dict[tuple[Shape, bool], Prepared] = field(default_factory=dict)


async def answer(
    request: Request, data: DataApi, principal: Principal | None = None
) -> Response:
    """Answer one request, as `principal` if one is given, else as its credentials say."""
    timing = Timing(data.ticks)
    try:
        caller = principal or await data.principal(request.headers)
        timing.step("jwt")
        question, values = shape(request)
        timing.step("parse")
        prepared = prepare(question, caller.is_service, data)
        context = data.context(caller, values, prepared.timed)
        timing.step("plan")
        if isinstance(prepared.plan, ReadPlan):
            rows = await data.engine.read(prepared.text, prepared.bind(context))
            timing.step("transaction")
            response = render_read(prepared.plan, request, values, rows)
        else:
            work = write_work(prepared, request.body, context, data)
            written = await data.engine.write(work)
            timing.step("transaction")
            response = render_written(prepared.plan, request, written)
    except JotError as error:
        response = render_error(error, request)
    timing.step("response")
    return timing.told(response)


def answer_now(request: Request, principal: Principal, data: DataApi) -> Response | None:
    """Answer a read of a known shape, without a task of its own, if nothing need be waited for.

    None sends it the long way, through `answer`: a new question, a write, a dear read, an error.
    """
    try:
        question, values = shape(request)
        prepared = data.prepared.get((question, principal.is_service))
        if prepared is None or not isinstance(prepared.plan, ReadPlan):
            return None
        context = data.context(principal, values, prepared.timed)
        rows = data.engine.read_now(prepared.text, prepared.bind(context))
        return None if rows is None else render_read(prepared.plan, request, values, rows)
    except JotError:
        return None


def prepare(question: Shape, passes: bool, data: DataApi) -> Prepared:
    """Return the question made ready, remembered by its shape. Raises RequestError."""
    key = (question, passes)
    known = data.prepared.get(key)
    if known is not None:
        return known
    intent = parse(question)
    meant = plan(intent, data.model, data.limits)
    prepared = Prepared(intent, meant)
    if isinstance(meant, ReadPlan):
        fragment = compile_read(meant, data.engine.dialect, data.guards[passes])
        params = tuple((value, hasattr(value, "fill")) for value in fragment.params)
        timed = any(isinstance(value, Now) for value in fragment.params)
        text = fragment.numbered(data.engine.dialect.mark)
        prepared = Prepared(intent, meant, text, params, timed)
    if len(data.prepared) >= REMEMBERED:
        del data.prepared[next(iter(data.prepared))]
    data.prepared[key] = prepared
    return prepared


def write_work(
    prepared: Prepared, body: bytes, context: Context, data: DataApi
) -> Callable[[], UnitOfWork[Written]]:
    """Return what starts the write's unit of work. Raises RequestError for a malformed body."""
    meant = prepared.plan
    assert not isinstance(meant, ReadPlan)
    means = data.means[context.principal.is_service][meant.table.name]
    if isinstance(meant, DeletePlan):
        return lambda: delete_unit(meant, context, means)
    payload = read_payload(body, prepared.intent)
    if isinstance(meant, InsertPlan):
        return lambda: insert_unit(meant, payload, context, means)
    return lambda: update_unit(meant, payload, context, means)
