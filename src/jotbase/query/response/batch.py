"""A batch: several requests as one unit of work, committed or rolled back as a whole.

In charge of their order, of resolving references between them, and of the combined response. Must
not know HTTP servers, and runs no statement itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import orjson

from jotbase.errors import RequestError
from jotbase.expression.expr import Context
from jotbase.query.plan.nodes import DeletePlan, InsertPlan, ReadPlan
from jotbase.query.request.batch_body import Operation, OperationErrors
from jotbase.query.request.body import payload_of
from jotbase.query.request.intent import Payload
from jotbase.query.request.references import (
    Reference,
    Results,
    may_hold_reference,
    misplaced_reference,
    query_reference,
    resolve_references,
    resolve_text,
)
from jotbase.query.request.shape import Shape, decoded, shape
from jotbase.query.response.prepared import NO_PAYLOAD, Prepared, prepare_write
from jotbase.query.response.render import JSON_TYPE, render_read, render_write
from jotbase.query.write.result import WriteContext, WriteResult
from jotbase.query.write.rewriting import Rewrite
from jotbase.schema.values.nesting import check_nesting
from jotbase.sql.units import RolledBack, Statement, UnitOfWork
from jotbase.values import Response

#: The most bytes of all responses of a batch together.
MAX_RESPONSE_BYTES = 33_554_432
_UNTOLD = frozenset(("Content-Length", "Content-Location"))


@dataclass(frozen=True, slots=True)
class Step:
    """A prepared operation: everything that is known before the earlier ones have run.

    `values` are the request's, some of them references. `is_referenced` says that others refer to
    it. `start` begins a write whose rows are ready.
    """

    operation: Operation
    prepared: Prepared
    values: tuple[str | Reference, ...]
    payload: Payload
    is_referenced: bool = False
    start: Callable[[], UnitOfWork[WriteResult]] | None = None


def prepare_step(one: Operation, prepare: Callable[[Shape], Prepared]) -> Step:
    """Prepare an operation. Raises OperationError."""
    with OperationErrors(one.index):
        request_shape, texts = shape(one.request)
        for piece in request_shape.pieces:
            written = decoded(piece if isinstance(piece, str) else piece[0])
            if may_hold_reference(written):
                raise misplaced_reference(written)
        values = tuple([query_reference(text) or text for text in texts])
        prepared = prepare(request_shape)
        if prepared.plan.answer.media.kind == "plan":
            raise _planned()
        bodiless = isinstance(prepared.plan, ReadPlan | DeletePlan)
        payload = NO_PAYLOAD if bodiless else payload_of(one.body, prepared.intent)
        return Step(one, prepared, values, payload)


def _planned() -> RequestError:
    """Return the error of a write with a plan as its media type: it would roll back the others."""
    return RequestError(
        "PGRST107",
        "An operation of a batch does not show its plan",
        hint="Ask for it in a request of its own.",
    )


def link_steps(steps: Sequence[Step]) -> list[Step]:
    """Return the steps with `is_referenced` set.

    Raises OperationError 22023 for references to what is not there yet, or answers no JSON.
    """
    answering: dict[str, bool] = {}
    is_referenced: set[str] = set()
    for step in steps:
        with OperationErrors(step.operation.index):
            in_values = [one for one in step.values if isinstance(one, Reference)]
            for reference in (*step.operation.references, *in_values):
                if reference.name not in answering:
                    raise _unknown(reference)
                if not answering[reference.name]:
                    raise _no_body_error(reference)
                is_referenced.add(reference.name)
        if step.operation.name is not None:
            answering[step.operation.name] = _has_json_body(step.prepared)
    return [replace(step, is_referenced=step.operation.name in is_referenced) for step in steps]


def prepare_inserts(
    steps: Sequence[Step], context: Context, write_context: Mapping[str, WriteContext]
) -> list[Step]:
    """Return the steps with the rows of inserts prepared, which may take long, outside the writer.

    Raises OperationError for rows that are wrong, or that a rule surely refuses.
    """
    return [_prepare_insert(step, context, write_context) for step in steps]


def _prepare_insert(
    step: Step, context: Context, write_context: Mapping[str, WriteContext]
) -> Step:
    plan = step.prepared.plan
    referring = step.operation.marked or any(isinstance(one, Reference) for one in step.values)
    if referring or not isinstance(plan, InsertPlan):
        return step
    own = replace(context, values=step.values)
    with OperationErrors(step.operation.index):
        return replace(
            step,
            start=prepare_write(step.prepared, step.payload, own, write_context[plan.table.name]),
        )


def _has_json_body(prepared: Prepared) -> bool:
    """Whether the response will have a JSON body for references."""
    answer = prepared.plan.answer
    reads = isinstance(prepared.plan, ReadPlan) and not answer.head
    has_body = reads or answer.preferences.returning == "representation"
    return has_body and answer.media.kind in ("json", "array", "object")


def _unknown(reference: Reference) -> RequestError:
    return RequestError(
        "22023",
        f"the reference {reference.text[:80]!r} names no earlier operation",
        hint='An operation is named by its member "as", and can be referred to by those behind it.',
    )


def _no_body_error(reference: Reference) -> RequestError:
    return RequestError(
        "22023",
        f"the operation {reference.name!r} answers nothing to refer to",
        hint="Give it the header Prefer: return=representation.",
    )


def batch_unit(
    steps: Sequence[Step],
    context: Context,
    write_context: Mapping[str, WriteContext],
    max_bytes: int = MAX_RESPONSE_BYTES,
) -> UnitOfWork[list[Response]]:
    """Run the steps in order and return their responses; an error rolls all of them back.

    The answers may have `max_bytes` bytes together.

    Raises OperationError for what an operation came to, RolledBack where nothing is to be kept.
    """
    told = _Answers(max_bytes)
    for step in steps:
        with OperationErrors(step.operation.index):
            try:
                answer = yield from _step_unit(step, context, write_context, told.results)
            except RolledBack as asked:
                answer, told.undone = asked.result, True
            told.add(step, answer)
    return told.all()


def run_steps(
    steps: Sequence[Step],
    context: Context,
    write_context: Mapping[str, WriteContext],
    run: Callable[[Callable[[], UnitOfWork[Response]]], Response],
    rewriting: Callable[[Step], Rewrite | None],
    max_bytes: int = MAX_RESPONSE_BYTES,
) -> list[Response]:
    """Run the steps as `batch_unit` does, each as a unit that `run` drives in one transaction.

    What rewrites a step's rows is asked before its unit begins.
    """
    told = _Answers(max_bytes)
    for step in steps:
        with OperationErrors(step.operation.index):
            plan, ready = step.prepared.plan, step
            if not isinstance(plan, ReadPlan) and (rewrite := rewriting(step)) is not None:
                payload, own = _payload(step, told.results), _resolved(step, context, told.results)
                table = write_context[plan.table.name]
                start = prepare_write(step.prepared, payload, own, table, rewrite)
                ready = replace(step, start=start)
            unit = partial(_step_unit, ready, context, write_context, told.results)
            try:
                answer = run(unit)
            except RolledBack as asked:
                answer, told.undone = asked.result, True
            told.add(step, answer)
    return told.all()


class _Answers:
    """The responses so far, and what is referred to of them."""

    def __init__(self, max_bytes: int) -> None:
        self.results = Results()
        self.undone = False
        self._answers: list[Response] = []
        self._most = max_bytes
        self._size = 0

    def add(self, step: Step, answer: Response) -> None:
        """Take the next step's response. Raises RequestError 54000 where they are too large."""
        self._size += len(answer.body)
        if self._size > self._most:
            raise _too_large(self._most)
        if step.is_referenced and step.operation.name is not None:
            self.results.texts[step.operation.name] = answer.body
        self._answers.append(answer)

    def all(self) -> list[Response]:
        """Return all responses. Raises RolledBack where nothing is to be kept."""
        if self.undone:
            raise RolledBack(self._answers)
        return self._answers


