"""One run: dice from a seed, a server with all its guests, accidents, and the comparison."""

from __future__ import annotations

import socket
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic

from tests.process.server import write_project
from tests.process.torture.accidents import TABLE, Victim
from tests.process.torture.ledger import Ledger
from tests.process.torture.subscriber import Subscriber
from tests.process.torture.writers import ApiWriter, DirectWriter

WRITERS, SUBSCRIBERS, DIRECT = 4, 6, 1
#: Seconds that a subscriber may take to be told the last change.
LATE = 90
#: Above all numbers that writers draw.
LAST = 1 << 31


@dataclass
class Outcome:
    """What happened, and what was wrong."""

    seed: int
    accidents: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    told: int = 0
    resyncs: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        accidents = ", ".join(f"{count} {name}" for name, count in self.accidents.items())
        return (
            f"seed {self.seed}: {self.acknowledged} writes acknowledged, {self.told} changes told,"
            f" {self.resyncs} resyncs; {accidents or 'no accident'};"
            f" {len(self.faults)} faults" + "".join(f"\n  {one}" for one in self.faults[:20])
        )


def run(folder: Path, seed: int, seconds: float) -> Outcome:
    """Torture a server for so long, and say what came of it; the same seed draws the same dice."""
    dice, outcome, ledger = Random(seed), Outcome(seed), Ledger()
    project = write_project(folder, {"t": TABLE})
    victim = Victim(project, free_port(), ledger, Random(dice.random()))
    url, key = victim.served.url, victim.served.keys["publishable_key"]
    writing, following = threading.Event(), threading.Event()
    subscribers = [Subscriber(url, key, Random(dice.random())) for _ in range(SUBSCRIBERS)]
    writers = [ApiWriter(url, key, ledger, Random(dice.random())) for _ in range(WRITERS)]
    threads = [started(one.run, following) for one in subscribers]
    working = [started(one.run, writing) for one in writers]
    guests = _Guests(victim.database, ledger, dice)
    try:
        _accidents(victim, guests, dice, outcome, monotonic() + seconds)
        guests.leave()
        writing.set()
        for thread in working:
            thread.join(60)
        _compare(victim, ledger, subscribers, outcome)
    finally:
        writing.set()
        following.set()
        guests.leave()
        for thread in (*threads, *working):
            thread.join(60)
        victim.served.kill()
    outcome.faults += victim.faults
    outcome.acknowledged = ledger.acknowledged
    return outcome


class _Guests:
    """Other programs that write directly, some of them ended in the middle."""

    def __init__(self, database: Path, ledger: Ledger, dice: Random) -> None:
        self._database, self._ledger, self._dice = database, ledger, dice
        self._there: list[DirectWriter] = []
        self._first = -1_000_000_000  # below those that the identity gives
        for _ in range(DIRECT):
            self._come()

    def _come(self) -> None:
        self._first += 1_000_000
        seed = self._dice.randrange(1 << 30)
        self._there.append(DirectWriter(self._database, self._ledger, seed, self._first))

    def change(self) -> None:
        """Kill one, and let another one come."""
        self._there.pop().kill()
        self._come()

    def leave(self) -> None:
        """End all of them."""
        while self._there:
            self._there.pop().kill()


def _accidents(victim: Victim, guests: _Guests, dice: Random, outcome: Outcome, end: float) -> None:
    kinds: dict[str, tuple[int, Callable[[], None]]] = {
        "kill -9": (3, victim.kill),
        "restart": (2, victim.restart),
        "reload": (2, victim.reload),
        "pause": (2, victim.pause),
        "power cut": (3, victim.cut_power),
        "direct writer killed": (2, guests.change),
    }
    names = list(kinds)
    pause = threading.Event()
    while monotonic() < end:
        pause.wait(dice.uniform(0.2, 1.5))
        (name,) = dice.choices(names, [kinds[one][0] for one in names])
        kinds[name][1]()
        outcome.accidents[name] += 1


def _compare(
    victim: Victim, ledger: Ledger, subscribers: list[Subscriber], outcome: Outcome
) -> None:
    """Wait until everybody has seen the last row, and hold all copies against the database."""
    victim.write_schema(TABLE)
    victim.restart()
    for one in subscribers:
        one.awaited = LAST
    body = {"n": LAST, "body": ""}
    victim.served.ask("POST", "/rest/v1/t", body, headers={"prefer": "return=minimal"})
    for number, one in enumerate(subscribers):
        if not one.seen.wait(LATE):
            outcome.faults.append(f"subscriber {number} never saw the last row")
    with closing(sqlite3.connect(f"file:{victim.database}?mode=ro", uri=True)) as database:
        rows = dict(database.execute("SELECT id, n FROM t"))
        whole = database.execute("PRAGMA integrity_check").fetchone()[0]
    outcome.faults += ledger.faults(rows) + ([] if whole == "ok" else [whole])
    for number, one in enumerate(subscribers):
        wrong = {row for row in {*rows, *one.rows} if rows.get(row) != one.rows.get(row)}
        if wrong:
            outcome.faults.append(f"subscriber {number} is wrong about {sorted(wrong)[:5]}")
        outcome.faults += [f"subscriber {number}: {fault}" for fault in one.faults]
        outcome.told += one.told
        outcome.resyncs += one.resyncs


def started(work: Callable[[threading.Event], None], stop: threading.Event) -> threading.Thread:
    thread = threading.Thread(target=work, args=(stop,), daemon=True)
    thread.start()
    return thread


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port
