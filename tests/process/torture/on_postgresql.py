"""A server on PostgreSQL under load, while both are killed and a transaction is left open.

No acknowledged write is lost, and no change to anybody who follows: of others' commits neither.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
from pathlib import Path
from random import Random

import asyncpg
from tests.postgres_server import DURABLE, Server, killed_and_started, server
from tests.process.server import start, write_project
from tests.process.torture.accidents import ENVIRONMENT, TABLE
from tests.process.torture.ledger import Ledger
from tests.process.torture.run import LAST, LATE, free_port, started
from tests.process.torture.subscriber import Subscriber
from tests.process.torture.writers import ApiWriter

ROUNDS, SEED = 3, 8
DIRECT = "INSERT INTO t (n, body) VALUES ($1, 'direct') RETURNING id"


def main() -> int:
    """Run once, and print what was lost: an acknowledged write, or a change to who follows."""
    with tempfile.TemporaryDirectory(prefix="jotbase-torture-") as folder:
        Path(folder).chmod(0o755)
        with server(DURABLE) as postgres:
            current, faults = _tortured(Path(folder), postgres)
            current.process.terminate()
            current.process.wait(20)
    told = "\n".join(faults) or "nothing was lost"
    sys.stdout.write(f"PostgreSQL: {told}\n")
    return 1 if faults else 0


def _tortured(folder: Path, postgres: Server) -> tuple[Server, list[str]]:
    url = asyncio.run(postgres.create())
    project, dice, ledger = write_project(folder, {"t": TABLE}), Random(SEED), Ledger()
    options = ("--port", str(free_port()))
    environment = {**ENVIRONMENT, "JOTBASE_DATABASE_URL": url, "JOTBASE_CHANGES_KEEP": "100000"}
    served = start(project, *options, env=environment)
    key = served.keys["publishable_key"]
    following = [Subscriber(served.url, key, Random(dice.random())) for _ in range(2)]
    writing = [ApiWriter(served.url, key, ledger, Random(dice.random())) for _ in range(3)]
    stop, end = threading.Event(), threading.Event()
    readers = [started(one.run, end) for one in following]
    writers = [started(one.run, stop) for one in writing]
    try:
        for number in range(ROUNDS):
            _written(ledger, 60 * number + 20)
            postgres = killed_and_started(postgres, DURABLE)
            _written(ledger, 60 * number + 40)
            asyncio.run(_left_open(url, ledger, number))
            served.kill()
            served = start(project, *options, env=environment)
        stop.set()
        for thread in writers:
            thread.join(60)
        for one in following:
            one.awaited = LAST
        served.ask("POST", "/rest/v1/t", {"n": LAST, "body": ""})
        faults = [f"{number} never saw the last" for number, one in enumerate(following)
                  if not one.seen.wait(LATE)]  # fmt: skip
        rows = asyncio.run(_rows(url))
        faults += ledger.faults(rows)
        faults += [fault for one in following for fault in one.faults]
        return postgres, faults + ["a copy differs" for one in following if one.rows != rows]
    finally:
        stop.set()
        end.set()
        for thread in (*writers, *readers):
            thread.join(60)
        served.kill()


def _written(ledger: Ledger, count: int) -> None:
    """Wait until so many writes have been acknowledged."""
    reached = threading.Event()
    while ledger.acknowledged < count:
        reached.wait(0.01)


async def _left_open(url: str, ledger: Ledger, number: int) -> None:
    """Write by SQL, and commit only when others have written and committed since."""
    connection = await asyncpg.connect(url)
    async with connection.transaction():
        row = await connection.fetchval(DIRECT, number)
        ledger.tried(row, number)
        await asyncio.to_thread(_written, ledger, ledger.acknowledged + 10)
    ledger.done(row, number)
    await connection.close()


async def _rows(url: str) -> dict[int, int]:
    connection = await asyncpg.connect(url)
    try:
        return {row["id"]: row["n"] for row in await connection.fetch("SELECT id, n FROM t")}
    finally:
        await connection.close()


if __name__ == "__main__":
    sys.exit(main())
