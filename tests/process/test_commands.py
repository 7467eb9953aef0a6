"""The commands beside `serve`: what they print, and their exit codes."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.process.server import NOTES, command, write_project


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The job board, made by `init`."""
    folder = tmp_path_factory.mktemp("board")
    assert command("init", str(folder / "jobs"), "--example", "jobs").returncode == 0
    return folder / "jobs"


def test_init_makes_a_project_that_has_no_mistakes(tmp_path: Path) -> None:
    """What `init` makes passes `check`, and is never written over."""
    made = command("init", str(tmp_path / "app"))
    checked = command("check", "--project", str(tmp_path / "app"))
    again = command("init", str(tmp_path / "app"))

    assert (made.returncode, checked.returncode, again.returncode) == (0, 0, 1)
    assert checked.stdout.endswith("0 mistakes\n")
    assert "there is a project in the folder already" in again.stderr


def test_check_tells_local_rules_from_relational_ones(board: Path) -> None:
    """Each rule is listed with how it is judged."""
    told = json.loads(command("check", "--project", str(board), "--json").stdout)

    judged = {(rule["table"], rule["action"]): rule["judged"] for rule in told["rules"]}
    assert told["faults"] == []
    assert judged["jobs", "select"] == "local"
    assert judged["applications", "select"] == "relational"


def test_check_asks_the_database_about_all_sql(tmp_path: Path) -> None:
    """Missing tables and circles are told with their file; nothing that a file holds is run."""
    over = {"type": "object", "properties": {"text": {"type": "string"}}}
    views = {
        "over": {**over, "view": "select text from nowhere"},
        "ring": {**over, "view": "select text from ring"},
        "two": {**over, "view": "select text from notes; delete from notes"},
    }
    project = write_project(tmp_path, {"notes": NOTES, **views})
    done = command("check", "--project", str(project))
    assert done.returncode == 1
    assert "schemas/two.json#/view: the view holds more than one statement" in done.stdout

    (project / "schemas/two.json").unlink()
    done = command("check", "--project", str(project))
    assert (
        "schemas/over.json#/view: the database cannot read the view: no such table" in done.stdout
    )
    assert "view ring is circularly defined" in done.stdout
    assert done.stdout.endswith("2 mistakes\n")


def test_check_tells_what_may_not_be_meant(tmp_path: Path) -> None:
    """With a code each; only with --strict is it a reason to fail; the file can say that it is."""
    notes = {**NOTES, "access": {"insert": "True", "update": "user.id is not None"}}
    project = write_project(tmp_path, {"notes": notes})
    with closing(sqlite3.connect(tmp_path / "old.db")) as old:
        old.execute("CREATE TABLE tags (name TEXT PRIMARY KEY COLLATE NOCASE, owner TEXT)")
    pulled = command("pull", str(tmp_path / "old.db"), "--out", str(project))
    file = project / "schemas/tags.json"
    tags = json.loads(file.read_text()) | {"access": {"select": "row.owner == user.id"}}
    file.write_text(json.dumps(tags))
    done = command("check", "--project", str(project), "--json")
    codes = [one["code"] for one in json.loads(done.stdout)["advice"]]
    assert (pulled.returncode, done.returncode) == (0, 0)
    assert codes == ["anonymous-write", "stranger-write", "nocase-unique"]
    assert command("check", "--project", str(project), "--strict").returncode == 1

    known = dict.fromkeys(codes[:2], "a wall that everybody writes on")
    (project / "schemas/notes.json").write_text(json.dumps({**notes, "acknowledges": known}))
    file.write_text(json.dumps(tags | {"acknowledges": {"nocase-unique": "names are public"}}))
    assert command("check", "--project", str(project), "--strict").returncode == 0


def test_seed_loads_rows_once(tmp_path: Path) -> None:
    """Seeds go into empty tables through the checks; a second run leaves them alone."""
    seeds = '[{"text": "one"}, {"text": "two"}]'
    project = write_project(tmp_path, {"notes": NOTES}, **{"seeds/notes.json": seeds})
    first = command("seed", "--project", str(project), "--json")
    second = command("seed", "--project", str(project), "--json")

    assert json.loads(first.stdout) == {"notes": 2}
    assert json.loads(second.stdout) == {}


