"""Response bodies that are too large for memory, kept in unnamed files until they are sent.

In charge of such a file and of its size limit. Must not know what is written.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from jotbase.errors import JotError, RequestError

#: Bytes that are gathered before they are written.
GATHERED = 65_536
#: Answers of more bytes that were made in memory are kept in a file until they are read.
KEPT_IN_MEMORY = 4 * 1024 * 1024
#: Bytes of one row of a large result, and of any value in it: the database, Python and UTF-8 each
#: have it once.
LARGEST_ROW = 32 * 1024 * 1024
#: Bytes of one answer, where no setting says otherwise.
MOST = 512 * 1024 * 1024


class Spool:
    """One response's body. The kernel removes the file with its last descriptor."""

    def __init__(self, most: int = MOST) -> None:
        """Create the file: in TMPDIR, else in /var/tmp, since /tmp is memory on many machines.

        Raises JotError 53100 if it cannot be created.
        """
        self.size = 0
        self._most = most
        self._gathered: list[bytes] = []
        self._waiting = 0
        self._descriptor = -1
        try:
            with tempfile.TemporaryFile(buffering=0, dir=_folder()) as file:
                self._descriptor = os.dup(file.fileno())
        except OSError as error:
            raise _disk_failure() from error

    def write(self, data: bytes) -> None:
        """Append data. Raises RequestError 54000 above the limit, JotError 53100 (disk full)."""
        self.size += len(data)
        if self.size > self._most:
            raise answer_too_large(self._most)
        self._gathered.append(data)
        self._waiting += len(data)
        if self._waiting >= GATHERED:
            self.flush()

    def flush(self) -> None:
        """Write the buffered data to the file."""
        data = memoryview(b"".join(self._gathered))
        self._gathered.clear()
        self._waiting = 0
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError as error:
            raise _disk_failure() from error

    def read(self, start: int, length: int) -> bytes:
        """Return so many bytes of what was written, fewer at its end."""
        return os.pread(self._descriptor, length, start)

    def close(self) -> None:
        """Let go of the file; a second call does nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        self.close()


def kept_in_file(body: bytes) -> Spool:
    """Return the spool of a body that is whole already. Raises JotError 53100."""
    spool = Spool(len(body))
    spool.write(body)
    spool.flush()
    return spool


def answer_too_large(most: int) -> RequestError:
    """Return the refusal of an answer of more bytes than that."""
    return RequestError(
        "54000",
        "the answer is too large",
        details=f"The limit is {most} bytes.",
        hint="Ask for fewer rows or columns at a time, or raise JOTBASE_MAX_ANSWER.",
    )


def _folder() -> str | None:
    lasting = "/var/tmp"  # noqa: S108 - the file never has a name there
    return lasting if "TMPDIR" not in os.environ and Path(lasting).is_dir() else None


def _disk_failure() -> JotError:
    return JotError(
        "53100",
        "the answer could not be kept: no space left on device, or no file to be had",
        hint="Ask for fewer rows at a time; TMPDIR names the folder of such files.",
    )
