"""What an administrator asks of background work."""

from __future__ import annotations

import pytest

from jotbase.sql.dialect import POSTGRES, SQLITE
from jotbase.sql.units import Rows, UnitOfWork
from jotbase.tasks.overview import count_tasks, delete_tasks, listed, retry_tasks, schedules


def answered(unit: UnitOfWork[list[str]], rows: Rows) -> tuple[str, list[object], list[str]]:
    """Return the statement of a unit, its values, and the unit's result for these rows."""
    statement = next(unit)
    with pytest.raises(StopIteration) as ended:
        unit.send(rows)
    return statement.text, list(statement.params), ended.value.value


def test_dead_tasks_run_again_by_their_keys_or_all() -> None:
    """Keys are values; what waits is left alone."""
    text, values, keys = answered(retry_tasks(SQLITE, ["b", "a"], 5.0), [("b",), ("a",)])
    assert (values, keys) == ([5.0, "b", "a"], ["a", "b"])
    assert 'WHERE "dead" = 1 AND "key" IN (?, ?)' in text
    assert answered(retry_tasks(SQLITE, [], 5.0), [])[1:] == ([5.0], [])


def test_only_dead_tasks_are_deleted() -> None:
    """A change that waits is still told, whoever deletes."""
    text, values, keys = answered(delete_tasks(POSTGRES, ["a"]), [("a",)])
    assert (values, keys) == (["a"], ["a"])
    assert text.startswith('DELETE FROM "jotbase"."tasks" WHERE "dead" = 1 AND')


def test_what_is_listed_can_be_the_dead_alone() -> None:
    """And there are at most as many as asked for."""
    assert ' WHERE "dead" = 1 ORDER BY' in listed(SQLITE, True, 7)[0]
    assert listed(SQLITE, False, 7)[0].endswith("LIMIT 7")
    assert "count(*)" in count_tasks(SQLITE)[0]
    assert '"spec"' in schedules(SQLITE)[0]
