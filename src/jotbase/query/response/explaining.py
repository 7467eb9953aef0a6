"""Query plans (EXPLAIN) in the two formats that a client may request.

In charge of the tree of steps, and of the dry run of a write that collects the plans of its
statements. Must not know the query.
Source: https://docs.postgrest.org/en/stable/references/observability.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from jotbase.errors import ConflictError, JotError
from jotbase.query.request.intent import Media
from jotbase.query.request.media import content_type
from jotbase.query.write.guarded_storing import SAVING
from jotbase.query.write.identity import COUNTING
from jotbase.query.write.result import WriteResult
from jotbase.sql.units import PAUSE, RolledBack, Rows, Statement, UnitOfWork
from jotbase.values import Response

#: (number, number of the step above, unused, text): a row of SQLite's EXPLAIN QUERY PLAN.
Step = Sequence[Any]


def dry_run(
    unit: UnitOfWork[WriteResult], explain: str = "EXPLAIN QUERY PLAN "
) -> UnitOfWork[WriteResult]:
    """Run a unit, explain each of its statements, and raise RolledBack.

    What a statement is depends on what those before it gave back, so it is not enough to explain
    them. A statement that comes again with other values is explained once. What the unit raises is
    raised here.
    """
    plans: dict[str, Rows] = {}
    try:
        statement = next(unit)
        while True:
            text = statement.text
            if statement is PAUSE:
                statement = unit.send((yield PAUSE))
                continue
            if text not in plans and text not in COUNTING and not text.startswith(SAVING):
                plans[text] = yield Statement(explain + text, statement.params)
            try:
                rows = yield statement
            except JotError as refused:
                statement = unit.throw(refused)
            else:
                statement = unit.send(rows)
    except StopIteration as stop:
        affected: int = stop.value.affected
    except RolledBack as undone:
        affected = undone.result.affected
    except ConflictError as refused:
        # EXPLAIN runs nothing, so a constraint that would refuse the row is none of its business.
        if not refused.code.startswith("23"):
            raise
        affected = 0
    finally:
        unit.close()
    explained = tuple((text.split(" ", 1)[0], steps) for text, steps in plans.items())
    raise RolledBack(WriteResult(affected, plans=explained))


def render_plan(media: Media, steps: Sequence[Step]) -> Response:
    """Return the response that shows a read's plan."""
    steps = _as_steps(steps)
    return _response(media, _lines(0, steps, 0), {"Node Type": "Query", "Plans": _nodes(0, steps)})


def render_write_plan(
    media: Media, operation: str, table: str, plans: Iterable[tuple[str, Sequence[Step]]]
) -> Response:
    """Return the response that shows a write's plan: its statements in order, each with its steps.

    `operation` is `Insert`, `Update` or `Delete`; PostgreSQL calls the node over it ModifyTable.
    """
    lines, nodes = [f"{operation} on {table}"], []
    for verb, found in plans:
        steps = _as_steps(found)
        lines.extend([f"  {verb}", *_lines(0, steps, 2)])
        nodes.append(_node(verb, _nodes(0, steps)))
    top = {"Node Type": "ModifyTable", "Operation": operation, "Relation Name": table}
    return _response(media, lines, top | {"Plans": nodes})


def _as_steps(rows: Sequence[Step]) -> Sequence[Step]:
    """Return SQLite's steps as they are, and PostgreSQL's lines, by their indentation, as such."""
    if not rows or len(rows[0]) != 1:
        return rows
    above: list[tuple[int, int]] = []
    steps: list[Step] = []
    for number, (line,) in enumerate(rows, 1):
        depth = len(line) - len(line.lstrip())
        while above and above[-1][0] >= depth:
            above.pop()
        steps.append((number, above[-1][1] if above else 0, 0, line.strip().removeprefix("->  ")))
        above.append((depth, number))
    return steps


def _response(media: Media, lines: Iterable[str], top: dict[str, Any]) -> Response:
    body = "\n".join(lines).encode() if media.plan_text else orjson.dumps([{"Plan": top}])
    return Response(200, (("Content-Type", content_type(media)),), body)


def _lines(above: int, steps: Sequence[Step], depth: int) -> list[str]:
    lines: list[str] = []
    for number, parent, _, text in steps:
        if parent == above:
            lines.append("  " * depth + str(text))
            lines.extend(_lines(number, steps, depth + 1))
    return lines


def _nodes(above: int, steps: Sequence[Step]) -> list[dict[str, Any]]:
    return [
        _node(str(text), _nodes(number, steps))
        for number, parent, _, text in steps
        if parent == above
    ]


def _node(text: str, below: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Node Type": text, "Plans": below} if below else {"Node Type": text}
