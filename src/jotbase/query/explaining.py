"""A query's plan, as the database tells it, in the two forms that a client may ask for.

In charge of the tree of steps. Must not know the query.
Source: https://docs.postgrest.org/en/stable/references/observability.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from jotbase.query.intent import Media
from jotbase.query.media import content_type
from jotbase.values import Response

#: (number, number of the step above, unused, text): a row of SQLite's EXPLAIN QUERY PLAN.
Step = Sequence[Any]


def render_plan(media: Media, steps: Sequence[Step]) -> Response:
    """Return the response that shows a read's plan."""
    if media.plan_text:
        body = "\n".join(_lines(0, steps, 0)).encode()
    else:
        body = orjson.dumps([{"Plan": {"Node Type": "Query", "Plans": _nodes(0, steps)}}])
    return Response(200, (("Content-Type", content_type(media)),), body)


def _lines(above: int, steps: Sequence[Step], depth: int) -> list[str]:
    lines: list[str] = []
    for number, parent, _, text in steps:
        if parent == above:
            lines.append("  " * depth + str(text))
            lines.extend(_lines(number, steps, depth + 1))
    return lines


def _nodes(above: int, steps: Sequence[Step]) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = []
    for number, parent, _, text in steps:
        if parent == above:
            node: dict[str, Any] = {"Node Type": text}
            if below := _nodes(number, steps):
                node["Plans"] = below
            nodes.append(node)
    return nodes
