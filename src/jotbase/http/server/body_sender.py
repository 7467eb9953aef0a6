"""Sending a large body at the speed at which the client reads.

In charge of how much of it is in the transport's buffer. Must not know what comes before or after
the body.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop, Transport
from collections.abc import Callable
from typing import Protocol

from jotbase.http.edge.asgi import PIECE
from jotbase.values import SpooledBody

#: The most pieces that are sent in one iteration of the event loop.
IN_A_TURN = 8


class Flow(Protocol):
    """The flow control of a connection."""

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
        """Send pieces until the transport buffers them."""
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
        """Return a value that changes with each step that was sent."""
        return self, self.sent // self._step

    def _go_on(self) -> None:
        self._is_due = False
        self.send()

    def close(self) -> None:
        """Close the body's file."""
        body, self._body = self._body, None
        if body is not None:
            body.close()
