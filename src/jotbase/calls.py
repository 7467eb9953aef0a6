"""One call of a project's function (`/rpc/…`), in one transaction as its caller.

call → function and arguments → (in a thread, inside the transaction) the function, whose data
client uses the pipeline → returned rows read like a table's → response. In charge of that order
alone. Must not know HTTP servers or drivers, nor how functions are declared.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol, TypeVar, cast

from jotbase.engines.base import (
    CALLER,
    LARGE,
    LONG_QUESTION,
    REQUEST_ID,
    RequestId,
    Session,
    aside,
    bind,
)
from jotbase.engines.calls.after_commit import call_leaving
from jotbase.engines.calls.code_budget import Budget, Untimed
from jotbase.engines.calls.large_results import LargeResults
from jotbase.errors import JotError, RequestError
from jotbase.expression.expr import Context
from jotbase.pipeline import DataApi, prepare
from jotbase.query.plan.functions import Function, Functions
from jotbase.query.plan.guarding import hinting
from jotbase.query.plan.hooks import ACTIONS, BeforeHook, BeforeHooks
from jotbase.query.plan.nodes import ReadPlan, WritePlan
from jotbase.query.request.grammar import is_call, parse
from jotbase.query.request.intent import Intent
from jotbase.query.request.shape import Shape, shape
from jotbase.query.response.arguments import Call, read_call
from jotbase.query.response.function_results import (
    Outcome,
    ResultPlan,
    allowed_methods,
    as_returned,
    bind_document,
    check_affected,
    is_undone,
    plan_result,
    render_result,
    rows_document,
    split_raw_accept,
    value_media_type,
    with_statement,
)
from jotbase.query.response.prepared import Prepared, unit_factory
from jotbase.query.response.prepared_cache import PreparedCache, shape_length
from jotbase.query.response.render import render_error, render_read, render_write
from jotbase.query.write.result import WriteContext, WriteResult
from jotbase.query.write.rewriting import Hooks, Rewrite, rewriting
from jotbase.realtime.rooms.http_messages import PATH as BROADCASTS
from jotbase.realtime.rooms.outbox import Outbox
from jotbase.sql.fragment import Fragment
from jotbase.sql.units import RolledBack, Rows
from jotbase.tasks.requests import ENQUEUE, task_unit
from jotbase.timing import Timing
from jotbase.values import Principal, Request, Response, Row, never_ended

#: Handles a data request as the given principal, inside the transaction of a call.
Ask = Callable[[Request, Principal], Response]
#: Asks a hook as the caller, with the handler of its data client; returns the row.
RunHook = Callable[[BeforeHook, Sequence[Any], Principal, Ask], Row]
#: Runs a function as its caller, with the handler of its data client; returns (value, status,
#: headers).
Run = Callable[
    [Function, Mapping[str, Any], Principal, Ask],
    tuple[Any, int | None, tuple[tuple[str, str], ...]],
]

Key = TypeVar("Key")
Made = TypeVar("Made")
Result = TypeVar("Result")

#: The size of the caches of calls, and the longest shape that is cached, in characters.
_REMEMBERED = 256
_LONGEST = 1000


def _no_hook(*_: Any) -> Row:
    raise LookupError("this project has no hooks")


class Broadcasts(Protocol):
    """What project code says to topics (`http.live.broadcast_api`)."""

    def within(
        self, request: Request, context: Context, session: Session, outbox: Outbox
    ) -> Response:
        """Judge a message in a transaction, and keep it."""

    def deliver(self, outbox: Outbox) -> None:
        """Say what was kept."""


@dataclass(frozen=True, slots=True)
class Calls:
    """The functions and hooks, and the caches of calls: intents, result plans, prepared requests.

    Functions run in several threads, so their data requests are prepared under a lock and cached
    apart from those of the event loop.
    """

    functions: Functions
    run: Run
    hooks: BeforeHooks = field(default_factory=dict)
    run_hook: RunHook = _no_hook
    broadcasts: Callable[[], Broadcasts | None] = lambda: None
    intents: dict[Shape, Intent] = field(default_factory=dict)
    results: dict[tuple[Shape, Function, bool], ResultPlan] = field(default_factory=dict)
    prepared: PreparedCache = field(default_factory=PreparedCache)
    preparing: threading.Lock = field(default_factory=threading.Lock)
    large: LargeResults = field(default_factory=LargeResults)


async def answer_call(
    request: Request, caller: Principal, data: DataApi, timing: Timing, calls: Calls
) -> Response:
    """Handle one call. Raises JotError."""
    if request.method == "OPTIONS":
        allowed = allowed_methods(calls.functions, request.path)
        timing.step("parse")
        return Response(200, (("Allow", allowed),))
    made = partial(_prepare_call, request, caller, data, calls)
    # A body is read in no time, and what is asked is not.
    weighed = request.body if len(request.body) > LARGE else request.query
    call, result, values, reads = await aside(made, weighed, LONG_QUESTION)
    timing.step("parse")
    context = data.context(caller, values)
    timing.step("plan")

    def work(session: Session, inside: DataApi) -> Response:
        # Reading the returned value may run the project's code as well (properties, iterators).
        try:
            outcome = _perform(call, result, context, session, inside, calls)
        except RolledBack as undone:
            raise RolledBack(render_result(result, request, values, undone.result)) from None
        return render_result(result, request, values, outcome)

    again = call.function.again
    async with calls.large.call(call.function) as told:
        response = await in_unit(work, request, data, calls, reads=reads, again=again)
        told(response.size)
    timing.step("transaction")
    return response


def _prepare_call(
    request: Request, caller: Principal, data: DataApi, calls: Calls
) -> tuple[Call, ResultPlan, tuple[str, ...], bool]:
    """Return the call, how it is answered, its values, and whether it only reads."""
    asked, values = shape(request)
    question, raw = split_raw_accept(asked)
    intent = _remembered(calls.intents, question, question, lambda: parse(question))
    call = read_call(calls.functions, intent, values, request.body, caller)
    raw = raw or value_media_type(call.function, asked)
    result = _result(question, intent, call.function, raw, caller, data, calls)
    return call, result, values, intent.by_query or call.function.reads


def _result(
    question: Shape,
    intent: Intent,
    function: Function,
    raw: str | None,
    caller: Principal,
    data: DataApi,
    calls: Calls,
) -> ResultPlan:
    passes = caller.is_service

    def make() -> ResultPlan:
        limits = hinting(data.limits, data.guards[passes], data.context(caller, ()))
        planned = plan_result(intent, function, data.model, limits, raw)
        return with_statement(planned, data.engine.dialect, data.guards[passes])

    if raw is not None:
        return make()
    return _remembered(calls.results, (question, function, passes), question, make)


def _remembered(
    known: dict[Key, Made], key: Key, question: Shape, make: Callable[[], Made]
) -> Made:
    found = known.get(key)
    if found is None:
        found = make()
        if len(known) >= _REMEMBERED:
            known.clear()
        if shape_length(question) <= _LONGEST:
            known[key] = found
    return found


def _perform(
    call: Call,
    result: ResultPlan,
    context: Context,
    session: Session,
    data: DataApi,
    calls: Calls,
) -> Outcome:
    """Run the function and read the rows that it returned, in the session's thread."""
    inside = inside_call(data, calls)

    def ask(request: Request, principal: Principal) -> Response:
        return answer_within(request, principal, session, inside, calls)

    value, status, headers = calls.run(call.function, call.arguments, context.principal, ask)
    value = as_returned(call.function.returns, value)
    rows = None
    if result.statement is not None and result.table is not None:
        document = rows_document(result.table, call.function.returns, value)
        value = None  # it may be large, and is written in the document
        text = result.statement.numbered(data.engine.dialect.mark)
        rows = session.read(text, bind(result.statement, bind_document(context, document)))
    outcome = Outcome(value, rows, status, headers)
    check_affected(result, outcome)
    if is_undone(result.answer):
        raise RolledBack(outcome)
    return outcome


