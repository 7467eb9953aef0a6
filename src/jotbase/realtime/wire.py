"""One WebSocket message as a ready server frame (RFC 6455 section 5.2): unmasked, uncompressed.

In charge of the bytes that can be written to any number of sockets as they are. Must not know what
the message says, nor any socket.
"""

from __future__ import annotations

_FIN_TEXT, _FIN_BINARY = 0x81, 0x82


def frame(message: bytes, *, binary: bool = False) -> bytes:
    """Return the message as one final frame; text must be UTF-8."""
    first = _FIN_BINARY if binary else _FIN_TEXT
    size = len(message)
    if size < 126:
        return bytes((first, size)) + message
    if size < 65_536:
        return bytes((first, 126)) + size.to_bytes(2, "big") + message
    return bytes((first, 127)) + size.to_bytes(8, "big") + message


def unframe(ready: bytes) -> tuple[bytes, bool]:
    """Return what a ready frame carries, and whether it is binary."""
    head = {126: 4, 127: 10}.get(ready[1], 2)
    return ready[head:], ready[0] == _FIN_BINARY
