"""PAGE ONE: one request to the data API, step by step.

principal → shape → intent → plan → (rules folded in) fragment → engine → response; a cached shape
goes straight to the engine. In charge of that order alone. Must not know HTTP servers or drivers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from jotbase.auth.tokens.client_address import share_owner
from jotbase.engines.base import CALLER, LONG_QUESTION, Engine, aside
from jotbase.errors import JotError
from jotbase.expression.expr import Context
from jotbase.query.plan.guarding import Guard
from jotbase.query.plan.nodes import PlanLimits, ReadPlan
from jotbase.query.request.grammar import is_call, is_root
from jotbase.query.request.shape import Shape, shape
from jotbase.query.response import render
from jotbase.query.response.prepared import Prepared, compile_shape, large_read, unit_factory
from jotbase.query.response.prepared_cache import PreparedCache
from jotbase.query.write.result import WriteContext, WriteResult
from jotbase.realtime.rooms.outbox import Outbox
from jotbase.schema.model.tables import Model
from jotbase.timing import Timing
from jotbase.values import Principal, Request, Response


class MakeContext(Protocol):
    """Creates a request's context; the clock is read only if `timed` is set (2 µs)."""

    def __call__(self, principal: Principal, values: Sequence[str], timed: bool = True) -> Context:
        """Return the context."""


#: Does a write that the project's code is asked about first (`calls.write_asking_hooks`).
HookedWrite = Callable[
    [Prepared, Request, Context, "DataApi", WriteContext], Awaitable[WriteResult]
]


@dataclass(frozen=True, slots=True)
class DataApi:
    """The environment of the data API. `guards` and `write_context` are by `is_service`.

    `root` answers for the API itself and OPTIONS, `call` for functions, `transact` for batches.
    `ticks` is a clock or None. Unless `verbose`, errors lack details and hint. Clients are behind
    so many `proxies`. Tables with hooks are `hooked`. In a unit of work that writes, `outbox` keeps
    what it says to topics.
    """

    model: Model
    engine: Engine
    limits: PlanLimits
    guards: Mapping[bool, Guard]
    write_context: Mapping[bool, Mapping[str, WriteContext]]
    principal: Callable[[Mapping[str, str]], Awaitable[Principal]]
    context: MakeContext
    root: Callable[[Request, Principal], Response]
    call: Callable[[Request, Principal, DataApi, Timing], Awaitable[Response]]
    transact: Callable[[Request, Principal, DataApi, Timing], Awaitable[Response]]
    ticks: Callable[[], float] | None = None
    verbose: bool = True
    proxies: int = 0
    hooked: Mapping[str, HookedWrite] = field(default_factory=dict)
    outbox: Outbox | None = None
    prepared: PreparedCache = field(default_factory=PreparedCache)


async def answer(request: Request, data: DataApi, principal: Principal | None = None) -> Response:
    """Handle one request, as `principal` if given, else as the caller of its credentials."""
    timing = Timing(data.ticks)
    try:
        caller = principal or await data.principal(request.headers)
        CALLER.set(share_owner(caller, request, data.proxies, CALLER.get()))
        timing.step("jwt")
        if is_call(request.path):
            response = await data.call(request, caller, data, timing)
        elif is_root(request.path) and request.method == "POST":
            response = await data.transact(request, caller, data, timing)
        elif is_root(request.path) or request.method == "OPTIONS":
            response = data.root(request, caller)
            timing.step("parse")
        else:
            response = await _answer(request, caller, data, timing)
    except JotError as error:
        response = render.render_error(error, request, data.verbose)
    timing.step("response")
    return timing.with_header(response)


async def _answer(request: Request, caller: Principal, data: DataApi, timing: Timing) -> Response:
    question, values = await aside(lambda: shape(request), query := request.query, LONG_QUESTION)
    timing.step("parse")
    prepared = await aside(lambda: prepare(question, caller, data), query, LONG_QUESTION)
    context, meant = data.context(caller, values, prepared.timed), prepared.plan
    timing.step("plan")
    if isinstance(meant, ReadPlan):
        large = large_read(prepared, data.engine.dialect, data.guards[caller.is_service], context)
        bound = await aside(lambda: prepared.bind(context), query, LONG_QUESTION)
        rows = await data.engine.read(prepared.text, bound, large)
        timing.step("transaction")
        text = render.rewrites(meant, rows[0][0])
        return await aside(lambda: render.render_read(meant, request, values, rows), text)
    table = data.write_context[caller.is_service][meant.table.name]
    if (hooked := data.hooked.get(meant.table.name)) is not None:
        written = await hooked(prepared, request, context, data, table)
    else:
        make = partial(unit_factory, prepared, request.body, context, table)
        written = await data.engine.write(await aside(make, request.body))
    timing.step("transaction")
    text = render.rewrites(meant, written.body)
    return await aside(lambda: render.render_write(meant, request, written), text)


def answer_now(request: Request, principal: Principal, data: DataApi) -> Response | None:
    """Answer a read of a known shape, without a task of its own, if nothing need be waited for.

    None sends it the long way, through `answer`: a new question, a write, a dear read, an error.
    """
    try:
        question, values = shape(request) if len(request.query) <= LONG_QUESTION else (None, ())
        prepared = question and data.prepared.get((question, principal.is_service))
        if prepared is None or not isinstance(prepared.plan, ReadPlan):
            return None
        context = data.context(principal, values, prepared.timed)
        rows = data.engine.read_now(prepared.text, prepared.bind(context))
        return None if rows is None else render.render_read(prepared.plan, request, values, rows)
    except JotError:
        return None


def prepare(question: Shape, caller: Principal, data: DataApi) -> Prepared:
    """Return the question made ready, remembered by its shape. Raises RequestError."""
    passes = caller.is_service
    if (known := data.prepared.get((question, passes))) is not None:
        return known
    guard, context = data.guards[passes], data.context(caller, ())
    prepared = compile_shape(question, data.model, data.limits, data.engine.dialect, guard, context)
    data.prepared.keep((question, passes), prepared)
    return prepared
