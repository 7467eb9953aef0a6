"""Files of a project that would be passed over in silence, and what is said of them instead."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson
import pytest
from tests.api.data_world import table

from jotbase.errors import Fault, ProjectError
from jotbase.functions.host import load_functions
from jotbase.project.data import read_definition
from jotbase.project.folder import Project
from jotbase.startup.loading import load, load_settings

NOTES = orjson.dumps(table({"text": {"type": "string"}}))


def written(folder: Path, *files: tuple[str, bytes]) -> Path:
    """Return the folder of a project of one table and these files."""
    for name, content in (("schemas/notes.json", NOTES), *files):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("name", "place", "hint"),
    [
        ("schemas/u.yaml", "schemas/u.yaml", "call it u.json"),
        ("schemas/u.JSON", "schemas/u.JSON", "call it u.json"),
        ("schemas/u.sql", "schemas/u.sql", "call it u.json"),
        ("schemas/blog/posts.json", "schemas/blog", "move its files to schemas/"),
    ],
)
def test_schemas_that_are_not_read_are_told(
    tmp_path: Path, name: str, place: str, hint: str
) -> None:
    """A table that is not there is no riddle."""
    with pytest.raises(ProjectError) as refused:
        read_definition(Project(written(tmp_path, (name, NOTES))))

    assert [(fault.file, fault.hint) for fault in refused.value.faults] == [(place, hint)]


def test_notes_beside_schemas_are_no_schemas(tmp_path: Path) -> None:
    """What nobody takes for a schema may lie there."""
    files = [("schemas/README.md", b"#"), ("schemas/.hidden", b""), ("schemas/a.json~", b"{")]
    definition = read_definition(Project(written(tmp_path, *files)))

    assert [one.name for one in definition.model] == ["notes"]


def test_functions_begin_with_their_one_file(tmp_path: Path) -> None:
    """Code in another file alone is not passed over."""
    written(tmp_path, ("functions/main.py", b"app = None\n"))
    with pytest.raises(ProjectError) as refused:
        load_functions(tmp_path / "functions")
    (fault,) = refused.value.faults

    assert (fault.file, fault.hint) == (
        "functions/__init__.py",
        "import it there: from .main import app",
    )


def seed_fault(folder: Path) -> Fault:
    """Return the one fault that keeps the project from starting."""

    async def start() -> None:
        await load(*load_settings(str(folder)), "http://localhost").start()

    with pytest.raises(ProjectError) as refused:
        asyncio.run(start())
    (fault,) = refused.value.faults
    return fault


@pytest.mark.parametrize(
    ("name", "rows", "hint"),
    [
        ("users", b"[]", "accounts are made by signing up, or by the admin API"),
        ("posts", b"[]", "its tables: notes"),
        ("note", b"[]", "did you mean notes.json?"),
        ("notes", b'[{"txet": "a"}]', "its columns: id, text"),
        (
            "notes",
            b"[{'text': 'a'}]",
            "JSON has double quotes only, no comments, and no comma before a closing bracket",
        ),
    ],
)
def test_seeds_at_fault_say_what_to_write(
    tmp_path: Path, name: str, rows: bytes, hint: str
) -> None:
    """Wrong names get the right ones."""
    fault = seed_fault(written(tmp_path, (f"seeds/{name}.json", rows)))

    assert (fault.file, fault.hint) == (f"seeds/{name}.json", hint)
