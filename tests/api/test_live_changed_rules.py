"""What was logged under one rule is not told under the next one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.api.data_world import Serve, table

from jotbase.testing import TestBackend

TEXT: dict[str, Any] = {"type": ["string", "null"]}
OWN = {"select": "row.owner == 'me'", "insert": "True"}
NOTES = table({"owner": TEXT, "pin": {**TEXT, "writeOnly": True}}, realtime=True, access=OWN)


def changed(backend: TestBackend, schema: Any) -> None:
    """Serve the notes by another file from now on."""
    root: Path = backend._backend.project.root
    (root / "schemas/notes.json").write_bytes(orjson.dumps(schema))
    backend._threads.run(backend._backend.reload())


def told(backend: TestBackend, cursor: str | None, count: int = 1) -> list[tuple[str, str | None]]:
    """Return the events of a client that resumes: so many, and any beyond."""
    with backend.anonymous.subscribe("/notes", last_event_id=str(cursor)) as told:
        events = [*(told.next() for _ in range(count)), *told.rest()]
        return [(one.type, one.cursor) for one in events]


@pytest.mark.parametrize(
    "after",
    [
        {**NOTES, "access": {**OWN, "select": "True"}},
        table({"owner": TEXT, "pin": TEXT}, realtime=True, access=OWN),
    ],
    ids=["rule", "column"],
)
def test_rows_of_before_are_not_told_by_what_holds_now(serve: Serve, after: Any) -> None:
    """Whoever resumes from before is told to read the rows again, by whatever cursor."""
    backend = serve({"notes": NOTES})
    start = backend.anonymous.get("/notes").headers["x-jotbase-cursor"]
    backend.service.post("/notes", [{"owner": one, "pin": "1"} for one in ("you", "me")])
    ((kind, newest),) = told(backend, start)
    assert kind == "INSERT"

    changed(backend, after)

    assert told(backend, start) == told(backend, "0") == [("resync", newest)]
    assert told(backend, newest, 0) == []
    backend.service.post("/notes", {"owner": "me"})
    assert [kind for kind, _ in told(backend, newest)] == ["INSERT"]


def test_rows_of_before_are_told_where_nothing_shows_more(serve: Serve) -> None:
    """A further column, or another rule for writes, ends no cursor."""
    backend = serve({"notes": NOTES})
    start = backend.anonymous.get("/notes").headers["x-jotbase-cursor"]
    backend.service.post("/notes", {"owner": "me"})

    changed(
        backend,
        table({"owner": TEXT, "pin": TEXT | {"writeOnly": True}, "more": TEXT})
        | {"realtime": True, "access": {**OWN, "delete": "True"}},
    )

    assert [kind for kind, _ in told(backend, start)] == ["INSERT"]
