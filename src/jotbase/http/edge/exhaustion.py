"""Exceptions that report an exhausted resource of the system.

In charge of telling them from faults of ours. Must not know what was asked for.
"""

from __future__ import annotations

import errno


def exhausted_resource(error: BaseException) -> str | None:
    """Return the name of the resource whose exhaustion an exception reports, else None.

    CPython says by words alone that no thread could be started, argon2 that it had no memory.
    """
    if isinstance(error, MemoryError) or "Memory allocation error" in str(error):
        return "memory"
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        return "file"
    if isinstance(error, RuntimeError) and "can't start new thread" in str(error):
        return "thread"
    return None
