"""`python faulty_disk.py SWITCH serve …`: a disk that fails while the file SWITCH is there.

SQLite reaches its files through this VFS, as it would any other disk (https://sqlite.org/vfs.html).
"""

import sys
from pathlib import Path

import apsw

SWITCH = Path(sys.argv[1])


class FaultyFile(apsw.VFSFile):
    """A file whose reads and writes fail as the switch says."""

    def __init__(self, name: "apsw.URIFilename | str | None", flags: list[int]) -> None:
        super().__init__("unix", name, flags)

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802 - apsw's name
        """Read, or fail."""
        fail(apsw.IOError, "the disk does not read")
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - apsw's name
        """Write, or fail."""
        fail(apsw.IOError, "the disk does not write")
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802 - apsw's name
        """Sync, or fail."""
        fail(apsw.IOError, "the disk does not sync")
        super().xSync(flags)


class FaultyDisk(apsw.VFS):
    """The system's own disk, with those files."""

    def __init__(self) -> None:
        super().__init__("faulty", "unix", makedefault=True)

    def xOpen(  # noqa: N802 - apsw's name
        self, name: "apsw.URIFilename | str | None", flags: list[int]
    ) -> FaultyFile:
        """Open a file."""
        return FaultyFile(name, flags)


def fail(error: type[apsw.Error], words: str) -> None:
    """Raise while the switch is there."""
    if SWITCH.exists():
        raise error(words)


if __name__ == "__main__":
    disk = FaultyDisk()
    from jotbase.cli import main

    sys.exit(main(sys.argv[2:]))
