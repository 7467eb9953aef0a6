"""The page on mail: its test runs, and its settings exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.process.server import NOTES, clean_environment, write_project

from jotbase.settings import read_settings, settings_help

PAGE = (Path(__file__).parents[2] / "docs" / "mail.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the page's blocks in that language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_settings_are_read() -> None:
    """What the page shows is accepted, and every name on it is a setting."""
    given = dict(line.split("=", 1) for line in blocks("")[0].splitlines())

    assert read_settings(given, {}).autoconfirm is False
    known = {name for name, _, _ in settings_help()}
    assert set(re.findall(r"JOTBASE_[A-Z_]+", PAGE)) - known == set()


def test_the_test_runs(tmp_path: Path) -> None:
    """A project's own test, with the plugin, as it stands on the page."""
    write_project(tmp_path, {"notes": NOTES}, **{"tests/test_page.py": blocks("python")[0]})
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert "1 passed" in done.stdout, done.stdout
