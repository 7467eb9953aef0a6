"""Large values are bound, and kept by no statement that a connection remembers."""

from __future__ import annotations

import apsw
import pytest

from jotbase.engines.sqlite.database.code_calls import run
from jotbase.engines.sqlite.database.result_rows import LARGE_VALUE, Run, run_short
from jotbase.sql.units import Rows


@pytest.mark.parametrize("way", [run, run_short])
@pytest.mark.parametrize("large", ["x" * (16 << 20), b"x" * (16 << 20)])
def test_a_large_value_is_kept_by_no_statement(way: Run, large: str | bytes) -> None:
    """SQLite's own memory is as before, whatever the statement; small ones are remembered."""
    cursor = apsw.Connection(":memory:").cursor()
    text = "SELECT length(?1), ?2"
    expected: Rows = [(len(large), 1)]

    before = apsw.memory_used()
    assert way(cursor, text, (large, 1)) == expected
    assert apsw.memory_used() - before < len(large) // 4


def test_what_is_small_is_remembered() -> None:
    """Its statement is prepared once."""
    connection = apsw.Connection(":memory:")
    for _ in range(3):
        assert run_short(connection.cursor(), "SELECT length(?)", ("x" * LARGE_VALUE,)) == [
            (LARGE_VALUE,)
        ]
    assert connection.cache_stats()["hits"] == 2