async def in_unit(
    work: Callable[[Session, DataApi], Result],
    request: Request,
    data: DataApi,
    calls: Calls,
    *,
    reads: bool,
    again: bool = True,
    ending: Callable[[], JotError | None] = never_ended,
) -> Result:
    """Run `work` for a request by `Engine.call`, with the data API of its transaction.

    What it says to topics is said after the commit, and never where there is none.
    """
    REQUEST_ID.set(RequestId(request.headers.get("x-request-id", "")))
    owner, inside = CALLER.get(), inside_call(data, calls)

    def attempt(session: Session, outbox: Outbox) -> Result:
        return work(session, replace(inside, outbox=None if reads else outbox))

    result, outbox = await call_leaving(
        data.engine,
        attempt,
        lambda: Outbox(owner),
        reads=reads,
        again=again,
        gone=request.gone,
        ending=ending,
    )
    if outbox.kept and (broadcasts := calls.broadcasts()) is not None:
        broadcasts.deliver(outbox)
    return result


def inside_call(data: DataApi, calls: Calls) -> DataApi:
    """Return the data API of a function: without max_rows, and without a transaction of its own."""
    limits = replace(data.limits, tx_end="commit", max_rows=None)
    return replace(data, limits=limits, prepared=calls.prepared)


def answer_within(
    request: Request,
    caller: Principal,
    session: Session,
    data: DataApi,
    calls: Calls,
    budget: Budget | None = None,
) -> Response:
    """Handle a data request of a function, in the function's transaction.

    `data` is the data API of a function (`inside_call`).
    """
    try:
        if request.path == ENQUEUE:
            now = data.context(caller, ()).now
            session.run(task_unit(request.body, now, data.engine.dialect))
            return Response(204)
        if request.path.startswith(BROADCASTS):
            return _say_within(request, caller, session, data, calls)
        question, values = shape(request)
        if is_call(request.path):
            return _call_within(request, question, values, caller, session, data, calls)
        with calls.preparing:
            prepared = prepare(question, caller, data)
        context = data.context(caller, values)
        meant = prepared.plan
        if isinstance(meant, ReadPlan):
            rows = session.read(prepared.text, prepared.bind(context))
            return render_read(meant, request, values, rows)
        write_context = data.write_context[caller.is_service][meant.table.name]
        rewrite = asking_hooks(meant, caller, session, data, calls, budget)
        written = session.run(unit_factory(prepared, request.body, context, write_context, rewrite))
        return render_write(meant, request, written)
    except JotError as error:
        return render_error(error, request)


