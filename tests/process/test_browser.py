"""The job board in browser windows: what one does, the others show at once."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.process.server import Served, command, serving

SCRIPT = Path(__file__).with_name("board.mjs")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
REFUSED = "Failed to load resource: the server responded with a status of 400 (Bad Request)"
LATE = {
    "title": "Lighthouse keeper",
    "company": "nordlicht",
    "description": "You keep the light, and the log of all who pass by it.",
    "remote": True,
}


@contextmanager
def playing(url: str, errors: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the script of the windows; its complaints go to a file."""
    chromium = next(filter(None, map(shutil.which, BROWSERS)))
    with (
        errors.open("w") as told,
        subprocess.Popen(
            ["node", str(SCRIPT), url, chromium],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=told,
            text=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def asked(process: subprocess.Popen[str], errors: Path) -> str:
    """Return the next line that the script says."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, errors.read_text()
    return line.strip()


def answer(process: subprocess.Popen[str]) -> None:
    """Tell the script that what it asked for is done."""
    assert process.stdin is not None
    process.stdin.write("done\n")
    process.stdin.flush()


def post_unseen(project: Path) -> None:
    """Post a job through a server that no window knows of."""
    with serving(project) as elsewhere:
        secret = {"apikey": elsewhere.keys["secret_key"]}
        elsewhere.ask("POST", "/rest/v1/jobs", LATE, headers=secret)


def play(project: Path, errors: Path) -> str:
    """Serve the board to the windows, be gone when they ask for it, and return what they tell."""
    with serving(project) as served:
        port = str(urlsplit(served.url).port)
        with playing(served.url, errors) as windows:
            assert asked(windows, errors) == "stop"
            stop(served)
            answer(windows)
            assert asked(windows, errors) == "start"
            post_unseen(project)
            with serving(project, "--port", port):
                answer(windows)
                return asked(windows, errors)


def stop(served: Served) -> None:
    """End a server as its supervisor would; it closes its sockets first."""
    served.process.terminate()
    assert served.process.wait(20) == 0


@pytest.mark.browser
def test_the_job_board_lives_in_all_windows(tmp_path: Path) -> None:
    """Posts, edits, applications, decisions, refresh, an outage and sign-out reach every window."""
    project = tmp_path / "board"
    assert command("init", str(project), "--example", "jobs").returncode == 0

    assert json.loads(play(project, tmp_path / "errors.txt")) == {
        "jobs": 29,
        "handle": "harbour-clocks-sons",
        "marked": ["title", "description", "location"],
        "complaints": [REFUSED],
        "posted": ["Clockmaker", "€52,000"],
        "lit": True,
        "announced": "New: Clockmaker at Harbour Clocks & Sons.",
        "closed": "closed",
        "listed_when_closed": 0,
        "refreshed": True,
        "application": "I keep time. <img src=x onerror=alert(1)>",
        "markup": 0,
        "decided": "interview",
        "missed": "Nordlicht Energy",
        "left": 30,
        "late": 401,
        "asked_to_sign_in": True,
        "reloads": 0,
        "hosts": [],
    }
