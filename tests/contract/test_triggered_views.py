"""Views that triggers write: pulled from a database, written through, and made with them."""

import json
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.contract.served import ask

from jotbase.cli import main
from jotbase.errors import ProjectError
from jotbase.values import ANONYMOUS, SERVICE_PRINCIPAL, Principal

MADE = """
CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE, gone INT DEFAULT 0);
CREATE VIEW shelf AS SELECT title, count(*) OVER () AS of, id FROM books WHERE NOT gone;
CREATE TRIGGER "shelf add" INSTEAD OF INSERT ON shelf BEGIN
  INSERT INTO books (title) VALUES (new.title); END;
CREATE TRIGGER shelf_change INSTEAD OF UPDATE ON shelf BEGIN
  UPDATE books SET title = new.title WHERE id = old.id;
  SELECT RAISE(ABORT, 'no blank titles') WHERE new.title = ''; END;
CREATE VIEW bin AS SELECT DISTINCT id, title FROM books WHERE gone;
CREATE TRIGGER bin_empty INSTEAD OF DELETE ON bin BEGIN
  DELETE FROM books WHERE id = old.id; END;
INSERT INTO books (title, gone) VALUES ('one', 0), ('two', 0), ('three', 1), ('four', 1);
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Pull the database into a project."""
    with apsw.Connection(str(tmp_path / "old.db")) as connection:
        connection.execute(MADE)
    connection.close()
    path = tmp_path / "project"
    assert main(["pull", f"sqlite:///{tmp_path / 'old.db'}", "--out", str(path)]) == 0
    return path


def told(
    project: Path, *asked: tuple[str, str, str], caller: Principal = SERVICE_PRINCIPAL
) -> list[tuple[int, Any]]:
    """Return status and body of each answer, of a refusal its code alone."""
    answers = ask(project, *asked, caller=caller)
    found = [(one.status, json.loads(one.body or b"null")) for one in answers]
    return [(s, body["code"] if isinstance(body, dict) else body) for s, body in found]


def said(project: Path, name: str, **words: Any) -> None:
    """Change what a schema file says."""
    path = project / "schemas" / f"{name}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | words))


def test_options_tell_what_the_triggers_do(project: Path) -> None:
    """PUT is none of it, since SQLite merges nothing through a trigger."""
    shelf, bin_ = ask(project, ("OPTIONS", "shelf", ""), ("OPTIONS", "bin", ""))

    assert shelf.header("allow") == "OPTIONS,GET,HEAD,POST,PATCH"
    assert bin_.header("allow") == "OPTIONS,GET,HEAD,DELETE"


def test_writes_are_what_the_triggers_make_of_them(project: Path) -> None:
    """What comes back is what the statement said; the rows are as the trigger left them."""
    assert told(
        project,
        ("POST", "shelf", '{"title": "five"}'),
        ("PATCH", "shelf?select=title&title=in.(one,two)&order=title.desc", '{"of": 9}'),
        ("PATCH", "shelf?id=eq.1&select=was:title", '{"title": "uno"}'),
        ("DELETE", "bin?title=eq.three&select=t:title::text", ""),
        ("GET", "books?select=title", ""),
    ) == [
        (201, [{"title": "five", "of": None, "id": None}]),
        (200, [{"title": "two"}, {"title": "one"}]),
        (200, [{"was": "uno"}]),
        (200, [{"t": "three"}]),
        (200, [{"title": "uno"}, {"title": "two"}, {"title": "four"}, {"title": "five"}]),
    ]


def test_what_the_triggers_cannot_do_is_refused(project: Path) -> None:
    """Other writes, merges, and rows read again; what a trigger itself refuses, too."""
    assert told(
        project,
        ("DELETE", "shelf?id=eq.1", ""),
        ("POST", "bin", '{"title": "x"}'),
        ("PUT", "shelf?id=eq.1", '{"id": 1, "title": "x"}'),
        ("POST", "shelf?select=title::text", '{"title": "x"}'),
        ("POST", "shelf", '{"title": "two"}'),
        ("PATCH", "shelf?id=eq.1", '{"title": ""}'),
    ) == [
        (405, "55000"),
        (405, "55000"),
        (400, "0A000"),
        (400, "0A000"),
        (409, "23505"),
        (400, "P0001"),
    ]


def test_the_views_rules_hold_for_what_triggers_do(project: Path) -> None:
    """On rows as they were and as the statement would have them; the trigger has no rules."""
    rules = {
        "select": "row.id is None or row.id < 3",
        "insert": "new.title != 'no'",
        "update": "new.title != 'no' and new.of == row.of",
    }
    said(project, "shelf", access=rules)
    said(project, "books", access={})
    found = told(
        project,
        ("POST", "shelf", '{"title": "five"}'),
        ("POST", "shelf", '{"title": "no"}'),
        ("PATCH", "shelf?id=gt.0&select=id", '{"title": "no"}'),
        ("PATCH", "shelf?id=eq.1&select=id", '{"of": 7}'),
        ("PATCH", "shelf?id=eq.1&select=id,title", '{"title": "uno"}'),
        ("PATCH", "shelf?id=eq.5&select=id", '{"title": "cinco"}'),
        ("GET", "books", ""),
        caller=ANONYMOUS,
    )

    assert found == [
        (201, [{"title": "five", "of": None, "id": None}]),
        (401, "42501"),
        (401, "42501"),
        (401, "42501"),
        (200, [{"id": 1, "title": "uno"}]),
        (200, []),
        (200, []),
    ]
    assert told(project, ("GET", "books?select=title&gone=eq.0", "")) == [
        (200, [{"title": "uno"}, {"title": "two"}, {"title": "five"}])
    ]


def test_triggers_stay_when_views_are_made_anew(project: Path, tmp_path: Path) -> None:
    """A change of a table drops and makes all views."""
    said(project, "books", indexes=[["gone"]])
    body = "SELECT title, 1 AS of, id FROM books"
    said(project, "shelf", view=body)
    with pytest.raises(AssertionError):  # something was made anew
        ask(project)

    assert told(project, ("PATCH", "shelf?id=eq.3&select=of", '{"title": "tres"}')) == [
        (200, [{"of": 1}])
    ]


def test_a_view_with_triggers_is_not_dropped(project: Path) -> None:
    """Its file may have been lost by mistake, and the triggers stand nowhere else."""
    (project / "schemas" / "shelf.json").unlink()

    with pytest.raises(ProjectError, match=r'(?s)shelf_change\n.*DROP TRIGGER "shelf add";'):
        ask(project)
