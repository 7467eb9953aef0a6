"""How a start goes, and how it is refused: one clear line, exit code 1, nothing changed."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.process.server import NOTES, command, serving, start, write_project

from jotbase.errors import ProjectError
from jotbase.http.server.process import listen


def test_the_first_start_makes_keys_that_only_the_owner_reads(tmp_path: Path) -> None:
    """`.env` is made with mode 600, and a second start keeps the same keys."""
    project = write_project(tmp_path, {"notes": NOTES})
    with serving(project) as served:
        first = served.keys
    with serving(project) as served:
        second = served.keys

    assert stat.S_IMODE((project / ".env").stat().st_mode) == 0o600
    assert first["publishable_key"] == second["publishable_key"]
    assert first["publishable_key"].startswith("sb_publishable_")
    assert first["secret_key"].startswith("sb_secret_")


def test_first_commands_at_one_moment_make_one_secret(tmp_path: Path) -> None:
    """Whoever comes second takes the keys that the first one made."""
    project = write_project(tmp_path, {"notes": NOTES})
    with ThreadPoolExecutor(4) as pool:
        done = list(
            pool.map(lambda _: command("keys", "--json", "--project", str(project)), range(4))
        )

    assert [one.returncode for one in done] == [0] * 4
    assert len({one.stdout for one in done}) == 1


def test_keys_name_where_the_project_is_served(tmp_path: Path) -> None:
    """On whatever port that is, as long as it is; then what the settings say."""
    project = write_project(tmp_path, {"notes": NOTES})

    def url() -> str:
        done = command("keys", "--json", "--project", str(project))
        return str(json.loads(done.stdout)["url"])

    with serving(project) as served:
        assert url() == served.url
        served.kill()
        assert url() == "http://localhost:8000"


def test_a_start_takes_others_rights_away(tmp_path: Path) -> None:
    """`.env`, `data/` and the database lose the rights that others had, and it is said."""
    project = write_project(tmp_path, {"notes": NOTES})
    with serving(project):
        pass
    private = [project / ".env", project / "data", project / "data" / "jotbase.db"]
    for path in private:
        path.chmod(0o755)
    done = command("check", "--project", str(project))
    with serving(project):
        found = {path: stat.S_IMODE(path.stat().st_mode) for path in private}

    assert done.returncode == 0
    assert set(found.values()) == {0o700}


def test_two_servers_on_one_port_are_told_apart(tmp_path: Path) -> None:
    """The port is taken as soon as it is bound: of two starts at one moment one is refused."""
    first = listen("127.0.0.1", 0)
    with closing(first), pytest.raises(ProjectError) as caught:
        listen("127.0.0.1", first.getsockname()[1])

    assert "cannot listen there" in str(caught.value)


HANGING = """
import threading
from jotbase.functions import rpc

threading.Thread(target=threading.Event().wait).start()

@rpc
def hello() -> str:
    return "hello"
"""


def test_a_stop_ends_whatever_hangs(tmp_path: Path) -> None:
    """A thread of the project's that never ends keeps the process for seconds, not for ever."""
    project = write_project(tmp_path, {"notes": NOTES}, **{"functions/__init__.py": HANGING})
    served = start(project)
    served.process.terminate()

    assert served.process.wait(60) == -signal.SIGALRM
    assert served.process.stdout is not None
    served.process.stdout.close()


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    """A port that another program has is named, with what to do."""
    project = write_project(tmp_path, {"notes": NOTES})
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = command("serve", "--project", str(project), "--port", str(port))

    assert done.returncode == 1
    assert f"127.0.0.1:{port}: cannot listen there: Address already in use" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"JOTBASE_PROT": "8000"}, "JOTBASE_PROT is not a setting"),
        ({"JOTBASE_PORT": "many"}, "JOTBASE_PORT: 'many' is not a whole number"),
        ({"JOTBASE_JWT_SECRET": "short"}, "JOTBASE_JWT_SECRET is shorter than 32 bytes"),
        ({"JOTBASE_ENV": "production"}, "JOTBASE_JWT_KEYS must be set"),
        ({"JOTBASE_DATABASE_URL": "mysql://x"}, "JOTBASE_DATABASE_URL"),
    ],
)
def test_a_wrong_setting_stops_the_start(
    tmp_path: Path, variables: dict[str, str], said: str
) -> None:
    """An unknown, malformed or missing setting is named; nothing is made."""
    project = write_project(tmp_path, {"notes": NOTES})
    done = command("serve", "--project", str(project), env=variables)

    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (project / "data").exists()


