"""SQLite's commits: many units share one, each is on disk before its caller knows, one may fail."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from tests.contract.board import CREATE, post, run_all
from tests.contract.conftest import MakeEngine

from jotbase.engines.sqlite import SqliteEngine
from jotbase.engines.sqlite.read import costs
from jotbase.engines.sqlite.write import writer
from jotbase.errors import JotError
from jotbase.sql.units import Statement, UnitOfWork

pytestmark = pytest.mark.anyio


class Disk(apsw.VFS):
    """A disk that notes when the write-ahead log is synced, and fails when told to."""

    def __init__(self) -> None:
        self.base = apsw.vfs_names()[0]
        super().__init__("disk", base=self.base, makedefault=True)
        self.syncs = 0
        self.fails = False

    def xOpen(self, name, flags):  # type: ignore[no-untyped-def]  # noqa: N802
        """Open a file of this disk."""
        return DiskFile(self, name, flags)


class DiskFile(apsw.VFSFile):
    """A file on the disk."""

    def __init__(self, disk: Disk, name: apsw.URIFilename | str | None, flags: list[int]) -> None:
        super().__init__(disk.base, name, flags)
        self._disk = disk
        self._is_log = bool(flags[0] & apsw.SQLITE_OPEN_WAL)

    def xSync(self, flags: int) -> None:  # noqa: N802
        """Sync, and count it if it is the log."""
        super().xSync(flags)
        self._disk.syncs += self._is_log

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        """Write, unless the disk is full."""
        if self._is_log and self._disk.fails:
            raise apsw.FullError
        super().xWrite(data, offset)


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no statement be found dear, and no group be closed, because the machine is busy."""
    monkeypatch.setattr(costs, "BUDGET", 60.0)
    monkeypatch.setattr(writer, "BUDGET", 60.0)
    monkeypatch.setattr(writer, "GROUP_TIME", 60.0)


@pytest.fixture
def disk() -> Iterator[Disk]:
    """Let SQLite use a watched disk for the time of a test."""
    made = Disk()
    yield made
    apsw.set_default_vfs(made.base)
    made.unregister()


@pytest.fixture
async def engine(disk: Disk, make_engine: MakeEngine, tmp_path: Path) -> SqliteEngine:
    """Give an engine on a file of the watched disk."""
    made = await make_engine(str(tmp_path / "jot.db"), lock_timeout=200)
    await made.write(run_all(CREATE["sqlite"]))
    return made


async def count(engine: SqliteEngine) -> int:
    """Return how many jobs there are."""
    return int((await engine.read("SELECT count(id) FROM jobs", ()))[0][0])


@pytest.mark.usefixtures("unhurried")
async def test_units_of_one_turn_share_one_commit(engine: SqliteEngine, disk: Disk) -> None:
    """A hundred concurrent units cost one sync of the log, not a hundred."""
    before = disk.syncs
    await asyncio.gather(*(engine.write(post(f"t{n}")) for n in range(100)))

    assert await count(engine) == 100
    assert 1 <= disk.syncs - before <= 5


@pytest.mark.usefixtures("unhurried")
async def test_units_that_arrive_one_after_another_share_one_commit(
    engine: SqliteEngine, disk: Disk
) -> None:
    """As long as each turn of the loop brings one more, the group is not closed."""
    loop = asyncio.get_running_loop()
    writes: list[asyncio.Task[object]] = []
    arrived = asyncio.Event()

    def arrive() -> None:
        writes.append(loop.create_task(engine.write(post(f"t{len(writes)}"))))
        if len(writes) < 20:
            loop.call_soon(arrive)
        else:
            arrived.set()

    before = disk.syncs
    arrive()
    await arrived.wait()
    await asyncio.gather(*writes)

    assert disk.syncs - before == 1


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize(
    ("units", "time", "commits"), [(10, 60.0, 3), (100, 0.0, 30), (25, 60.0, 2)]
)
async def test_a_group_is_bounded(
    engine: SqliteEngine,
    disk: Disk,
    monkeypatch: pytest.MonkeyPatch,
    units: int,
    time: float,
    commits: int,
) -> None:
    """More units than a group may hold take several commits."""
    monkeypatch.setattr(writer, "GROUP_UNITS", units)
    monkeypatch.setattr(writer, "GROUP_TIME", time)
    before = disk.syncs
    await asyncio.gather(*(engine.write(post(f"t{n}")) for n in range(30)))

    assert disk.syncs - before == commits


async def test_a_result_is_known_only_after_the_sync(engine: SqliteEngine, disk: Disk) -> None:
    """When a caller has its result, the log was synced after the unit ran."""
    seen: list[int] = []

    def unit() -> UnitOfWork[None]:
        yield Statement("INSERT INTO jobs (title) VALUES ('x')")
        seen.append(disk.syncs)

    for _ in range(5):
        await engine.write(unit)
        assert disk.syncs > seen[-1]


async def test_a_read_only_unit_and_an_undone_one_need_no_disk(
    engine: SqliteEngine, disk: Disk
) -> None:
    """Where nothing is to be kept, nothing is synced."""

    def undone() -> UnitOfWork[None]:
        yield Statement("INSERT INTO jobs (title) VALUES ('x')")
        raise LookupError

    def reads() -> UnitOfWork[None]:
        yield Statement("SELECT 1")

    before = disk.syncs
    await engine.write(reads)
    with pytest.raises(LookupError):
        await engine.write(undone)

    assert disk.syncs == before


async def test_a_failing_commit_fails_its_units_and_no_more(
    engine: SqliteEngine, disk: Disk
) -> None:
    """A full disk refuses every unit of the group, keeps none, and the next group is well."""
    disk.fails = True
    results = await asyncio.gather(
        *(engine.write(post(f"lost {n}")) for n in range(3)), return_exceptions=True
    )
    disk.fails = False

    assert [(type(e), e.code, e.status) for e in results if isinstance(e, JotError)] == [
        (type(results[0]), "53100", 507)
    ] * 3
    assert await count(engine) == 0
    assert await engine.write(post("kept")) == [(1,)]
    assert [change.number for change in await engine.changes(0)] == [1]


async def test_a_lock_of_another_process_is_waited_for(
    make_engine: MakeEngine, tmp_path: Path
) -> None:
    """Writers wait, and reads go on, while another program holds the database; then all commit."""
    path = str(tmp_path / "jot.db")
    engine = await make_engine(path, lock_timeout=10_000)
    await engine.write(run_all(CREATE["sqlite"]))
    with contextlib.closing(apsw.Connection(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = [asyncio.ensure_future(engine.write(post(f"t{n}"))) for n in range(3)]
        for _ in range(20):
            assert await engine.read("SELECT 1", ()) == [(1,)]
            await asyncio.wait(writing, timeout=0)
        assert not any(write.done() for write in writing)
        other.execute("ROLLBACK")

    assert await asyncio.gather(*writing) == [[(1,)], [(2,)], [(3,)]]


async def test_a_lock_that_is_kept_is_an_error(engine: SqliteEngine, tmp_path: Path) -> None:
    """After the lock timeout every waiting unit is refused; later ones are well."""
    with contextlib.closing(apsw.Connection(str(tmp_path / "jot.db"))) as other:
        other.execute("BEGIN IMMEDIATE")
        results = await asyncio.gather(
            *(engine.write(post(f"t{n}")) for n in range(3)), return_exceptions=True
        )
        other.execute("ROLLBACK")

    assert [(e.code, e.status) for e in results if isinstance(e, JotError)] == [("55P03", 503)] * 3
    assert await engine.write(post("kept")) == [(1,)]
