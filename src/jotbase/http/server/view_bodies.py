"""The bodies of views' answers: sent at the speed at which the client reads, large ones from files.

In charge of no piece of an answer being in memory twice, nor for as long as a client takes to read
it. Must not know who answers.
"""

from __future__ import annotations

import asyncio

from jotbase.engines.spool import KEPT_IN_MEMORY, Spool, kept_in_file
from jotbase.errors import JotError
from jotbase.http.edge.asgi import PIECE, Message, Send


def in_pieces(send: Send) -> Send:
    """Return what sends messages, the bodies in them by `PIECE`.

    A body of more than `KEPT_IN_MEMORY` is taken out of its message and kept in a file; where none
    is to be had, or no thread, it stays in memory.
    """

    async def sending(message: Message) -> None:
        if message["type"] != "http.response.body" or len(message.get("body", b"")) <= PIECE:
            await send(message)
            return
        more = message.get("more_body", False)
        size = len(message["body"])
        kept = await _kept(message) if size > KEPT_IN_MEMORY else None
        try:
            for start in range(0, size, PIECE):
                last = start + PIECE >= size
                whole = message["body"]
                piece = kept.read(start, PIECE) if kept else whole[start : start + PIECE]
                await send({**message, "body": piece, "more_body": more or not last})
        finally:
            if kept is not None:
                kept.close()

    return sending


async def _kept(message: Message) -> Spool | None:
    try:
        kept = await asyncio.to_thread(kept_in_file, message["body"])
    except (JotError, RuntimeError):
        return None
    message["body"] = b""  # its maker has the message, and waits
    return kept
