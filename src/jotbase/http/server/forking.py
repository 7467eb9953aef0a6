"""Processes that the project's code makes by fork(2): what of the server they must not keep.

In charge of the server's sockets and signal handlers in such a child, and of ending those that
`multiprocessing` would wait for. Must not know what runs there.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

#: The children inherit the server's handlers, which only note that the server is to stop.
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def release_in_children(port: int) -> None:
    """Have every child that is forked from now on give up the sockets of the port, and end at
    SIGTERM and SIGINT.

    A connection that the server closes ends for its client only when no process has it open, and
    a port is free only then.
    """

    def release() -> None:
        signal.set_wakeup_fd(-1)
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        _release_sockets(port)

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=release)


def _release_sockets(port: int) -> None:
    """Put /dev/null in place of each: the numbers stay taken, whoever closes them later on."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in [int(one.name) for one in Path("/dev/fd").iterdir()]:
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode) and _port(number) == port:
                os.dup2(nothing, number, inheritable=False)
    os.close(nothing)


def _port(number: int) -> int | None:
    found = socket.socket(fileno=number)
    try:
        place: Sequence[int] = found.getsockname()
        return place[1] if found.family in (socket.AF_INET, socket.AF_INET6) else None
    finally:
        found.detach()


def end_children() -> None:
    """End the processes that `multiprocessing` would wait for when this one exits."""
    if (found := sys.modules.get("multiprocessing")) is not None:
        for child in found.active_children():
            child.terminate()