def _say_within(
    request: Request, caller: Principal, session: Session, data: DataApi, calls: Calls
) -> Response:
    broadcasts = calls.broadcasts()
    if data.outbox is None or broadcasts is None:
        raise RequestError("25006", "what only reads cannot broadcast")
    return broadcasts.within(request, data.context(caller, ()), session, data.outbox)


async def write_asking_hooks(
    prepared: Prepared,
    request: Request,
    context: Context,
    data: DataApi,
    write_context: WriteContext,
    calls: Calls,
    budget: Callable[[], Budget],
) -> WriteResult:
    """Do one write whose table has hooks, as a call: they are asked in its thread, before the
    database's writer is taken, and what they read and write is of the same transaction.
    """
    meant, time = cast(WritePlan, prepared.plan), budget()

    def work(session: Session, inside: DataApi) -> WriteResult:
        time.restart()
        rewrite = asking_hooks(meant, context.principal, session, inside, calls, time)
        unit = unit_factory(prepared, request.body, context, write_context, rewrite)
        return session.run(unit)

    return await in_unit(work, request, data, calls, reads=False, ending=time.over)


def asking_hooks(
    meant: WritePlan,
    caller: Principal,
    session: Session,
    data: DataApi,
    calls: Calls,
    budget: Budget | None,
) -> Rewrite | None:
    """Return what asks the hooks of a write's table, None where there are none for it."""
    found = calls.hooks.get(meant.table.name)
    if not found or meant.answer.media.kind == "plan":
        return None
    counted = budget or Untimed()

    def ask(request: Request, principal: Principal) -> Response:
        with counted.paused():
            return answer_within(request, principal, session, data, calls, budget)

    def one_after_another(action: str) -> Callable[..., Row] | None:
        asked = [one for one in found if one.action == action]

        def run(row: Row, *more: Any) -> Row:
            with counted.running():
                for hook in asked:
                    row = calls.run_hook(hook, (row, *more), caller, ask)
            return row

        return run if asked else None

    def read(statement: Fragment) -> Rows:
        return session.read(statement.numbered(data.engine.dialect.mark), statement.params)

    insert, update, delete = map(one_after_another, ACTIONS)
    hooks = Hooks(insert, update, delete)
    return rewriting(hooks, read) if hooks.concern(meant) else None


def _call_within(
    request: Request,
    question: Shape,
    values: tuple[str, ...],
    caller: Principal,
    session: Session,
    data: DataApi,
    calls: Calls,
) -> Response:
    """Handle a call of another function by a function, in the same transaction."""
    intent = parse(question)
    call = read_call(calls.functions, intent, values, request.body, caller)
    limits = hinting(data.limits, data.guards[caller.is_service], data.context(caller, ()))
    result = plan_result(intent, call.function, data.model, limits, None)
    result = with_statement(result, data.engine.dialect, data.guards[caller.is_service])
    context = data.context(caller, values)
    outcome = _perform(call, result, context, session, data, calls)
    return render_result(result, request, values, outcome)