def test_a_missing_project_is_said(tmp_path: Path) -> None:
    """A folder that is none, or holds no schemas, is named."""
    nowhere = command("serve", "--project", str(tmp_path / "nowhere"))
    empty = command("serve", "--project", str(tmp_path))

    assert nowhere.returncode == empty.returncode == 1
    assert "there is no such folder" in nowhere.stderr
    assert "holds no schemas/" in empty.stderr
    assert "jotbase init" in empty.stderr


def test_an_unreadable_schema_is_said_with_its_place(tmp_path: Path) -> None:
    """A schema file that is no JSON is named with the line; no database is made."""
    project = write_project(tmp_path, {"notes": NOTES}, **{"schemas/bad.json": '{"type": object}'})
    done = command("serve", "--project", str(project))

    assert done.returncode == 1
    assert "bad.json" in done.stderr
    assert "line 1" in done.stderr
    assert not (project / "data" / "jotbase.db").exists()


def test_a_database_that_is_none_is_said(tmp_path: Path) -> None:
    """A file that is not a database stops the start and is left as it was."""
    project = write_project(
        tmp_path, {"notes": NOTES}, **{"data/jotbase.db": "not a database" * 99}
    )
    done = command("serve", "--project", str(project))

    assert done.returncode == 1
    assert "jotbase.db" in done.stderr
    assert "Traceback" not in done.stderr
    assert (project / "data" / "jotbase.db").read_text() == "not a database" * 99


@pytest.mark.parametrize("first", [0, 100, 4096])
def test_an_overwritten_database_is_said(tmp_path: Path, first: int) -> None:
    """From wherever on another program wrote over it, the start ends in one clear line."""
    project = write_project(tmp_path, {"notes": NOTES})
    with serving(project):
        pass
    database = project / "data" / "jotbase.db"
    content = database.read_bytes()
    database.write_bytes(content[:first] + b"\xff" * (len(content) - first))
    done = command("serve", "--project", str(project), "--port", "0")

    assert done.returncode == 1
    assert "database" in done.stderr
    assert "damaged" in done.stderr or "not an SQLite database" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes where others may not")
def test_a_read_only_folder_is_said(tmp_path: Path) -> None:
    """A folder that cannot be written stops the start with its name."""
    project = write_project(tmp_path, {"notes": NOTES})
    project.chmod(0o500)
    try:
        done = command("serve", "--project", str(project))
    finally:
        project.chmod(0o700)

    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_a_loss_of_data_is_refused_with_the_steps(tmp_path: Path) -> None:
    """A column dropped from a schema file stops the next start; the rows are untouched."""
    project = write_project(tmp_path, {"notes": NOTES})
    with serving(project) as served:
        session = served.ask(
            "POST", "/auth/v1/signup", {"email": "ada@example.com", "password": "correct horse"}
        )
        token = session["access_token"]
        served.ask("POST", "/rest/v1/notes", {"text": "kept"}, token=token)
    without = {**NOTES, "required": []}
    without["properties"] = {k: v for k, v in NOTES["properties"].items() if k != "text"}
    write_project(tmp_path, {"notes": without})
    done = command("serve", "--project", str(project))
    write_project(tmp_path, {"notes": NOTES})

    assert done.returncode == 1
    assert "text" in done.stderr
    with serving(project) as served:
        assert served.ask("GET", "/rest/v1/notes?select=text", token=token) == [{"text": "kept"}]


