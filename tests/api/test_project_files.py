"""Files of a project that would be passed over in silence, and what is said of them instead."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson
import pytest
from tests.api.data_world import table

from jotbase.errors import Fault, ProjectError
from jotbase.functions.loading import load_functions
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
            b"",
            "write an array of rows: [{…}, {…}], or [] for none",
        ),
        ("notes", b"\xef\xbb\xbf[]", "save it as UTF-8 without a byte order mark"),
        (
            "notes",
            b'[{"text": ' + b"[" * 2000 + b"]" * 2000 + b"}]",
            "store less deeply nested values",
        ),
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


def test_lines_of_variables_that_cannot_be_read_are_mistakes(tmp_path: Path) -> None:
    """Each is named by its number, and its text, which may be a secret, is not shown."""
    content = b'A=1\nsecret words\nB="two\nlines"\n=x\nC="unclosed\n'
    with pytest.raises(ProjectError) as caught:
        load_settings(str(written(tmp_path, (".env", content))))

    reasons = [fault.reason for fault in caught.value.faults]
    assert reasons == [f"line {number} is no assignment" for number in (2, 5, 6)]
    assert {fault.file for fault in caught.value.faults} == {".env"}
    assert "secret" not in str(caught.value)


def test_a_variable_that_lacks_the_prefix_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It may be another program's, so it is no mistake; what Jotbase does not know is not told."""
    load_settings(str(written(tmp_path, (".env", b"PORT=1\nCOLOUR=2\n"))))

    assert caplog.messages == [".env: PORT is not read by Jotbase; the setting is JOTBASE_PORT"]


@pytest.mark.parametrize(
    ("code", "file", "reason", "hint"),
    [
        (b"import nosuch", "__init__", "ModuleNotFoundError: No module named 'nosuch'", "install"),
        (b"x = 1\ny = z", "__init__", "NameError: name 'z' is not defined", "line 2: y = z"),
        (b"def f(:", "__init__", "SyntaxError: invalid syntax", "line 1: def f(:"),
        (b"raise SystemExit(3)", "__init__", "SystemExit: 3", "must not end the process"),
        (b"from . import bad", "bad", "ZeroDivisionError: division by zero", "line 2: y = 1 / 0"),
        (b"from .bad import a", "bad", "ZeroDivisionError: division by zero", "line 2: y = 1 / 0"),
        (b"from json import lods", "__init__", "ImportError: cannot import", "spelling"),
    ],
)
def test_code_that_fails_to_load_is_told_with_its_place(
    tmp_path: Path, code: bytes, file: str, reason: str, hint: str
) -> None:
    """The file and line of the project's own, what Python says, and what to do."""
    project = written(
        tmp_path, ("functions/__init__.py", code), ("functions/bad.py", b"x = 1\ny = 1 / 0\n")
    )
    with pytest.raises(ProjectError) as caught:
        load_functions(project / "functions")

    (fault,) = caught.value.faults
    assert fault.file == f"functions/{file}.py"
    assert fault.reason.startswith(f"the code failed to load: {reason}")
    assert "(line " in fault.reason
    assert hint in str(fault.hint)
