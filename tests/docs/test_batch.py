"""The page on batches is run as it stands: its requests, its answers, and its programs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from tests.api.data_world import table
from tests.process.server import Served, serving, write_project

PAGE = (Path(__file__).parents[2] / "docs" / "batch.md").read_text(encoding="utf-8")
COMPANIES = table({"name": {"type": "string"}})
JOBS = table(
    {
        "title": {"type": "string"},
        "company_id": {"type": "integer", "references": "companies.id"},
    }
)


def blocks(language: str) -> list[str]:
    """Return the page's blocks in that language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    project = write_project(tmp_path, {"companies": COMPANIES, "jobs": JOBS})
    with serving(project) as one:
        yield one


def ask(served: Served, operations: Any) -> Any:
    """Return the answer to a batch, be it an error."""
    try:
        return served.ask("POST", "/rest/v1/", operations)
    except HTTPError as error:
        return json.load(error)


def test_the_answers_are_those_of_the_page(served: Served) -> None:
    """Each request is followed by its answer; the one that fails keeps nothing."""
    asked, answered, failing, refused = map(json.loads, blocks("json"))

    assert ask(served, asked) == answered
    assert ask(served, failing) == refused
    assert served.ask("GET", "/rest/v1/companies?select=name") == [{"name": "Acme"}]


@pytest.mark.node
def test_the_programs_run(served: Served) -> None:
    """They are given `url` and `key`, and print what each operation came to."""
    given = [f"url = {served.url!r}", f"key = {served.keys['publishable_key']!r}"]
    (script,), (python,) = blocks("js"), blocks("python")
    first = run("node", "--input-type=module", "-e", f"var {', '.join(given)}\n" + script)
    second = run(sys.executable, "-c", "\n".join([*given, python]))

    assert (first, second) == ("[ 201, 201 ]\n", "[204, 204]\n")


def run(*command: str) -> str:
    """Return what a program prints; a failing one fails the test."""
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
