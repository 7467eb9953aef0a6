"""`jotbase types`: what it writes is what the compilers of both languages take."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.process.server import command, write_project

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
EXAMPLE = ROOT / "src" / "jotbase" / "examples" / "jobs"
COMPILER = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
PARTS = {
    "makers": {
        "type": "object",
        "properties": {
            "id": {"type": "integer", "identity": True, "readOnly": True},
            "title": {"type": "string"},
        },
        "required": ["title"],
        "primaryKey": ["id"],
    },
    "parts": {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "secret": {"type": "string", "writeOnly": True},
            "maker": {"type": "integer", "references": "makers.id"},
            "price": {"type": "string", "format": "decimal"},
            "made": {"type": "string", "format": "date-time"},
            "odd name": {"type": "integer"},
            "box": {
                "type": "object",
                "properties": {"width": {"type": "number"}, "height": {"type": ["number", "null"]}},
                "required": ["width"],
                "additionalProperties": False,
            },
        },
        "required": ["name", "secret"],
        "primaryKey": ["name"],
    },
    "names": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "maker": {"type": "integer"}},
        "required": ["name"],
        "view": "SELECT name, maker FROM parts",
    },
}
FUNCTIONS = """
from typing import Literal
from jotbase.functions import Row, rpc

@rpc
def add(a: int, b: int = 1) -> int: return a + b

@rpc
def found(size: Literal["small", "large"]) -> list[Row["parts"]]: return []

@rpc
def ping() -> None: return None
"""


def _project(folder: Path) -> Path:
    project = write_project(folder, PARTS)
    (project / "functions").mkdir()
    (project / "functions" / "__init__.py").write_text(FUNCTIONS)
    return project


def _compiled(folder: Path, program: str, types: str) -> str:
    (folder / "database.ts").write_text(types)
    (folder / program).write_text((HERE / program).read_text())
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    options = "--strict --noEmit --skipLibCheck --module esnext --moduleResolution bundler"
    done = subprocess.run(
        ["node", str(COMPILER), *options.split(), "--target", "es2022", program],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def _judged(folder: Path, *names: str) -> str:
    checked = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(folder / ".mypy")]
    done = subprocess.run([*checked, *names], cwd=folder, capture_output=True, text=True)  # noqa: PLW1510
    return done.stdout


@pytest.mark.node
def test_the_job_boards_types_are_those_of_the_official_client(tmp_path: Path) -> None:
    """Rows, embeds, filters and writes are typed, and each mistake of the program is one."""
    types = (EXAMPLE / "types" / "database.ts").read_text()

    assert _compiled(tmp_path, "typed_client.ts", types) == ""


@pytest.mark.node
def test_functions_views_and_objects_are_typed(tmp_path: Path) -> None:
    """Calls, what they return, views' embeds and objects have the types of their schemas."""
    made = command("types", "--lang", "typescript", "--project", str(_project(tmp_path / "app")))

    assert (made.returncode, made.stderr) == (0, "")
    assert _compiled(tmp_path, "typed_functions.ts", made.stdout) == ""


def test_the_job_boards_types_are_up_to_date() -> None:
    """What the example keeps is what the command writes."""
    for language, file in (
        ("typescript", EXAMPLE / "types" / "database.ts"),
        ("python", EXAMPLE / "functions" / "tables.py"),
    ):
        done = command("types", "--lang", language, "--check", str(file), "--project", str(EXAMPLE))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_file_out_of_date_is_told(tmp_path: Path) -> None:
    """`--check` exits with 1 once a schema has changed, and when there is no file."""
    project, file = _project(tmp_path / "app"), tmp_path / "tables.py"
    words = ("types", "--lang", "python", "--project", str(project))
    assert command(*words, "--check", str(file)).returncode == 1
    assert command(*words, "--out", str(file)).returncode == 0
    assert command(*words, "--check", str(file)).returncode == 0

    schema = project / "schemas" / "makers.json"
    schema.write_text(schema.read_text().replace('"title"', '"name"'))

    done = command(*words, "--check", str(file))
    assert (done.returncode, done.stderr) == (
        1,
        f"{file} is out of date: write it again with --out\n",
    )


def test_mypy_and_pydantic_take_the_python(tmp_path: Path) -> None:
    """TypedDicts and models pass mypy --strict; a model reads what the API sends."""
    project = _project(tmp_path / "app")
    for style in ("typeddict", "pydantic"):
        file = str(tmp_path / f"{style}_tables.py")
        words = ("types", "--lang", "python", "--style", style, "--out", file)
        assert command(*words, "--project", str(project)).returncode == 0
    (tmp_path / "use.py").write_text(
        "import decimal\n"
        "from typeddict_tables import Parts, PartsInsert\n"
        "from pydantic_tables import Parts as Read\n"
        'new: PartsInsert = {"name": "cog", "secret": "s", "box": {"width": 1}}\n'
        'def odd(row: Parts) -> int | None: return row["odd name"]\n'
        'sent = {"name": "cog", "maker": 1, "price": 1.5, "made": None, "box": None}\n'
        'sent["odd name"] = 3\n'
        "read = Read.model_validate(sent)\n"
        'assert read.price == decimal.Decimal("1.5") and read.odd_name == 3\n'
    )

    ran = subprocess.run([sys.executable, "use.py"], cwd=tmp_path, capture_output=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert _judged(tmp_path, "use.py").startswith("Success")


def test_the_job_boards_functions_pass_mypy(tmp_path: Path) -> None:
    """The example's own code is typed by what was made for it."""
    (tmp_path / "functions").symlink_to(EXAMPLE / "functions")

    assert _judged(tmp_path, "functions").startswith("Success")
