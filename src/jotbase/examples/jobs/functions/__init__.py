"""The board's own endpoint: what open positions pay, by tag.

Everything is read as the caller, under the caller's access rules: nothing here decides who may see
what. `app` is the Flask application that Jotbase serves at /functions/v1/.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from statistics import median
from typing import Any

from flask import Flask, Response, jsonify

from jotbase.functions import caller, data

from .tables import Jobs

app = Flask(__name__)


@app.get("/stats")
def stats() -> Response:
    """Open positions and the median salary per tag, and the caller's own drafts."""
    jobs = data().get("/jobs", {"select": "tags,salary", "status": "eq.open"})
    drafts = data().get("/jobs", {"select": "id", "status": "eq.draft"})
    return jsonify(
        role=caller().role, open=len(jobs), drafts=len(drafts), tags=summary_by_tag(jobs)
    )


def summary_by_tag(jobs: Iterable[Jobs]) -> list[dict[str, Any]]:
    """Return `{tag, open, salary}` for every tag, the most frequent first.

    `open` counts the jobs with the tag; `salary` is the median of those that name one, or None.
    """
    salaries: defaultdict[str, list[int | None]] = defaultdict(list)
    for job in jobs:
        for tag in job["tags"]:
            salaries[tag].append(job["salary"])
    rows = [
        {"tag": tag, "open": len(found), "salary": _median(found)}
        for tag, found in salaries.items()
    ]
    return sorted(rows, key=lambda row: (-row["open"], row["tag"]))


def _median(salaries: Iterable[int | None]) -> float | None:
    named = [salary for salary in salaries if salary is not None]
    return median(named) if named else None
