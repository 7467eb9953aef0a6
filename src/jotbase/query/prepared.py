"""A question made ready: all that can be known before its values are.

In charge of what is worth remembering of a question. Must not know who asks, nor remember anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

from jotbase.query.body import read_payload
from jotbase.query.compile import compile_read
from jotbase.query.explaining import dry_run
from jotbase.query.expr import Context, Now
from jotbase.query.grammar import parse
from jotbase.query.guarding import Guard
from jotbase.query.intent import Intent
from jotbase.query.nodes import DeletePlan, InsertPlan, PlanLimits, ReadPlan, WritePlan
from jotbase.query.plan import plan
from jotbase.query.shape import Shape
from jotbase.query.updatable import Face, FaceGuard, written_payload
from jotbase.query.writes import delete_unit, insert_unit, update_unit
from jotbase.query.written import Means, Written
from jotbase.schema.model import Model
from jotbase.sql.dialect import Dialect
from jotbase.sql.units import UnitOfWork


@dataclass(frozen=True, slots=True)
class Prepared:
    """A question made ready. For a read, `text` and `params` are its statement.

    `timed` says that the answer depends on the clock.
    """

    intent: Intent
    plan: ReadPlan | WritePlan
    text: str = ""
    params: tuple[tuple[Any, bool], ...] = ()
    timed: bool = True

    def bind(self, context: Context) -> list[Any]:
        """Return the values to bind, slots filled from the context."""
        return [value.fill(context) if is_slot else value for value, is_slot in self.params]


def make_ready(
    question: Shape, model: Model, limits: PlanLimits, dialect: Dialect, guard: Guard
) -> Prepared:
    """Return the question made ready. Raises RequestError for what makes no sense."""
    intent = parse(question)
    meant = plan(intent, model, limits)
    if not isinstance(meant, ReadPlan):
        return Prepared(intent, meant)
    fragment = compile_read(meant, dialect, guard)
    params = tuple((value, hasattr(value, "fill")) for value in fragment.params)
    timed = any(isinstance(value, Now) for value in fragment.params)
    return Prepared(intent, meant, fragment.numbered(dialect.mark), params, timed)


def work_of(
    write: Prepared, body: bytes, context: Context, means: Means
) -> Callable[[], UnitOfWork[Written]]:
    """Return what starts a write's unit of work. Raises RequestError for a malformed body."""
    meant = cast(WritePlan, write.plan)
    work = _work(meant, write.intent, body, context, means)
    return work if meant.answer.media.kind != "plan" else lambda: dry_run(work())


def _work(
    meant: WritePlan, intent: Intent, body: bytes, context: Context, means: Means
) -> Callable[[], UnitOfWork[Written]]:
    face = meant.table if isinstance(meant.table, Face) else None
    if face is not None:
        means = replace(means, guard=FaceGuard(means.guard, face))
    if isinstance(meant, DeletePlan):
        return lambda: delete_unit(meant, context, means)
    payload = read_payload(body, intent)
    if face is not None:
        payload = written_payload(face, payload)
    if isinstance(meant, InsertPlan):
        return lambda: insert_unit(meant, payload, context, means)
    return lambda: update_unit(meant, payload, context, means)
