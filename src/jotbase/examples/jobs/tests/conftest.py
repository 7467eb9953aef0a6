"""People and rows that the tests begin with; `backend` comes with Jotbase's pytest plugin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

DESCRIPTION = "You keep the harbour's clocks in step, all forty of them."


@dataclass(frozen=True, slots=True)
class Board:
    """A company of Ada's with one open job, and Ben, who looks for work."""

    backend: Any
    ada: Any
    ben: Any
    job: int


def vacancy(**changes: Any) -> dict[str, Any]:
    """Return a valid job at Ada's company, with changes."""
    job = {
        "title": "Clockmaker",
        "company": "harbour-clocks",
        "description": DESCRIPTION,
        "remote": True,
        "salary": 50000,
        "tags": ["brass"],
    }
    return job | changes


def job_id(client: Any, title: str) -> int:
    """Return the number of the job with that title, as the client sees it."""
    [row] = client.get("/jobs", {"select": "id", "title": f"eq.{title}"}).json()
    return int(row["id"])


@pytest.fixture
def board(backend: Any) -> Board:
    ada = backend.user("ada@example.com")
    ben = backend.user("ben@example.com")
    company = {"handle": "harbour-clocks", "name": "Harbour Clocks"}
    assert ada.post("/companies", company).status == 201
    assert ada.post("/jobs", vacancy()).status == 201
    return Board(backend, ada, ben, job_id(ada, "Clockmaker"))
