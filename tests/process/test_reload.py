"""`serve --reload`: additive changes of schema files are served at once, the others refused."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.process.server import NOTES, Served, serving, write_project


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A server that watches its files, with one note in it."""
    project = write_project(tmp_path, {"notes": NOTES})
    with serving(project, "--reload", merged=True) as running:
        service = {"apikey": running.keys["secret_key"], "authorization": ""}
        running.ask("POST", "/rest/v1/notes", {"text": "kept", "author": None}, headers=service)
        yield running


def service(served: Served) -> dict[str, str]:
    """Return the headers of the service role."""
    return {"apikey": served.keys["secret_key"], "authorization": ""}


def heard(process: subprocess.Popen[str], beginning: str) -> str:
    """Wait for the line that begins so, and return all that was printed up to it."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith(beginning):
            return "".join(lines)
    raise AssertionError("the server ended: " + "".join(lines))


def with_column(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the notes' schema with one more column."""
    return {**NOTES, "properties": {**NOTES["properties"], name: schema}}


def test_a_new_column_is_served_without_a_restart(served: Served) -> None:
    """An optional column joins the rows that are there, as null, and can be written."""
    write_project(served.project, {"notes": with_column("mood", {"type": ["string", "null"]})})
    heard(served.process, "Reloaded.")

    rows = served.ask("GET", "/rest/v1/notes?select=text,mood", headers=service(served))
    assert rows == [{"text": "kept", "mood": None}]


def test_what_would_lose_data_is_refused_while_the_old_is_served(served: Served) -> None:
    """A column that is gone from the file is named, and still served."""
    without = {name: value for name, value in NOTES["properties"].items() if name != "text"}
    write_project(served.project, {"notes": {**NOTES, "properties": without, "required": []}})
    told = heard(served.process, "Not reloaded")

    rows = served.ask("GET", "/rest/v1/notes?select=text", headers=service(served))
    assert rows == [{"text": "kept"}]
    assert "the last good state is served" in told
