"""The example's job board for clients' tests: its tables and rules, without its rows, and a table
of what the board has no use for.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.process.server import command

#: What clients ask for that a project has to switch on.
SETTINGS = {"JOTBASE_PLAN": "1", "JOTBASE_TX_END": "commit-allow-override"}

STAYS = {
    "type": "object",
    "properties": {
        "id": {"type": "integer", "identity": True},
        "floors": {"type": "string", "format": "int4range"},
        "during": {"type": "string", "format": "tstzrange"},
    },
    "required": ["floors", "during"],
    "primaryKey": ["id"],
}

FUNCTIONS = """
from typing import Annotated

from jotbase.functions import Refusal, Row, computed, data, rpc

Job = Annotated[Row, "jobs"]


@rpc
def add(a: int, b: int = 1) -> int:
    return a + b


@rpc(reads=True)
def paid(least: int) -> list[Job]:
    return data().get("jobs", {"salary": f"gte.{least}"})


@rpc
def found(handle: str, fail: bool = False) -> None:
    data().post("companies", {"handle": handle, "name": handle.title()})
    if fail:
        raise Refusal("P0001", "No more companies")


@computed
def shouted(job: Job) -> str:
    return job["title"].upper()
"""


def job_board(folder: Path) -> Path:
    """Make the job board without rows, and with functions for clients to call."""
    project = folder / "board"
    made = command("init", str(project), "--example", "jobs")
    if made.returncode:
        raise AssertionError(made.stderr)
    (project / "schemas" / "stays.json").write_text(json.dumps(STAYS))
    for name in ("seeds", "functions"):
        shutil.rmtree(project / name)
    (project / "functions").mkdir()
    (project / "functions" / "__init__.py").write_text(FUNCTIONS)
    return project
