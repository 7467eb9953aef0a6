"""Encoding a WebSocket message as a server frame (RFC 6455 section 5.2): unmasked, uncompressed.

In charge of bytes that can be written to any number of sockets unchanged. Must not know the
message, nor any socket.
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
    """Return (payload, whether it is binary) of an encoded frame."""
    head = {126: 4, 127: 10}.get(ready[1], 2)
    return ready[head:], ready[0] == _FIN_BINARY
