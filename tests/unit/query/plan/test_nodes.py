"""Plan values that compute: windows and their slots."""

from __future__ import annotations

import pytest
from tests.unit.query.board import read_plan

from jotbase.expression.expr import Context
from jotbase.query.plan.nodes import WHOLE, LimitSlot, OffsetSlot, Window
from jotbase.query.request.intent import Placeholder


@pytest.mark.parametrize(
    ("window", "bounds"),
    [
        (WHOLE, (0, None)),
        (Window(limit=5), (0, 5)),
        (Window(limit=Placeholder(0), offset=Placeholder(1)), (20, 10)),
        (Window(offset=-4), (0, None)),
        (Window(range=(2, 4)), (2, 3)),
        (Window(range=(2, None)), (2, None)),
        (Window(limit=2, range=(1, 9)), (1, 2)),
        (Window(limit=5, offset=3, range=(1, 4)), (3, 2)),
        (Window(limit=5, most=3), (0, 3)),
        (Window(limit=0), (0, 0)),
    ],
)
def test_bounds(window: Window, bounds: tuple[int, int | None]) -> None:
    """Limit, range and the project's own limit: the least counts."""
    assert window.bounds(("10", "20")) == bounds


def test_slots() -> None:
    """A slot is filled from the request's values; without an end there is -1."""
    context = Context(values=("10", "20"))

    assert LimitSlot(Window(limit=Placeholder(0))).fill(context) == 10
    assert LimitSlot(Window(offset=Placeholder(1))).fill(context) == -1
    assert OffsetSlot(Window(offset=Placeholder(1))).fill(context) == 20


def test_what_is_aggregated() -> None:
    """A to-one spread's aggregates group the parent's rows, an embed's do not."""
    assert read_plan("GET /jobs?select=salary.sum()").node.aggregated
    assert read_plan("GET /jobs?select=...companies(id.count())").node.aggregated
    assert not read_plan("GET /jobs?select=companies(id.count())").node.aggregated
