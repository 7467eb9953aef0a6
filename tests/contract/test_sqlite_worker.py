"""The thread behind the writer: outcomes arrive whether the loop waited for them or not."""

import asyncio
import threading
from collections.abc import AsyncIterator
from functools import partial

import pytest

from jotbase.engines.calls.worker_thread import WorkerThread

pytestmark = pytest.mark.anyio

LONG = 10.0


@pytest.fixture
async def worker() -> AsyncIterator[WorkerThread]:
    """Give a worker, and stop it after the test."""
    made = WorkerThread("test")
    yield made
    made.stop()


@pytest.mark.parametrize("patience", [0.0, LONG])
async def test_a_result_arrives(worker: WorkerThread, patience: float) -> None:
    """What the call returns is the future's result, in order."""
    futures = [worker.run(partial(abs, n), patience) for n in range(50)]

    assert await asyncio.gather(*futures) == list(range(50))


@pytest.mark.parametrize("patience", [0.0, LONG])
async def test_an_exception_arrives(worker: WorkerThread, patience: float) -> None:
    """What the call raises is raised where it is waited for."""
    with pytest.raises(LookupError):
        await worker.run([].pop, patience)


async def test_patience_sees_a_short_job_to_its_end(worker: WorkerThread) -> None:
    """With patience, the outcome is there before the loop turns."""
    assert worker.run(lambda: 1, LONG).done()


async def test_patience_ends(worker: WorkerThread) -> None:
    """A job that outlasts the loop's patience is told of later, once."""
    free = threading.Event()
    future = worker.run(free.wait, 0.001)
    waiting = not future.done()
    free.set()

    assert waiting
    assert await asyncio.wait_for(future, LONG)


async def test_a_caller_that_went_away_is_not_told(worker: WorkerThread) -> None:
    """A cancelled future stays so, and the worker goes on."""
    free = threading.Event()
    gone = worker.run(free.wait)
    gone.cancel()
    free.set()

    assert await worker.run(lambda: "next") == "next"
    assert gone.cancelled()
