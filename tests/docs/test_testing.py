"""The page on tests: its tests run, and what it names is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import orjson
from tests.process.server import clean_environment, write_project

from jotbase.settings import Settings
from jotbase.testing import Client, caller

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
NOTES = {
    "type": "object",
    "properties": {
        "id": {"type": "integer", "identity": True},
        "owner": {"type": ["string", "null"], "defaultExpression": "user.id"},
        "text": {"type": "string"},
    },
    "required": ["id", "text"],
    "primaryKey": ["id"],
    "realtime": True,
    "access": {
        "select": "row.owner == user.id",
        "insert": "new.owner == user.id",
        "update": "row.owner == user.id",
        "delete": "row.owner == user.id",
    },
}


def test_the_tests_on_the_page_run(tmp_path: Path) -> None:
    """All of them, in a project with the table that they name."""
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
    seeds = orjson.dumps([{"text": "Welcome"}]).decode()
    (functions,) = re.findall(r"```py\n(.*?)```", PAGE, re.DOTALL)
    files = {"tests/test_page.py": code, "functions/__init__.py": functions}
    write_project(tmp_path, {"notes": NOTES}, **files, **{"seeds/notes.json": seeds})
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert f"{code.count('def test_')} passed" in done.stdout, done.stdout + done.stderr


def test_what_the_page_names_is_there() -> None:
    """Each method of a client, and each setting in a mark."""
    for name in re.findall(r"\| `(\w+)\(", PAGE):
        assert hasattr(Client, name) or name == caller.__name__
    for name in re.findall(r"(\w+)=", "".join(re.findall(r"mark\.settings\((.*?)\)", PAGE))):
        assert name in Settings.__dataclass_fields__
