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


def job_board(folder: Path) -> Path:
    """Make the job board without rows and functions."""
    project = folder / "board"
    made = command("init", str(project), "--example", "jobs")
    if made.returncode:
        raise AssertionError(made.stderr)
    (project / "schemas" / "stays.json").write_text(json.dumps(STAYS))
    for name in ("seeds", "functions"):
        shutil.rmtree(project / name)
    return project
