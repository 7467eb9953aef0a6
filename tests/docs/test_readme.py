"""README's tour is run as it stands: each command, and each answer that it promises."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

README = Path(__file__).parent.parent.parent / "README.md"


def blocks() -> list[tuple[str, str]]:
    """Return language and text of each block of the tour, in order."""
    tour = README.read_text().partition("## Five minutes")[2].partition("\n## ")[0]
    return re.findall(r"```(\w+)\n(.*?)```", tour, re.DOTALL)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A shell in an empty folder, with `jotbase` on its path, that ends with its children."""
    tool = tmp_path / "bin" / "jotbase"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m jotbase "$@"\n')
    tool.chmod(0o755)
    path = f"{tool.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    clean = {key: value for key, value in os.environ.items() if not key.startswith("JOTBASE_")}
    process = subprocess.Popen(
        ["bash", "-e"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**clean, "PATH": path},
    )
    yield process
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write("kill $(jobs -p)\n")
        process.stdin.close()
    process.stdout.close()
    process.wait(30)


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


def test_the_tour_runs_as_it_is_written(shell: subprocess.Popen[str]) -> None:
    """Every command works, and every JSON that follows one is what it answered."""
    port, answer, compared = free_port(), "", 0
    for language, text in blocks():
        if language == "sh" and text.strip() == "jotbase serve":
            run(shell, f"jotbase serve --port {port} > serve.log &\n{WAIT.format(port=port)}")
        elif language == "sh":
            answer = run(shell, text.replace("localhost:8000", f"localhost:{port}"))
        elif language == "json" and text.lstrip()[0] in "[{":
            assert json.loads(answer) == json.loads(text)
            compared += 1

    assert compared == 3


WAIT = "until grep -q '^Keys for servers' serve.log; do [ -n \"$(jobs -r)\" ]; done; : {port}"