def _resolved(step: Step, context: Context, results: Results) -> Context:
    """Return the context with the step's values, references resolved."""
    values = tuple(
        [resolve_text(one, results) if isinstance(one, Reference) else one for one in step.values]
    )
    return replace(context, values=values)


def _step_unit(
    step: Step, context: Context, write_context: Mapping[str, WriteContext], results: Results
) -> UnitOfWork[Response]:
    prepared, request = step.prepared, step.operation.request
    context = _resolved(step, context, results)
    plan = prepared.plan
    if isinstance(plan, ReadPlan):
        found = yield Statement(prepared.text, prepared.bind(context))
        return render_read(plan, request, context.values, found)
    try:
        start = step.start or prepare_write(
            prepared, _payload(step, results), context, write_context[plan.table.name]
        )
        written = yield from start()
    except RolledBack as asked:
        raise RolledBack(render_write(plan, request, asked.result)) from None
    return render_write(plan, request, written)


def _payload(step: Step, results: Results) -> Payload:
    """Return the operation's rows with references resolved."""
    payload = step.payload
    if not step.operation.marked:
        return payload
    rows: list[dict[str, Any]] = []
    for row in payload.rows:
        rows.append({name: resolve_references(value, results) for name, value in row.items()})
        check_nesting(rows[-1])
    return replace(payload, rows=tuple(rows))


def _too_large(max_bytes: int) -> RequestError:
    return RequestError(
        "54000",
        "the answers of the batch are too large",
        details=f"The limit is {max_bytes} bytes for all of them.",
        hint="Read less, or write without return=representation.",
    )


def render_batch(answers: Sequence[Response]) -> Response:
    """Return the response to a batch: each operation's status, headers and body, in order."""
    body = orjson.dumps([_step_response(answer) for answer in answers])
    return Response(200, (("Content-Type", JSON_TYPE),), body)


def _step_response(answer: Response) -> dict[str, Any]:
    headers = {name: value for name, value in answer.headers if name not in _UNTOLD}
    rendered: dict[str, Any] = {"status": answer.status, "headers": headers}
    if answer.body:
        json = "json" in headers.get("Content-Type", "")
        rendered["body"] = orjson.Fragment(answer.body) if json else answer.body.decode()
    return rendered
