"""Plans of queries, shown."""

from __future__ import annotations

import orjson

from jotbase.query.explaining import render_plan
from jotbase.query.intent import Media

STEPS = [(2, 0, 0, "CO-ROUTINE row"), (5, 2, 0, "SCAN jobs"), (9, 0, 0, "SCAN row")]


def test_as_json() -> None:
    """Steps nest as the database says."""
    response = render_plan(Media("plan", plan_of="application/json"), STEPS)

    assert orjson.loads(response.body) == [
        {
            "Plan": {
                "Node Type": "Query",
                "Plans": [
                    {"Node Type": "CO-ROUTINE row", "Plans": [{"Node Type": "SCAN jobs"}]},
                    {"Node Type": "SCAN row"},
                ],
            }
        }
    ]


def test_as_text() -> None:
    """Depth is shown by blanks."""
    response = render_plan(Media("plan", plan_text=True, plan_of="text/csv"), STEPS)

    assert response.body == b"CO-ROUTINE row\n  SCAN jobs\nSCAN row"
    assert response.header("content-type") == (
        'application/vnd.pgrst.plan+text; for="text/csv"; charset=utf-8'
    )
