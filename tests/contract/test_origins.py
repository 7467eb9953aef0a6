"""What a view's columns pass on, as the database tells it."""

import pytest
from tests.contract.board import run_all
from tests.contract.conftest import MakeEngine

pytestmark = pytest.mark.anyio


async def test_columns_behind_a_view(make_engine: MakeEngine) -> None:
    """Renamed and joined columns are known, also through another view; computed ones are not."""
    engine = await make_engine()
    statements = (
        "CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT)",
        "CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER)",
        'CREATE VIEW v AS SELECT b.id, a.x AS "the x", a.id + 1 AS n FROM b JOIN a ON a.id = b.a',
        'CREATE VIEW w AS SELECT "the x" AS y FROM v',
    )
    await engine.write(run_all(statements))

    assert await engine.origins("v") == {"id": ("b", "id"), "the x": ("a", "x")}
    assert await engine.origins("w") == {"y": ("a", "x")}
