"""`jotbase users`: users made, seen, shut out and moved from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.process.server import NOTES, command, write_project

ADA, BOB = "ada@example.com", "bob@example.com"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "app", {"notes": NOTES})


def users(project: Path, *arguments: str, code: int = 0) -> Any:
    done = command("users", *arguments, "--json", "--project", str(project))
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def test_a_user_is_made_and_shut_out(project: Path) -> None:
    """Each action shows the user as it is then; the password that was made is shown once."""
    made = users(project, "create", ADA, "--role", "editor")
    banned = users(project, "ban", ADA, "--duration", "24h")
    free = users(project, "unban", made["id"])

    assert (made["email"], made["role"], len(made["password"])) == (ADA, "editor", 20)
    assert ("banned_until" in banned, "banned_until" in free) == (True, False)
    assert users(project, "sessions", ADA) == {"sessions": []}
    assert users(project, "sign-out", ADA) == {"signed_out": made["id"]}
    assert users(project, "delete", ADA) == {"deleted": made["id"]}
    assert users(project, "list") == {"users": [], "total": 0}
    actions = [one["payload"]["action"] for one in users(project, "audit")["entries"]]
    assert actions == ["user_deleted", "logout", "user_modified", "user_modified", "user_signedup"]


def test_users_move_with_their_passwords(project: Path, tmp_path: Path) -> None:
    """What one project exports another imports; what cannot be taken is named with its line."""
    users(project, "create", ADA, "--password", "correct horse")
    lines = command("users", "export", "--project", str(project)).stdout
    moved = tmp_path / "users.jsonl"
    moved.write_text(lines + json.dumps({"email": BOB, "password_hash": "md5"}) + "\n{}\n")
    other = write_project(tmp_path / "other", {"notes": NOTES})
    told = users(other, "import", str(moved), code=1)

    assert told == {
        "imported": 1,
        "refused": [
            {
                "place": "line 2",
                "reason": "has a password_hash of no known form (validation_failed)",
            },
            {"place": "line 3", "reason": "has no email (validation_failed)"},
        ],
    }
    (before,), (after,) = users(project, "export"), users(other, "export")
    assert before["password_hash"].startswith("$argon2id$")
    for one in (before, after):
        assert one.pop("email_confirmed_at")
    assert before == after


def test_what_is_asked_for_wrongly_is_named(project: Path) -> None:
    """Nobody of that name, no name, no such scope."""
    for arguments, reason in (
        (("ban", ADA), "there is no user 'ada@example.com'"),
        (("ban",), "users ban needs an address or id"),
        (("audit", "who:ada"), "the log is not sought by 'who'"),
        (("import", "missing.jsonl"), "missing.jsonl cannot be read"),
        (("list", "--limit", "0"), "--limit is a number from 1"),
    ):
        done = command("users", *arguments, "--project", str(project))
        assert (done.returncode, reason in done.stderr) == (1, True), done.stderr
