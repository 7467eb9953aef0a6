"""A large body on its way to its client: as much at a time as the client reads.

In charge of what of it is in the transport. Must not know what comes before or after the body.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop, Transport
from collections.abc import Callable
from typing import Protocol

from jotbase.http.edge.asgi import PIECE
from jotbase.values import SpooledBody

#: Pieces that are sent in one turn of the loop.
IN_A_TURN = 8


class Flow(Protocol):
    """What says whether the client reads."""

    write_paused: bool


class BodySender:
    """One body, to be read `step` by step; `done` is called when the last of it was written."""

    def __init__(
        self,
        body: SpooledBody,
        transport: Transport,
        flow: Flow,
        loop: AbstractEventLoop,
        step: int,
        done: Callable[[], None],
    ) -> None:
        self.sent = 0
        self._step = step
        self._body: SpooledBody | None = body
        self._transport = transport
        self._flow = flow
        self._loop = loop
        self._done = done
        self._is_due = False

    def send(self) -> None:
        """Send on, until the client has not read what was sent."""
        body = self._body
        if self._is_due or body is None:
            return
        for _ in range(IN_A_TURN):
            if self._flow.write_paused or self._transport.is_closing():
                return
            piece = body.read(self.sent, PIECE)
            self.sent += len(piece)
            self._transport.write(piece)
            if self.sent >= body.size or not piece:
                self.close()
                self._done()
                return
        self._is_due = True
        self._loop.call_soon(self._go_on)

    def progress(self) -> object:
        """Return what changes with each step that was sent."""
        return self, self.sent // self._step

    def _go_on(self) -> None:
        self._is_due = False
        self.send()

    def close(self) -> None:
        """Let go of the body."""
        body, self._body = self._body, None
        if body is not None:
            body.close()
