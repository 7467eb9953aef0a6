"""Each read of the data API says from where to follow, so that rows and changes leave no gap."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.data_world import Serve, table

from jotbase.realtime.messages.cursors import read_cursor
from jotbase.testing import TestBackend

NOTES = {**table({"text": {"type": "string"}}), "realtime": True}


@pytest.fixture
def backend(serve: Serve) -> TestBackend:
    return serve({"notes": NOTES})


def position(answer: Any) -> int:
    """Return the number in the cursor of a read."""
    cursor = read_cursor(answer.headers["x-jotbase-cursor"])
    assert cursor is not None
    assert cursor.epoch
    return cursor.number


def test_a_read_bears_a_position_that_it_has_seen(backend: TestBackend) -> None:
    """Never a later one than its rows show; a repeated read, which is answered at once, too."""
    for number in range(1, 6):
        backend.service.post("/notes", {"text": "t"})
        for _ in range(3):
            read = backend.service.get("/notes")
            assert 0 <= position(read) <= number == len(read.json())


def test_a_read_of_a_whole_table_and_of_one_row_bear_it(backend: TestBackend) -> None:
    """HEAD and a single object too; a refusal and a write do not."""
    backend.service.post("/notes", {"text": "t"})
    one = backend.service.get("/notes", {"id": "eq.1"}, accept="application/vnd.pgrst.object+json")
    head = backend.service.request("HEAD", "/rest/v1/notes")
    refused = backend.service.get("/nothing")
    written = backend.service.patch("/notes", {"id": "eq.1"}, {"text": "u"})

    assert [position(one), position(head)] in ([0, 0], [0, 1], [1, 1])
    assert "x-jotbase-cursor" not in {**refused.headers, **written.headers}
