"""The official JavaScript client and a second factor, against a running server."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.process.server import NOTES, serving, write_project

SCRIPT = Path(__file__).with_name("supabase_js_factors.mjs")
VAULT = {**NOTES, "access": {"select": "user.aal == 'aal2'"}}


@pytest.mark.node
def test_supabase_js_comes_to_aal2_by_an_app_and_leaves_it(tmp_path: Path) -> None:
    """Enrol, challenge, verify, list, unenrol; a rule that asks for aal2 goes along at once."""
    with serving(write_project(tmp_path, {"vault": VAULT})) as served:
        service = {"apikey": served.keys["secret_key"], "authorization": ""}
        served.ask("POST", "/rest/v1/vault", {"text": "gold"}, headers=service)
        done = subprocess.run(
            ["node", str(SCRIPT), served.url, served.keys["publishable_key"]],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    levels = [
        (one["currentLevel"], one["nextLevel"], rows)
        for one, rows in (told["before"], told["after"])
    ]
    assert levels == [("aal1", "aal1", 0), ("aal2", "aal2", 1)]
    assert told["qr"] is True
    assert told["wrong"] == "mfa_verification_failed"
    assert told["listed"] == [["phone", "verified"]]
    assert told["unenrolled"] == [[], 0]
