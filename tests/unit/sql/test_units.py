"""Units of work: driven by sending rows, ended by a result or by an exception."""

from __future__ import annotations

import pytest

from jotbase.sql.fragment import bound
from jotbase.sql.units import RolledBack, Statement, UnitOfWork


def test_a_unit_is_sent_rows_and_returns_its_result() -> None:
    """What a statement gave is what `yield` returns; the unit's result comes at its end."""

    def unit() -> UnitOfWork[int]:
        rows = yield Statement("SELECT ?", (1,))
        more = yield "SELECT " + bound(rows[0][0])
        return int(rows[0][0] + more[0][0])

    running = unit()
    first = next(running)
    second = running.send([(20,)])
    with pytest.raises(StopIteration) as ended:
        running.send([(22,)])

    assert (first.text, first.params) == ("SELECT ?", (1,))
    assert (second.text, second.params) == ("SELECT ?", (20,))
    assert ended.value.value == 42


def test_a_unit_may_be_undone_and_give_its_result() -> None:
    """`RolledBack` carries what the caller is told although nothing is kept."""
    with pytest.raises(RolledBack) as undone:
        raise RolledBack({"id": 1})

    assert undone.value.result == {"id": 1}
