"""The example's job board for clients' tests: its tables and rules, without its rows."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.process.server import command

#: What clients ask for that a project has to switch on.
SETTINGS = {"JOTBASE_PLAN": "1", "JOTBASE_TX_END": "commit-allow-override"}


def job_board(folder: Path) -> Path:
    """Make the job board without rows and functions."""
    project = folder / "board"
    made = command("init", str(project), "--example", "jobs")
    if made.returncode:
        raise AssertionError(made.stderr)
    for name in ("seeds", "functions"):
        shutil.rmtree(project / name)
    return project
