"""The function /functions/v1/stats: figures read as the caller."""

from __future__ import annotations

from typing import Any

from conftest import Board, vacancy


def brass(client: Any) -> list[dict[str, Any]]:
    tags = client.function("stats").json()["tags"]
    return [row for row in tags if row["tag"] == "brass"]


def test_median_per_tag(board: Board) -> None:
    """A tag's median is that of its open jobs; closed ones and unnamed salaries do not count."""
    board.ada.post("/jobs", vacancy(title="Second", salary=70000))
    board.ada.post("/jobs", vacancy(title="Silent", salary=None))
    board.ada.post("/jobs", vacancy(title="Closed", salary=900000, status="closed"))

    assert brass(board.backend.anonymous) == [{"tag": "brass", "open": 3, "salary": 60000}]


def test_drafts_count_for_their_poster(board: Board) -> None:
    """The view sees what its caller may see, no more."""
    board.ada.post("/jobs", vacancy(title="Draft", status="draft"))

    drafts = [c.function("stats").json()["drafts"] for c in (board.ada, board.ben)]

    assert drafts == [1, 0]
