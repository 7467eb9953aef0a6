"""Ready frames are what a WebSocket library would have written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.realtime.messages.wire import frame, unframe


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_535, b"\x81\x7e\xff\xff"),
        (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_a_length_is_written_in_the_shortest_form(size: int, head: bytes) -> None:
    """RFC 6455 section 5.2: seven bits, else sixteen, else sixty-four."""
    assert frame(b"x" * size) == head + b"x" * size


@given(st.binary(max_size=300), st.booleans())
def test_what_was_framed_can_be_read_back(message: bytes, binary: bool) -> None:
    """The message and its kind survive."""
    assert unframe(frame(message, binary=binary)) == (message, binary)


def test_a_client_library_reads_it() -> None:
    """Websockets' own parser takes text and binary frames for what they are."""
    from websockets.client import ClientProtocol
    from websockets.frames import Frame, Opcode
    from websockets.protocol import OPEN
    from websockets.uri import parse_uri

    client = ClientProtocol(parse_uri("ws://backend.test/"), state=OPEN)
    client.receive_data(frame(b"{}") + frame(b"\x00", binary=True))

    assert client.events_received() == [Frame(Opcode.TEXT, b"{}"), Frame(Opcode.BINARY, b"\x00")]
