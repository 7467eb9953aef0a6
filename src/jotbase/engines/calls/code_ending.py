"""Ending the project's code in a thread whose result is no longer needed.

In charge of trying: a loop of Python is ended, what waits outside of Python when it comes back.
Must not know what the code does. Why it is done so:
docs/decisions/0081-a-statement-leaves-code-behind.md.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from time import sleep
from typing import TypeVar

from jotbase.errors import PROJECT_MODULE, CallAborted, run_contained

T = TypeVar("T")

#: How often the thread is looked at, and how many times (seconds).
EVERY, TIMES = 0.05, 200

#: Held while code is ended, and by who marks that other code has the thread: the mark comes either
#: before the look or after the end.
ENDING = threading.Lock()

_FORKED = (
    b"jotbase: a process that the project's code had forked came back to the server's own code,"
    b" and was ended; end it by os._exit, or use subprocess\n"
)


class LeftBehind(CallAborted):
    """Ends code whose result is no longer needed."""


def run_unforked(code: Callable[[], T]) -> T:
    """Call the project's code as `run_contained` does; a child that it forked ends with the code.

    fork(2) copies the thread that calls it alone: nothing in the child hears of an answer, while
    it holds the sockets and the database's files of the server.
    """
    process = os.getpid()
    try:
        return run_contained(code)
    finally:
        if os.getpid() != process:
            os.write(2, _FORKED)
            os._exit(1)


def end_code(thread: threading.Thread, is_over: Callable[[], bool]) -> None:
    """Try to end the thread's code, from a thread of its own, until it `is_over`."""

    def insist() -> None:
        for _ in range(TIMES):
            with ENDING:
                if is_over() or not thread.is_alive():
                    return
                _raise_in(thread)
            sleep(EVERY)

    try:
        threading.Thread(target=insist, name="jotbase-end-code", daemon=True).start()
    except RuntimeError:  # no thread to be had: the code goes on
        return


def _raise_in(thread: threading.Thread) -> None:
    """Raise in the thread if what it is at is the project's own module.

    A library, ours or another, could be hit between taking a lock and the block that gives it back.
    """
    number = thread.ident or 0
    frame = sys._current_frames().get(number)  # noqa: SLF001 - documented; for "specialized purposes"
    if frame is None or str(frame.f_globals.get("__name__")).split(".")[0] != PROJECT_MODULE:
        return
    import ctypes  # a server whose code comes to its end never loads it

    raising = ctypes.py_object(LeftBehind)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(number), raising)
