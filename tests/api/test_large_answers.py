"""Large answers: made one at a time for an address, and held until their client has read them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest
from tests.api.data_world import Serve, table
from tests.api.parser_line import connect, turn

from jotbase.engines.base import ROOM
from jotbase.engines.spool import KEPT_IN_MEMORY
from jotbase.errors import JotError
from jotbase.http.edge.budget import Budget
from jotbase.http.edge.connections import LARGE_STEP, MOST_UNREAD_OF_ONE, WRITE, Connections
from jotbase.http.edge.large_responses import LargeResponseLimiter, LargeResponseSlot
from jotbase.http.server import fast_path
from jotbase.values import Request, Response

GET = b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n"
BODY = b"x" * 100_000


async def large(request: Request) -> Response:
    """Answer as the engine does with a large result: when there is room."""
    await ROOM.get()()
    return Response(200, (("Content-Length", str(len(BODY))),), BODY)


def test_one_address_makes_one_at_a_time() -> None:
    """The next one begins when the first has been read, or its client has gone."""

    async def ask() -> list[int]:
        house, counts = Connections(10, 10), []
        lines = [connect(later=large, house=house) for _ in range(3)]
        lines[0][0].unread = len(BODY)
        for _, protocol in lines:
            protocol.data_received(GET % b"/rest/v1/x")
        for _ in range(5):
            await turn()
        counts.append(sum(BODY in line.written for line, _ in lines))
        lines[0][1].resume_writing()
        lines[1][0].unread = len(BODY)
        for _ in range(5):
            await turn()
        counts.append(sum(BODY in line.written for line, _ in lines))
        lines[1][1].connection_lost(None)
        for _ in range(5):
            await turn()
        counts.append(sum(BODY in line.written for line, _ in lines))
        assert house.grants.budget.taken == 0
        return counts

    assert asyncio.run(ask()) == [1, 2, 3]


def test_who_waits_too_long_is_told_so() -> None:
    """503, and when to come again; what was taken before is still held."""

    async def wait() -> JotError:
        grants = LargeResponseLimiter(1, 1)
        await grants.take("a", 0.001)
        with pytest.raises(JotError) as refused:
            await grants.take("b", 0.001)
        assert grants.budget.taken == 1
        return refused.value

    error = asyncio.run(wait())
    assert (error.code, error.status) == ("53300", 503)
    assert error.headers == (("Retry-After", "5"),)


def test_another_address_need_not_wait() -> None:
    """An address has one of the few that there are; each request takes at most one."""

    async def take() -> tuple[int, int]:
        grants = LargeResponseLimiter()
        grant = LargeResponseSlot(grants, "a")
        await grant.enter()
        await grant.enter()
        await grants.take("b", 0.001)
        held = grants.budget.taken
        grant.leave()
        grant.leave()
        return held, grants.budget.taken

    assert asyncio.run(take()) == (2, 1)


@pytest.mark.parametrize(("read", "cut"), [(100_000, True), (LARGE_STEP, False)])
def test_a_large_answer_is_to_be_read_faster(read: int, cut: bool) -> None:
    """Others wait for it: a mebibyte at a time, where a small one may take 64 KiB."""

    async def drip() -> bool:
        line, protocol = connect(later=large, house=Connections(10, 10))
        line.unread = 5 * LARGE_STEP + 500_000
        protocol.data_received(GET % b"/rest/v1/x")
        for _ in range(5):
            await turn()
        protocol.look(0)
        line.unread -= read
        protocol.look(WRITE + 1)
        return line.aborted

    assert asyncio.run(drip()) is cut


class Kept:
    """A body in a file, as its client sees it."""

    def __init__(self, body: bytes) -> None:
        self.body, self.size, self.is_open = body, len(body), True

    def read(self, start: int, length: int) -> bytes:
        return self.body[start : start + length]

    def close(self) -> None:
        self.is_open = False


def keeping(kept: Kept) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers with a body in a file."""

    async def answer(request: Request) -> Response:
        with contextlib.suppress(JotError):  # the client has gone
            await ROOM.get()()
        return Response(200, (("Content-Length", str(kept.size)),), b"", kept)

    return answer


def test_a_body_in_a_file_is_sent_as_it_is_read() -> None:
    """No more than a few pieces are in memory; the turn is over with the last byte."""

    async def read() -> tuple[int, int, bool, bool]:
        house, kept = Connections(10, 10), Kept(b"abcdefgh" * 100_000)
        line, protocol = connect(later=keeping(kept), house=house)
        protocol.data_received(GET % b"/rest/v1/x")
        protocol.pause_writing()
        for _ in range(5):
            await turn()
        before = len(line.written)
        protocol.look(0)
        protocol.resume_writing()
        for _ in range(20):
            await turn()
        protocol.data_received(GET % b"/rest/v1/y")
        taken = house.grants.budget.taken
        return before, taken, line.written.endswith(kept.body), kept.is_open

    before, taken, is_whole, is_open = asyncio.run(read())
    assert before < 1000
    assert (taken, is_whole, is_open) == (0, True, False)


