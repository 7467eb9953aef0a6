"""The official JavaScript client against a running server."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

import pytest
from tests.postgres_server import Server
from tests.process.server import NOTES, serving, write_project

SCRIPT = Path(__file__).with_name("supabase_js.mjs")


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> dict[str, str]:
    """Return the settings that choose each engine, with a database of the test's own."""
    if request.param == "sqlite":
        return {}
    server: Server = request.getfixturevalue("postgres_server")
    return {"JOTBASE_DATABASE_URL": asyncio.run(server.create())}


@pytest.mark.node
def test_supabase_js_signs_up_reads_writes_and_hears(
    tmp_path: Path, database: dict[str, str]
) -> None:
    """`@supabase/supabase-js` signs up, does CRUD and receives its own changes live."""
    with serving(write_project(tmp_path, {"notes": NOTES}), env=database) as served:
        done = subprocess.run(
            ["node", str(SCRIPT), served.url, served.keys["publishable_key"]],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["signed_up"] == "ada@example.com"
    assert told["inserted"] == "first"
    assert told["refused"] == "23514"
    assert told["updated"] == "second"
    assert told["counted"] == 1
    assert told["stranger_sees"] == []
    assert told["heard"] == [
        ["INSERT", None, "first"],
        ["UPDATE", "first", "second"],
        ["DELETE", "second", None],
    ]
    assert told["refreshed"] is True
    assert told["after_sign_out"] == 401
