"""The page /docs in a browser: tables and functions as the document has them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.process.server import NOTES, serving, write_project
from tests.process.test_browser import BROWSERS

SCRIPT = Path(__file__).with_name("reference.mjs")
CODE = """
from jotbase.functions import rpc


@rpc
def shout(text: str, volume: int = 1) -> str:
    return text.upper() + "!" * volume
"""


@pytest.mark.browser
@pytest.mark.node
def test_the_reference_shows_tables_and_functions(tmp_path: Path) -> None:
    """Each has its section for those who may use it, and can be found; nothing goes wrong."""
    project = write_project(tmp_path, {"notes": NOTES}, **{"functions/__init__.py": CODE})
    chromium = next(filter(None, map(shutil.which, BROWSERS)))
    with serving(project) as served:
        told = subprocess.run(
            ["node", str(SCRIPT), served.url, chromium, served.keys["secret_key"]],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout

    assert json.loads(told) == {
        "visitors": ["shout()", "Operators", "Errors", "Getting started"],
        "headings": ["notes", "shout()", "Operators", "Errors", "Getting started"],
        "example": 'const { data, error } = await supabase.rpc("shout", {"text":"text"});',
        "found": ["shout()"],
        "complaints": [],
    }
