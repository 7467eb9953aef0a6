"""Password hashes: a queue with an end, and what those are told who come after it."""

from __future__ import annotations

import asyncio
import threading

import pytest
from tests.api.data_world import Serve, table

from jotbase.errors import AuthError
from jotbase.http.edge.hashing import HashingPool

PERSON = {"email": "ada@example.com", "password": "correct horse battery"}


class Crowd:
    """One thread with room for one to wait, and a first one in it who stays until `go`."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.ran: list[str] = []
        self.hashing = HashingPool(threads=1, most=2)

    def join(self, name: str) -> asyncio.Task[None]:
        """Stand in the queue."""
        return asyncio.create_task(self.hashing.run(self.ran.append, name))

    async def begin(self, *names: str) -> list[asyncio.Task[None]]:
        """Have the thread taken, and those of the names wait for it."""
        begun, loop = asyncio.Event(), asyncio.get_running_loop()

        def stay() -> None:
            loop.call_soon_threadsafe(begun.set)
            self.go.wait(20)

        tasks = [asyncio.create_task(self.hashing.run(stay)), *map(self.join, names)]
        await begun.wait()
        return tasks


def test_the_queue_has_an_end() -> None:
    """One runs and one waits; the third is refused, and has a place once the first is done."""

    async def crowd() -> list[str]:
        queue = Crowd()
        tasks = await queue.begin("second")
        with pytest.raises(AuthError) as refused:
            await queue.join("third")
        queue.go.set()
        await asyncio.gather(*tasks)
        await queue.join("fourth")
        queue.hashing.close()
        return [refused.value.code, *queue.ran]

    assert asyncio.run(crowd()) == ["over_request_rate_limit", "second", "fourth"]


def test_one_client_takes_half_of_the_places() -> None:
    """The other half is for everybody else."""

    async def crowd() -> tuple[list[str], list[str]]:
        queue = Crowd()
        queue.hashing.most = 4
        first = await queue.begin()
        clients = "aaabc"
        waiting = [
            asyncio.create_task(queue.hashing.run(queue.ran.append, one, client=one))
            for one in clients
        ]
        asyncio.get_running_loop().call_soon(queue.go.set)
        done = await asyncio.gather(*waiting, *first, return_exceptions=True)
        queue.hashing.close()
        told = zip(clients, done, strict=False)
        return [client for client, one in told if isinstance(one, AuthError)], queue.ran

    assert asyncio.run(crowd()) == (["a", "c"], ["a", "a", "b"])


def test_who_gives_up_waiting_leaves_the_queue() -> None:
    """A request whose client has gone takes no place, and is not hashed for."""

    async def leave() -> list[str]:
        queue = Crowd()
        first, second = await queue.begin("second")
        second.cancel()
        await asyncio.wait([second])
        third = queue.join("third")
        asyncio.get_running_loop().call_soon(queue.go.set)
        await asyncio.gather(first, third)
        queue.hashing.close()
        return queue.ran

    assert asyncio.run(leave()) == ["third"]


@pytest.mark.parametrize("path", ["/auth/v1/signup", "/auth/v1/token?grant_type=password"])
def test_the_refusal_says_when_to_try_again(serve: Serve, path: str) -> None:
    """429 in GoTrue's shape, with Retry-After; what needs no hash is served as ever."""
    backend = serve({"things": table({"name": {"type": "string"}})})
    backend.anonymous.request("POST", "/auth/v1/signup", None, PERSON)
    backend._backend._hashing.most = 0
    path, _, query = path.partition("?")
    params = dict([query.split("=")]) if query else None
    answer = backend.anonymous.request("POST", path, params, PERSON | {"email": "b@example.com"})

    assert (answer.status, answer.headers["retry-after"]) == (429, "2")
    assert answer.json() == {
        "code": 429,
        "error_code": "over_request_rate_limit",
        "msg": "Request rate limit reached",
    }
    assert backend.anonymous.get("/things").status == 200
    assert len(backend.service.request("GET", "/auth/v1/admin/users").json()["users"]) == 1
