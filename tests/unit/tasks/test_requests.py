"""Requests of code that add tasks."""

from __future__ import annotations

import pytest

from jotbase.sql.dialect import SQLITE
from jotbase.tasks.requests import task_unit, write_task


@pytest.mark.parametrize(("delay", "due"), [(0.0, 0.0), (-5.0, 0.0), (1.5, 61.5)])
def test_a_task_is_due_at_once_or_after_its_delay(delay: float, due: float) -> None:
    """Without one it is due whatever the clock says."""
    body = write_task("k", "task-f", "[[], {}]", delay)
    (statement,) = task_unit(body, "1970-01-01T00:01:00+00:00", SQLITE)()
    assert statement.params == ("k", "task-f", "[[], {}]", due)
