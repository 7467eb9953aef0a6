"""The database's files on disk: readable by their owner alone, and the same ones all the time.

In charge of their modes and of noticing that one was moved or replaced. Must not know SQLite's
interface, or what the files hold.
"""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

log = logging.getLogger(__name__)

#: What stands beside a database: SQLite makes these with the mode of the database itself.
BESIDE = ("-wal", "-shm", "-journal")
_OTHERS = 0o077


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, for the owner alone, whatever the umask says."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)
        one.chmod(0o700)


def make_file(path: Path, content: bytes = b"") -> None:
    """Make a file that is for the owner alone from its first byte; one that is there stays."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(content)


def keep_private(path: Path) -> None:
    """Take the rights of others from a file or folder that is there; warn where that fails."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & _OTHERS:
            path.chmod(mode & ~_OTHERS)
            log.warning("%s could be used by others (mode %o): now it is private", path, mode)
    except FileNotFoundError:
        return
    except OSError as error:
        log.warning("%s may be used by others, and that cannot be changed: %s", path, error)


def keep_database_private(path: Path) -> None:
    """Take the rights of others from a database and the files beside it."""
    for ending in ("", *BESIDE):
        keep_private(path.with_name(path.name + ending))


class FileWatch:
    """Whether a database is still the file that was opened; `look` costs some microseconds."""

    def __init__(self, path: str) -> None:
        self._paths = (path, path + "-wal", path + "-shm")
        self._known = [_identity(one) for one in self._paths]
        self.gone = False

    def look(self) -> bool:
        """Say whether a file is gone or another one stands in its place; note it in `gone`."""
        for place, path in enumerate(self._paths):
            found = _identity(path)
            if found != self._known[place]:
                if self._known[place] is None:
                    self._known[place] = found
                    continue
                if not self.gone:
                    log.critical("%s was moved or replaced while it is in use", path)
                self.gone = True
                return True
        if self.gone:
            log.warning("%s is in its place again", self._paths[0])
        self.gone = False
        return False


def _identity(path: str) -> tuple[int, int] | None:
    try:
        facts = os.stat(path)  # noqa: PTH116 - a Path costs more than the look
    except OSError:
        return None
    return facts.st_dev, facts.st_ino
