"""A project moves from SQLite to PostgreSQL with all that it holds, killed on its way or not."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.postgres_server import Server
from tests.process.server import Served, clean_environment, command, serving

TEXT = "Twenty characters and more"
WHO = {"email": "ada@example.org", "password": "correct horse"}
#: Held, so that a copy waits with all rows there and nothing committed.
LAST_ROW = """SELECT 1 FROM "jotbase"."meta" WHERE "key" = 'first seeds' FOR UPDATE"""


def rows(served: Served) -> list[Any]:
    """Return what the service role sees of each table."""
    tables = ("companies", "jobs", "profiles", "applications")
    secret = {"apikey": served.keys["secret_key"]}
    return [served.ask("GET", f"/rest/v1/{name}?order=created_at", headers=secret)
            for name in tables]  # fmt: skip


@pytest.fixture
def board(tmp_path: Path) -> tuple[Path, Any, list[Any]]:
    """Give a job board that somebody has used, her session, and its rows."""
    project = tmp_path / "jobs"
    assert command("init", str(project), "--example", "jobs").returncode == 0
    with serving(project) as served:
        session = served.ask("POST", "/auth/v1/signup", WHO)
        token = session["access_token"]
        company = {"handle": "brass", "name": "B\\\t'\n", "about": ""}
        served.ask("POST", "/rest/v1/companies", company, token=token)
        for title in ("Clockmaker", "Escapement"):
            job = {"title": title, "company": "brass", "description": TEXT, "remote": True}
            served.ask("POST", "/rest/v1/jobs", {**job, "tags": ["a+b"], "equity": 0.1},
                       token=token)  # fmt: skip
        served.ask("DELETE", "/rest/v1/jobs?title=eq.Escapement", token=token)
        served.ask("POST", "/rest/v1/profiles", {"name": "Ada \U0001f9ed"}, token=token)
        seen = rows(served)
    return project, session, seen


def test_a_copy_is_the_project(board: tuple[Path, Any, list[Any]], postgres_server: Server) -> None:
    """Rows, accounts and sessions are there, and numbers go on where they were."""
    project, session, seen = board
    url = asyncio.run(postgres_server.create())
    copied = command("copy", "--project", str(project), url, "--json")
    assert copied.returncode == 0, copied.stderr
    counts = {one["table"]: one["rows"] for one in json.loads(copied.stdout)["tables"]}
    newest = max(job["id"] for job in seen[1]) + 1

    with serving(project, env={"JOTBASE_DATABASE_URL": url}) as served:
        again = served.ask("POST", "/auth/v1/token?grant_type=password", WHO)
        old = {"refresh_token": session["refresh_token"]}
        fresh = served.ask("POST", "/auth/v1/token?grant_type=refresh_token", old)
        job = {"title": "Wheels", "company": "brass", "description": TEXT, "remote": True}
        assert rows(served) == seen
        served.ask("POST", "/rest/v1/jobs", job, token=fresh["access_token"])
        made = served.ask("GET", "/rest/v1/jobs?title=eq.Wheels&select=id")
    assert again["user"]["id"] == session["user"]["id"]
    assert (counts["auth.users"], counts["jobs"]) == (1, len(seen[1]))
    assert made == [{"id": newest + 1}]


def test_a_copy_that_is_killed_leaves_nothing(
    board: tuple[Path, Any, list[Any]], postgres_server: Server
) -> None:
    """Killed with all rows there, it is made again from the start, and is whole."""
    project, _, seen = board
    url = asyncio.run(postgres_server.create())
    env = {"JOTBASE_DATABASE_URL": url}
    assert command("migrate", "--project", str(project), "--yes", env=env).returncode == 0

    assert asyncio.run(_jobs_after(lambda: _kill_at_the_end(project, url), url)) == 0
    assert command("copy", "--project", str(project), url).returncode == 0
    refused = command("copy", "--project", str(project), url)
    with serving(project, env=env) as served:
        assert rows(served) == seen
    assert refused.returncode == 1
    assert "auth.users: the database to copy to has rows of it already" in refused.stderr


async def _jobs_after(kill: Callable[[], None], url: str) -> int:
    """Kill a copy that waits for its last statement; return how many jobs are there then."""
    holder = await asyncpg.connect(url)
    held = holder.transaction()
    await held.start()
    await holder.fetch(LAST_ROW)
    await asyncio.to_thread(kill)
    await held.rollback()
    try:
        return int(await holder.fetchval("SELECT count(*) FROM jobs"))
    finally:
        await holder.close()


def _kill_at_the_end(project: Path, url: str) -> None:
    arguments = (sys.executable, "-m", "jotbase", "copy", "--project", str(project), url)
    copying = subprocess.Popen(
        arguments, stderr=subprocess.PIPE, text=True, env=clean_environment()
    )
    assert copying.stderr is not None
    assert any(line.startswith("profiles: 1 rows") for line in copying.stderr)
    copying.kill()
    copying.wait(20)
    copying.stderr.close()


def test_a_project_that_is_served_is_not_copied(
    board: tuple[Path, Any, list[Any]], postgres_server: Server
) -> None:
    """What is written after the copy would be left behind."""
    project, _, _ = board
    with serving(project):
        refused = command("copy", "--project", str(project), postgres_server.url())
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "copy: a server writes to the database" in refused.stderr
