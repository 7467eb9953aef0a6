"""`jotbase init`: creates a project, empty or from an example that ships with the package.

In charge of the initial files of a project. Must not know the content of an example.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

from jotbase.errors import Fault, ProjectError
from jotbase.schema.keywords.vocabulary import META_SCHEMA

EXAMPLES = Path(__file__).parent.parent / "examples"

_NOTES = {
    "$schema": "https://jotbase.dev/schema/table/v1",
    "description": "Notes that their author alone may see.",
    "type": "object",
    "properties": {
        "id": {"type": "integer", "identity": True, "readOnly": True},
        "text": {"type": "string", "minLength": 1, "maxLength": 2000},
        "author": {
            "type": "string",
            "format": "uuid",
            "references": "auth.users.id",
            "onDelete": "cascade",
            "defaultExpression": "user.id",
        },
        "created_at": {
            "type": "string",
            "format": "date-time",
            "readOnly": True,
            "defaultExpression": "now()",
        },
    },
    "required": ["text"],
    "additionalProperties": False,
    "primaryKey": ["id"],
    "access": {
        "select": "row.author == user.id",
        "insert": "new.author == user.id",
        "update": "row.author == user.id",
        "delete": "row.author == user.id",
    },
    "realtime": True,
}

_TEST = '''"""What the project promises, on a fresh backend for each test."""


def test_a_note_is_private(backend):
    """Only its author sees a note."""
    ada = backend.user("ada@example.com")
    assert ada.post("/notes", {"text": "mine"}).status == 201

    assert [note["text"] for note in ada.get("/notes").json()] == ["mine"]
    assert backend.user("bob@example.com").get("/notes").json() == []
'''

_IGNORED = "data/\n.env\n__pycache__/\n"
_EDITOR = {"json.schemas": [{"fileMatch": ["/schemas/*.json"], "url": "./.vscode/table-v1.json"}]}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    names = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())
    parser.add_argument("folder", nargs="?", default=".", help="where to make it (default: here)")
    parser.add_argument("--example", choices=names, help="begin with an example")


def run(options: argparse.Namespace) -> int:
    """Create the project; existing files are never overwritten."""
    folder = Path(options.folder).absolute()
    if (folder / "schemas").exists():
        raise ProjectError([Fault(str(folder), "", "there is a project in the folder already")])
    folder.mkdir(parents=True, exist_ok=True)
    if options.example:
        shutil.copytree(EXAMPLES / options.example, folder, dirs_exist_ok=True, ignore=_unwanted)
    else:
        _write(folder / "schemas" / "notes.json", json.dumps(_NOTES, indent=2) + "\n")
        _write(folder / "tests" / "test_notes.py", _TEST)
    _write(folder / ".gitignore", _IGNORED)
    _write(folder / ".vscode" / "settings.json", json.dumps(_EDITOR, indent=2) + "\n")
    _write(folder / ".vscode" / "table-v1.json", json.dumps(META_SCHEMA, indent=2) + "\n")
    print(f"Made a project in {folder}.")
    where = "" if folder == Path.cwd() else f" --project {options.folder}"
    print(f"Next: jotbase serve{where}")
    return 0


def _unwanted(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name in ("__pycache__", "data", ".env")}


def _write(path: Path, text: str) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