def test_check_lists_every_mistake(tmp_path: Path) -> None:
    """`jotbase check` exits with 1 and names each file, pointer and hint; `--json` is data."""
    wrong = {**NOTES, "requird": ["text"], "access": {"select": "row.autor == user.id"}}
    project = write_project(tmp_path, {"notes": wrong, "ok": NOTES})
    done = command("check", "--project", str(project), "--json")

    faults = json.loads(done.stdout)["faults"]
    assert done.returncode == 1
    assert {(fault["file"].split("/")[-1], fault["pointer"]) for fault in faults} >= {
        ("notes.json", "/requird"),
        ("notes.json", "/access/select"),
    }
    assert any("required" in (fault["hint"] or "") for fault in faults)
    assert any("author" in (fault["hint"] or "") for fault in faults)


def by_hand(project: Path, *statements: str) -> None:
    """Change a project's database as a program of the user's would."""
    with closing(sqlite3.connect(project / "data" / "jotbase.db")) as database:
        for statement in statements:
            database.execute(statement)


def test_a_view_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """SQLite changes no table while there is one, whoever made it; and shows nothing of it."""
    project = write_project(tmp_path, {"notes": NOTES})
    with serving(project):
        pass
    by_hand(project, "CREATE TABLE old (a)", "CREATE VIEW lost AS SELECT a FROM old")
    by_hand(project, "DROP TABLE old")
    kinds = {"type": "string", "minLength": 1, "default": "new"}  # made anew, and not in place
    changed = {**NOTES, "properties": {**NOTES["properties"], "text": kinds}}
    write_project(tmp_path, {"notes": changed})
    done = command("serve", "--project", str(project))

    assert done.returncode == 1
    assert 'the database cannot read the view "lost": no such table: main.old' in done.stderr
    assert 'DROP VIEW "lost";' in done.stderr
    assert "Traceback" not in done.stderr


def test_a_view_whose_table_was_dropped_by_hand_is_named(tmp_path: Path) -> None:
    """The file is right, the database is not: it is told, and nothing is served."""
    shown = {
        "type": "object",
        "properties": {"x": {"type": "string"}},
        "view": "SELECT a AS x FROM made",
    }
    made = {"type": "object", "properties": {"a": {"type": "string"}}}
    project = write_project(tmp_path, {"notes": NOTES, "made": made, "shown": shown})
    with serving(project):
        pass
    by_hand(project, "DROP VIEW shown", "CREATE VIEW shown AS SELECT gone AS x FROM made")
    done = command("serve", "--project", str(project))

    assert done.returncode == 1
    assert 'the database cannot read the view "shown": no such column: gone' in done.stderr
    assert "Traceback" not in done.stderr


HELD = """
from flask import Flask
app = Flask(__name__)

@app.get("/held")
def held():
    with open("{fifo}") as ready:  # until the test opens the other end, and closes it
        return ready.read()
"""


def test_a_server_that_is_told_to_stop_finishes_what_is_under_way(tmp_path: Path) -> None:
    """It takes no more connections, answers what it has begun, and exits with 0."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    functions = {"functions/__init__.py": HELD.format(fifo=fifo)}
    project = write_project(tmp_path, {"notes": NOTES}, **functions)
    with serving(project) as served, ThreadPoolExecutor(1) as threads:
        answer = threads.submit(served.ask, "GET", "/functions/v1/held")
        with fifo.open("w") as ready:  # the request is in the view
            served.process.terminate()
            refusing(served.url)
            ready.write('"finished"')

        assert answer.result(20) == "finished"
        assert served.process.wait(20) == 0


def refusing(url: str) -> None:
    """Wait until no new connection is taken."""
    parts = urlsplit(url)
    try:
        while True:
            socket.create_connection((parts.hostname or "", parts.port or 0), 20).close()
    except OSError:
        return


def test_help_shows_defaults_where_there_are_some() -> None:
    """A setting without one has no brackets."""
    shown = command("serve", "--help").stdout

    assert "[8000]" in shown
    assert "[]" not in shown