def test_a_seed_that_breaks_its_schema_is_named(tmp_path: Path) -> None:
    """The file, the place in it and the reason are told, and nothing is loaded."""
    seeds = '[{"text": "one"}, {"text": ""}]'
    project = write_project(tmp_path, {"notes": NOTES}, **{"seeds/notes.json": seeds})
    done = command("seed", "--project", str(project))

    assert done.returncode == 1
    assert "seeds/notes.json#/1/text" in done.stderr


def test_explain_shows_the_rule_in_the_sql(board: Path) -> None:
    """The statement of a read holds the rule, its values are listed, and its plan is told."""
    caller = "4d6e6f70-0000-4000-8000-000000000001"
    done = command(
        *("explain", "GET /jobs?select=title&id=eq.7", "--sub", caller),
        *("--project", str(board), "--json"),
    )

    told = json.loads(done.stdout)
    (statement,) = told["statements"]
    assert {rule["action"] for rule in told["rules"]} >= {"select", "insert"}
    assert '"posted_by" = ?' in statement["sql"]
    assert caller in statement["values"]
    assert 7 in statement["values"]
    assert any("SEARCH" in line for line in statement["plan"])


def test_explain_of_a_write_changes_nothing(board: Path) -> None:
    """A write is run and undone: its statements are shown, and no row is there afterwards."""
    body = '{"handle": "acme", "name": "Acme", "city": "Ulm", "about": "Anvils."}'
    arguments = ("--role", "service_role", "--project", str(board), "--json")
    done = command("explain", "POST /companies", "--body", body, *arguments)
    read = command("explain", "GET /companies?handle=eq.acme", *arguments)

    statements = json.loads(done.stdout)["statements"]
    assert any(one["sql"].startswith("INSERT INTO") for one in statements)
    assert read.returncode == 0


def test_explain_says_why_a_change_is_not_told(tmp_path: Path) -> None:
    """Of a change in the log, to whoever follows the request: the rule or the filter is named."""
    project = write_project(tmp_path, {"notes": NOTES}, **{"seeds/notes.json": '[{"text": "a"}]'})
    command("seed", "--project", str(project))
    arguments = ("--subscription", "1", "--project", str(project))
    hidden = command("explain", "GET /notes", *arguments)
    other = command("explain", "GET /notes?text=eq.b", "--role", "service_role", *arguments)
    none = command("explain", "GET /notes", "--subscription", "7", "--project", str(project))

    assert json.loads(hidden.stdout)["withheld_by"] == "rule"
    assert json.loads(other.stdout)["detail"] == "text=eq.b"
    assert (none.returncode, "The log has no change '7'" in none.stderr) == (1, True)


def test_token_signs_for_somebody(board: Path) -> None:
    """The token's claims are those asked for."""
    done = command(
        *("token", "--sub", "4d6e6f70-0000-4000-8000-000000000001", "--email", "ada@example.com"),
        *("--claims", '{"org": "acme"}', "--project", str(board), "--json"),
    )

    told = json.loads(done.stdout)
    assert told["token"].count(".") == 2
    assert told["claims"]["email"] == "ada@example.com"
    assert told["claims"]["org"] == "acme"
    assert told["claims"]["role"] == "authenticated"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("serv",), "perhaps you meant serve"),
        (("--project", ".", "serve"), "jotbase serve --project ."),
        (("keys", "--jsn"), "perhaps you meant --json"),
        (("serve", "--prot", "3"), "perhaps you meant --port"),
        (("check", "app"), "jotbase check --project app"),
        (
            ("nothing-like-it",),
            "one of init, serve, seed, migrate, check, pull, copy, export, types, users,"
            " tasks, keys, token, explain",
        ),
    ],
)
def test_a_command_used_wrongly_exits_with_2(words: tuple[str, ...], hint: str) -> None:
    """An unknown command or option is the user's mistake, told with what may be meant."""
    done = command(*words)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == f"    hint: {hint}"


def test_secrets_are_not_shown_where_settings_are(board: Path) -> None:
    """`serve --help` lists every setting, and no secret's value."""
    done = command("serve", "--help", "--project", str(board))

    assert "JOTBASE_JWT_SECRET" in done.stdout
    assert "JOTBASE_MAX_ROWS" in done.stdout
