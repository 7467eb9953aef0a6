"""One batch: several requests in one transaction.

operations → each prepared as a request of its own → one unit of work → one response. Where the
project's hooks are asked about one of them, the batch is a call: its operations run one after
another in the call's transaction. Must not know HTTP servers or drivers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import cast

from jotbase.calls import Calls, asking_hooks, in_unit
from jotbase.engines.base import LONG_QUESTION, Session, aside
from jotbase.engines.calls.code_budget import Budget
from jotbase.expression.expr import Context
from jotbase.pipeline import DataApi, prepare
from jotbase.query.plan.nodes import ReadPlan, WritePlan
from jotbase.query.request.batch_body import read_operations
from jotbase.query.response import batch
from jotbase.query.write.rewriting import Rewrite
from jotbase.timing import Timing
from jotbase.values import Principal, Request, Response


async def answer_batch(
    request: Request,
    caller: Principal,
    data: DataApi,
    timing: Timing,
    calls: Calls,
    budget: Callable[[], Budget],
) -> Response:
    """Handle one batch. Raises JotError."""
    operations = await aside(
        lambda: read_operations(request, data.limits.max_operations), request.body
    )
    timing.step("parse")
    steps: list[batch.Step] = []
    for operation in operations:
        ready = partial(batch.prepare_step, operation, lambda shape: prepare(shape, caller, data))
        steps.append(await aside(ready, operation.request.query, LONG_QUESTION))
        await asyncio.sleep(0)
    context, write_context = data.context(caller, ()), data.write_context[caller.is_service]
    steps = batch.link_steps(steps)
    if any(_is_hooked(step, data) for step in steps):
        timing.step("plan")
        answers = await _in_a_call(steps, request, context, data, calls, budget())
    else:
        steps = await aside(
            lambda: batch.prepare_inserts(steps, context, write_context), request.body
        )
        timing.step("plan")
        answers = await data.engine.write(lambda: batch.batch_unit(steps, context, write_context))
    timing.step("transaction")
    return batch.render_batch(answers)


def _is_hooked(step: batch.Step, data: DataApi) -> bool:
    plan = step.prepared.plan
    return not isinstance(plan, ReadPlan) and plan.table.name in data.hooked


async def _in_a_call(
    steps: list[batch.Step],
    request: Request,
    context: Context,
    data: DataApi,
    calls: Calls,
    budget: Budget,
) -> list[Response]:
    caller = context.principal
    write_context = data.write_context[caller.is_service]

    def work(session: Session, inside: DataApi) -> list[Response]:
        budget.restart()

        def rewrite(step: batch.Step) -> Rewrite | None:
            plan = cast(WritePlan, step.prepared.plan)
            return asking_hooks(plan, caller, session, inside, calls, budget)

        return batch.run_steps(steps, context, write_context, session.run, rewrite)

    return await in_unit(work, request, data, calls, reads=False, ending=budget.over)
