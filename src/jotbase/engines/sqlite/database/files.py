"""The database's files on disk: their permissions, and detecting that one was replaced.

In charge of mode 0600 and of noticing that a file was moved, replaced or overwritten. Must not know
SQLite's interface, or the content of the files.
"""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

log = logging.getLogger(__name__)

#: The suffixes of files beside a database, which SQLite creates with the database's mode.
BESIDE = ("-wal", "-shm", "-journal")
_OTHERS = 0o077


def make_folder(folder: Path) -> None:
    """Create a folder and its parents with mode 0700, independent of the umask."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)
        one.chmod(0o700)


def make_file(path: Path, content: bytes = b"") -> None:
    """Create a file with mode 0600 from the start; an existing one is left unchanged."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(content)


def keep_private(path: Path) -> None:
    """Remove the permissions of group and others from a file or folder; warn on failure."""
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
    """Remove the permissions of group and others from a database and the files beside it."""
    for ending in ("", *BESIDE):
        keep_private(path.with_name(path.name + ending))


#: The first bytes of an SQLite database (https://sqlite.org/fileformat2.html).
MAGIC = b"SQLite format 3\0"


class FileWatch:
    """Whether a database is still the file that was opened; `look` costs some microseconds.

    The file is kept open as long as connections are: closing it would take away the locks of all
    connections to it (https://sqlite.org/howtocorrupt.html, section 2.2).
    """

    def __init__(self, path: str) -> None:
        self._paths = (path, path + "-wal", path + "-shm")
        self._known = [_identity(one) for one in self._paths]
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.gone = False

    def close(self) -> None:
        """Let the file go, once no connection to it is open any more."""
        os.close(self._file)
        self._file = -1

    def look(self) -> bool:
        """Return whether a file is gone, overwritten or replaced; note it in `gone`."""
        if self._file >= 0 and os.pread(self._file, len(MAGIC), 0) != MAGIC:
            if not self.gone:
                log.critical("%s was overwritten while it is in use", self._paths[0])
            self.gone = True
            return True
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
