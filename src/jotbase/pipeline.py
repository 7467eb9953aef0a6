"""PAGE ONE: one request to the data API, step by step.

principal → shape → intent → plan → (rules folded in) fragment → engine → response. A question that
was asked before, with other values, goes from its shape straight to the engine. In charge of that
order alone; what a step does is its room's business. Must not know HTTP servers or drivers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jotbase.engines.base import Engine
from jotbase.errors import JotError
from jotbase.query.body import read_payload
from jotbase.query.compile import compile_read
from jotbase.query.expr import Context
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
from jotbase.values import Principal, Request, Response

#: How many questions are remembered; a flood of new shapes forgets the oldest.
REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Prepared:
    """A question made ready. For a read, `text` and `params` are its statement."""

    intent: Intent
    plan: ReadPlan | WritePlan
    text: str = ""
    params: tuple[tuple[Any, bool], ...] = ()

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
    context: Callable[[Principal, Sequence[str]], Context]
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
        context = data.context(caller, values)
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
        prepared = Prepared(intent, meant, fragment.numbered(data.engine.dialect.mark), params)
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


class Timing:
    """How long each step took, for the `Server-Timing` header; without a clock, nothing."""

    def __init__(self, ticks: Callable[[], float] | None) -> None:
        self._ticks = ticks
        self._last = ticks() if ticks else 0.0
        self._steps: list[str] = []

    def step(self, name: str) -> None:
        """End a step."""
        if self._ticks is not None:
            now = self._ticks()
            self._steps.append(f"{name};dur={(now - self._last) * 1000:.3f}")
            self._last = now

    def told(self, response: Response) -> Response:
        """Return the response with the header."""
        if self._ticks is None:
            return response
        header = ("Server-Timing", ", ".join(self._steps))
        return Response(response.status, (*response.headers, header), response.body)
