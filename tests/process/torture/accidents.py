"""What happens to a server: cuts of several kinds, restarts, reloads, and a cut of the power."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

from tests.process.server import Served, start
from tests.process.torture.ledger import Ledger

TABLE = {
    "$schema": "https://jotbase.dev/schema/table/v1",
    "type": "object",
    "properties": {
        "id": {"type": "integer", "identity": True},
        "n": {"type": "integer"},
        "body": {"type": "string"},
    },
    "required": ["n", "body"],
    "primaryKey": ["id"],
    "access": {"select": "True", "insert": "True", "update": "True", "delete": "True"},
    "realtime": True,
}
ENVIRONMENT = {"JOTBASE_CHANGES_KEEP": "1000", "JOTBASE_LOG_LEVEL": "error"}


class Victim:
    """The server, wherever it is in its lives; always on one port."""

    def __init__(self, project: Path, port: int, ledger: Ledger, dice: Random) -> None:
        self._project = project
        self._port = port
        self._ledger = ledger
        self._dice = dice
        self.faults: list[str] = []
        self.served = self._start()

    def _start(self) -> Served:
        return start(self._project, "--port", str(self._port), "--reload", env=ENVIRONMENT)

    @property
    def database(self) -> Path:
        """Where the rows are."""
        return self._project / "data" / "jotbase.db"

    def kill(self) -> None:
        """End the process in the middle of whatever it does, and start it again."""
        self.served.kill()
        self.served = self._start()

    def restart(self) -> None:
        """Stop as a supervisor does, and start again."""
        self.served.process.terminate()
        if self.served.process.wait(60) != 0:
            self.faults.append(f"SIGTERM ended with {self.served.process.returncode}")
        assert self.served.process.stdout is not None
        self.served.process.stdout.close()
        self.served = self._start()

    def pause(self) -> None:
        """Stop the process for a moment, as a busy machine does."""
        self.served.process.send_signal(signal.SIGSTOP)
        os.sched_yield()
        self.served.process.send_signal(signal.SIGCONT)

    def reload(self) -> None:
        """Change the schema: harmlessly, or so that realtime is off until the next time."""
        table = dict(TABLE, description=f"version {self._dice.random()}")
        if self._dice.random() < 0.3:
            table["realtime"] = False
        self.write_schema(table)

    def write_schema(self, table: dict[str, object]) -> None:
        """Write the schema file."""
        (self._project / "schemas" / "t.json").write_text(json.dumps(table))

    def cut_power(self) -> None:
        """Look at what the disk would hold if the power went now: all that was written, but of what
        came after the last acknowledgement that we had before, any part, or none.
        """
        wal = self.database.with_name("jotbase.db-wal")
        known = self._ledger.known()
        size = wal.stat().st_size
        head = wal.read_bytes()[:32]
        self.served.process.send_signal(signal.SIGSTOP)
        try:
            image = self._project / "image.db"
            shutil.copyfile(self.database, image)
            content = wal.read_bytes()
        finally:
            self.served.process.send_signal(signal.SIGCONT)
        if content[:32] != head or len(content) < size:
            return  # the log began anew meanwhile: what of it is on disk cannot be told from here
        kept = self._dice.randint(size, len(content))
        torn = content[:kept] + self._dice.randbytes(min(4096, len(content) - kept))
        image.with_name("image.db-wal").write_bytes(torn)
        self._examine(image, known)

    def _examine(self, image: Path, known: dict[int, tuple[set[int | None], int]]) -> None:
        with closing(sqlite3.connect(image)) as database:
            whole = database.execute("PRAGMA integrity_check").fetchone()[0]
            rows = dict(database.execute("SELECT id, n FROM t"))
        for row, (allowed, tries) in known.items():
            found = rows.get(row)
            if found not in allowed and found not in self._ledger.since(row, tries):
                self.faults.append(f"after a power cut row {row} is {found}, allowed is {allowed}")
        if whole != "ok":
            self.faults.append(f"after a power cut: {whole}")
        for name in ("image.db", "image.db-wal", "image.db-shm"):
            image.with_name(name).unlink(missing_ok=True)
