"""README's tour is run as it stands: each command, each answer that it promises, and its code."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.process.server import NOTES, clean_environment, serving, write_project

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
WAIT = "until grep -q '^Keys for servers' serve.log; do jobs %1 > jobs.log; done"
ADA = {"email": "ada@example.com", "password": "correct horse"}


def blocks() -> list[tuple[str, str]]:
    """Return language and text of each block of the tour, in order."""
    tour = README.partition("## Five minutes")[2].partition("\n## ")[0]
    return re.findall(r"```(\w+)\n(.*?)```", tour, re.DOTALL)


def environment(folder: Path) -> dict[str, str]:
    """Return an environment with `jotbase` on its path, as an installed package gives it."""
    tool = folder / "bin" / "jotbase"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m jotbase "$@"\n')
    tool.chmod(0o755)
    path = f"{tool.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**clean_environment(), "PATH": path}


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A shell in an empty folder; whatever it started ends with it."""
    process = subprocess.Popen(
        ["bash", "-e"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=environment(tmp_path),
        start_new_session=True,
    )
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def run(shell: subprocess.Popen[str], text: str) -> str:
    """Run commands in the shell and return what they print; a failing one ends the test."""
    assert shell.stdin is not None
    assert shell.stdout is not None
    shell.stdin.write(text + "\necho; echo '--- done'\n")
    shell.stdin.flush()
    told: list[str] = []
    for line in shell.stdout:
        if line == "--- done\n":
            return "".join(told)
        told.append(line)
    raise AssertionError(f"failed: {text}\n{''.join(told)}")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def played(shell: subprocess.Popen[str]) -> Iterator[tuple[str, str, str]]:
    """Run the tour's commands; yield each block with what the command before it answered."""
    port, answer = free_port(), ""
    for language, text in blocks():
        if language == "sh" and text.strip() == "jotbase serve":
            run(shell, f"jotbase serve --port {port} > serve.log &\n{WAIT}")
        elif language == "sh":
            answer = run(shell, text.replace("localhost:8000", f"localhost:{port}"))
        yield language, text, answer


def test_the_tour_runs_as_it_is_written(shell: subprocess.Popen[str]) -> None:
    """Every command works, and every JSON that follows one is what it answered."""
    compared = []
    for language, text, answer in played(shell):
        if language == "json" and text.startswith('"access"'):
            schema = json.loads(answer[answer.index("{") :])  # what `cat` showed
            compared.append((json.loads(f"{{{text}}}")["access"], schema["access"]))
        elif language == "json":
            compared.append((json.loads(text), json.loads(answer)))
        elif text.startswith("jotbase explain"):
            assert '"row"."author" = ?' in answer
        elif "pytest" in text:
            assert "1 passed" in answer

    assert len(compared) == 4
    assert [shown for shown, _ in compared] == [answered for _, answered in compared]


def test_no_block_of_the_tour_is_left_out() -> None:
    """Each block is of a language whose blocks a test of this module runs or compares."""
    assert {language for language, _ in blocks()} == {"sh", "json", "js"}
    assert [language for language, _ in blocks()].count("js") == 1


@pytest.mark.node
def test_the_page_code_hears_its_own_note(tmp_path: Path) -> None:
    """The code for a page signs in, subscribes, inserts, and is told what it inserted."""
    (code,) = (text for language, text in blocks() if language == "js")
    with serving(write_project(tmp_path, {"notes": NOTES})) as served:
        served.ask("POST", "/auth/v1/signup", ADA)
        (tmp_path / "page.mjs").write_text(
            'import WebSocket from "ws";\nglobalThis.WebSocket ??= WebSocket;\n'
            f"const KEY = {json.dumps(served.keys['publishable_key'])};\n"
            + code.replace("http://localhost:8000", served.url).replace(
                "console.log",
                "({ eventType, new: note }) => {\n"
                "  console.log(eventType, note.text);\n  process.exit(0);\n}",
            )
        )
        (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
        done = subprocess.run(
            ["node", "page.mjs"], cwd=tmp_path, capture_output=True, timeout=60, check=False
        )

    assert (done.returncode, done.stdout) == (0, b"INSERT heard at once\n"), done.stderr
