"""Large answers: made one at a time for an address, and held until their client has read them."""

from __future__ import annotations

import asyncio

import pytest
from tests.api.parser_line import connect, turn

from jotbase.engines.base import ROOM
from jotbase.errors import JotError
from jotbase.http.edge.connections import LARGE_STEP, WRITE, Connections
from jotbase.http.edge.large_responses import LargeResponseLimiter, LargeResponseSlot
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