def test_who_goes_leaves_no_file() -> None:
    """In the middle of it, and before it was begun."""

    async def go(paused: bool) -> tuple[bool, int]:
        house, kept = Connections(10, 10), Kept(b"x" * 1_000_000)
        protocol = connect(later=keeping(kept), house=house)[1]
        protocol.data_received(GET % b"/rest/v1/x")
        if paused:
            protocol.pause_writing()
            for _ in range(5):
                await turn()
        protocol.connection_lost(None)
        for _ in range(5):
            await turn()
        return kept.is_open, house.grants.budget.taken

    assert asyncio.run(go(True)) == (False, 0)
    assert asyncio.run(go(False)) == (False, 0)


def test_an_answer_of_megabytes(serve: Serve) -> None:
    """Its bytes, count and order are those of a small one, in each form."""
    note = table({"id": {"type": "integer"}, "text": {"type": "string"}})
    client = serve({"note": note}).anonymous
    rows = [{"id": number, "text": f"{number}" * 1_000_000} for number in range(1, 7)]
    for row in rows:
        assert client.post("/note", row).status == 201
    answer = client.get("/note", {"order": "text.desc"}, prefer="count=exact")
    assert answer.json() == rows[::-1]
    assert answer.headers["content-range"] == "0-5/6"
    part = client.get("/note", {"limit": "5", "offset": "1"}, prefer="count=exact")
    assert (part.status, part.headers["content-range"]) == (206, "1-5/6")
    lines = client.get("/note", {"order": "id"}, accept="text/csv").text
    assert lines == "id,text\n" + "\n".join(f"{row['id']},{row['text']}" for row in rows)
    one = client.get("/note", accept="application/vnd.pgrst.object+json")
    assert (one.status, one.json()["code"]) == (406, "PGRST116")


@pytest.mark.parametrize(("size", "way"), [(MOST_UNREAD_OF_ONE, "memory"), (5 << 20, "file")])
def test_what_nobody_reads_waits_in_files(
    monkeypatch: pytest.MonkeyPatch, size: int, way: str
) -> None:
    """Beyond a share of memory, and of more than 4 MiB at once; both are given back."""
    if way == "memory":
        monkeypatch.setattr(fast_path, "KEPT_IN_MEMORY", size)
    body = b"x" * size

    async def plain(request: Request) -> Response:
        return Response(200, (("Content-Length", str(size)),), body)

    async def ask() -> list[tuple[int, int]]:
        house, seen = Connections(10, 10), []
        lines = [connect(later=plain, house=house) for _ in range(2)]
        for line, protocol in lines:
            line.unread = size
            protocol.data_received(GET % b"/rest/v1/x")
            protocol.pause_writing()
            while protocol.tasks:
                await asyncio.gather(*protocol.tasks)
                await turn()
            await turn()
            seen.append((house.unread.taken, house.in_files.taken))
        for _, protocol in lines:
            protocol.connection_lost(None)
        seen.append((house.unread.taken, house.in_files.taken))
        return seen

    held = {"memory": [(size, 0), (size, size)], "file": [(0, size), (0, 2 * size)]}
    assert asyncio.run(ask()) == [*held[way], (0, 0)]


def test_files_have_a_bound() -> None:
    """Who reads nothing at all is told so, and its connection ends."""

    async def ask() -> tuple[bytes, bool, bool]:
        house, kept = Connections(10, 10), Kept(b"x" * 1_000_000)
        house.in_files = Budget(10, 10)
        line, protocol = connect(later=keeping(kept), house=house)
        protocol.data_received(GET % b"/rest/v1/x")
        for _ in range(5):
            await turn()
        return line.written, line.closed, kept.is_open

    written, closed, is_open = asyncio.run(ask())
    assert written.startswith(b"HTTP/1.1 503 ")
    assert b'"code":"53300"' in written
    assert (closed, is_open) == (True, False)


FUNCTIONS = """
from jotbase.functions import Row, rpc


@rpc
def texts(letters: int) -> list[str]:
    return ["x" * letters]


@rpc
def notes(letters: int) -> list[Row["note"]]:
    return [{"id": number, "text": "x" * letters} for number in (1, 2)]
"""


@pytest.mark.parametrize("function", ["texts", "notes"])
def test_a_function_that_gives_much_waits_for_room(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    """Before it is called once more; the others do not."""
    note = table({"text": {"type": "string"}})
    backend = serve({"note": note}, {"functions/__init__.py": FUNCTIONS})
    asks: list[str] = []

    async def room() -> None:
        asks.append(function)

    before = ROOM.set(room)
    try:
        for letters, asked in ((5 << 20, 0), (10, 1), (10, 1)):
            answer = backend.anonymous.post(f"/rpc/{function}", {"letters": letters})
            assert answer.status == 200
            assert answer.text.count("x") >= letters
            assert len(asks) == asked
    finally:
        ROOM.reset(before)


def test_without_a_thread_a_large_answer_stays_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is sent as it is: its client would wait for ever."""
    body = b"x" * (KEPT_IN_MEMORY + 1)

    async def plain(request: Request) -> Response:
        return Response(200, (("Content-Length", str(len(body))),), body)

    def none(_: Response) -> Response:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(fast_path, "_in_file", none)

    async def ask() -> bytes:
        line, protocol = connect(later=plain, house=Connections(10, 10))
        protocol.data_received(GET % b"/rest/v1/x")
        async with asyncio.timeout(10):
            while protocol.tasks:
                await asyncio.gather(*protocol.tasks, return_exceptions=True)
                await turn()
        await turn()
        return line.written

    assert asyncio.run(ask()).endswith(body)
