"""Child processes of the benchmark: started, watched and surely stopped.

Reads what Linux says of a process (/proc). Must not know which server it runs.
"""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1  # prctl(2): the kernel ends the child when the benchmark dies, however it dies
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class NotReady(RuntimeError):
    """A server that ended or did not answer in time; carries the end of what it printed."""


# What a server or its clients may do to a measurement: it is told, and the next one begins.
CANNOT_GO_ON = (
    RuntimeError,
    OSError,
    subprocess.SubprocessError,
    http.client.HTTPException,
    ValueError,
    KeyError,
)


def describe(error: BaseException) -> str:
    """An error in words, with what a command of its own had to say."""
    said = error.stderr if isinstance(error, subprocess.CalledProcessError) else None
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said or error)
    return f"{type(error).__name__}: {text.strip()[-400:]}"


@dataclass(frozen=True, slots=True)
class Child:
    """One running process, leader of its own group, and the file that takes what it prints."""

    process: subprocess.Popen[bytes]
    started: float
    output: Path


def start(
    command: Sequence[str], folder: Path, env: Mapping[str, str], output: Path, **pipes: int
) -> Child:
    """Starts a command in its own process group. `started` is time.monotonic() seconds."""
    with output.open("ab") as log:
        started = time.monotonic()
        process = subprocess.Popen(
            list(command),
            cwd=folder,
            env={**env, "HOME": str(folder)},
            stdin=pipes.get("stdin", subprocess.DEVNULL),
            stdout=pipes.get("stdout", log.fileno()),
            stderr=log.fileno(),
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - no thread runs while children start
        )
    return Child(process, started, output)


def stop(child: Child, patience: float = 5.0) -> None:
    """Ends a child and its group: SIGTERM, then SIGKILL after `patience` seconds."""
    try:
        if child.process.poll() is None:
            os.killpg(child.process.pid, signal.SIGTERM)
            child.process.wait(patience)
    except subprocess.TimeoutExpired:
        pass
    finally:
        _kill_group(child.process.pid)
        child.process.wait()


def await_ready(child: Child, port: int, patience: float = 30.0) -> float:
    """Waits for the first 200 of GET /health; gives the seconds since the child was started."""
    question = f"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    while time.monotonic() - child.started < patience:
        if child.process.poll() is not None:
            raise NotReady(f"ended with {child.process.returncode}: {last_words(child)}")
        if _status_line(port, question.encode()).startswith(b"HTTP/1.1 200"):
            return time.monotonic() - child.started
        time.sleep(0.001)
    raise NotReady(f"no 200 from /health in {patience:.0f} s: {last_words(child)}")


def last_words(child: Child) -> str:
    """The last lines that a child printed, on one line."""
    text = child.output.read_text(errors="replace").strip()
    return " | ".join(text.splitlines()[-4:])[-600:] or "(printed nothing)"


def resident_bytes(child: Child) -> int:
    """Resident memory of a child and all below it, in bytes."""
    pages = 0
    for pid in _tree(child.process.pid):
        try:
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return pages * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(child: Child) -> float:
    """Processor time that a child and all below it have used, user and system, in seconds."""
    ticks = 0
    for pid in _tree(child.process.pid):
        fields = _stat_fields(pid)
        ticks += int(fields[11]) + int(fields[12]) if fields else 0
    return ticks / TICKS_PER_SECOND


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _status_line(port: int, question: bytes) -> bytes:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2.0) as connection:
            connection.sendall(question)
            return connection.recv(64)
    except OSError:
        return b""


def _tree(root: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat_fields(int(entry.name))):
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found.extend(parents.get(pid, []))
    return found


def _stat_fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the command's name (proc(5): the name may hold spaces)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
