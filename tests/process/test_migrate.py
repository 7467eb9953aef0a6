"""`jotbase migrate`: the plan first, then the change, and a note of it, on each engine."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.postgres_server import Server
from tests.process.server import NOTES, clean_environment, command, write_project

MORE = {**NOTES, "properties": {**NOTES["properties"], "mood": {"type": ["string", "null"]}}}
LESS = {**NOTES, "properties": {"id": NOTES["properties"]["id"]}, "required": [], "access": {}}


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> dict[str, str]:
    """Return the settings that choose each engine, with a database of the test's own."""
    if request.param == "sqlite":
        return {}
    server: Server = request.getfixturevalue("postgres_server")
    return {"JOTBASE_DATABASE_URL": asyncio.run(server.create())}


def migrate(
    project: Path, database: dict[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return command("migrate", "--project", str(project), *arguments, env=database)


def test_a_plan_changes_nothing_until_it_is_applied(
    tmp_path: Path, database: dict[str, str]
) -> None:
    """`--check` exits with 1 until then, and with 0 afterwards; without `--yes` nobody agrees."""
    project = write_project(tmp_path, {"notes": NOTES})
    asked = [migrate(project, database, *words) for words in (["--check"], ["--plan"], [])]
    applied = migrate(project, database, "--yes")

    assert [one.returncode for one in asked] == [1, 0, 0]
    assert "notes: new table" in asked[1].stdout
    assert "Not applied: --yes" in asked[2].stderr
    assert (applied.returncode, applied.stdout.splitlines()[-1]) == (0, "Applied.")
    assert migrate(project, database, "--check").returncode == 0


def test_what_changes_is_told_in_words_and_sql_and_noted(
    tmp_path: Path, database: dict[str, str]
) -> None:
    """Each statement stands with what it locks; the history has one entry a migration."""
    project = write_project(tmp_path, {"notes": NOTES})
    migrate(project, database, "--yes")
    write_project(project, {"notes": MORE})
    told = json.loads(migrate(project, database, "--plan", "--json").stdout)
    migrate(project, database, "--yes")
    history = json.loads(migrate(project, database, "--history", "--json").stdout)

    assert told["changes"] == ["notes: new column mood"]
    (added,) = [one for one in told["steps"] if "ADD COLUMN" in one["statement"]]
    assert "writers" in added["effect"]["locks"]
    assert [entry["changes"] for entry in history] == [
        ["notes: new table"], ["notes: new column mood"],
    ]  # fmt: skip
    assert all("jotbase migrate, " in entry["applied_by"] for entry in history)
    assert history[1]["statements"] == [one["statement"] for one in told["steps"]]


#: The command where the process's user has no account, as in a container with a number of its own.
NAMELESS = """
import getpass, sys
from jotbase.cli import main

def nobody():
    raise KeyError("getpwuid(): uid not found")

getpass.getuser = nobody
sys.exit(main())
"""


def test_a_user_without_an_account_is_noted_by_number(tmp_path: Path) -> None:
    """The migration is applied."""
    project = write_project(tmp_path, {"notes": NOTES})
    words = [sys.executable, "-c", NAMELESS, "migrate", "--project", str(project), "--yes"]
    done = subprocess.run(words, env=clean_environment(), timeout=60, check=False)
    (entry,) = json.loads(migrate(project, {}, "--history", "--json").stdout)

    assert done.returncode == 0
    assert entry["applied_by"].startswith(f"jotbase migrate, {os.getuid()}@")


def test_what_would_lose_values_is_refused(tmp_path: Path, database: dict[str, str]) -> None:
    """The exit code is 1, `--yes` or not, and the message says how to allow it."""
    project = write_project(tmp_path, {"notes": NOTES})
    migrate(project, database, "--yes")
    write_project(project, {"notes": LESS})
    refused = migrate(project, database, "--yes")

    assert refused.returncode == 1
    assert 'the column "text" is gone' in refused.stderr
    assert "drop notes.text" in refused.stderr


def test_servers_started_at_once_migrate_once(tmp_path: Path, database: dict[str, str]) -> None:
    """The others find the database as it is to be; all of them succeed."""
    project = write_project(tmp_path, {"notes": NOTES})
    words = [sys.executable, "-m", "jotbase", "migrate", "--project", str(project), "--yes"]
    for schema in (NOTES, MORE):
        write_project(project, {"notes": schema})
        running = [
            subprocess.Popen(words, env={**clean_environment(), **database}, text=True)
            for _ in range(3)
        ]
        assert [process.wait(60) for process in running] == [0, 0, 0]
    history = json.loads(migrate(project, database, "--history", "--json").stdout)

    assert [entry["changes"] for entry in history] == [
        ["notes: new table"], ["notes: new column mood"],
    ]  # fmt: skip
