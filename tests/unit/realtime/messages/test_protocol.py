"""Messages in both versions: what clients send is read, what they need is written."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.realtime.messages.protocol import (
    VERSIONS,
    Frame,
    Vsn,
    envelope,
    parse,
    read_vsn,
    render,
    render_opaque,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PAYLOADS = st.dictionaries(TEXTS, st.none() | st.booleans() | st.integers(-9, 9) | TEXTS)
FRAMES = st.builds(Frame, st.none() | TEXTS, st.none() | TEXTS, TEXTS, TEXTS, PAYLOADS)


@pytest.mark.parametrize(
    ("given", "vsn"), [(None, "1.0.0"), ("1.0.0", "1.0.0"), ("2.0.0", "2.0.0"), ("3.0.0", None)]
)
def test_an_absent_version_is_the_first(given: str | None, vsn: Vsn | None) -> None:
    """supabase-py sends none; an unknown one is refused."""
    assert read_vsn(given) == vsn


@given(FRAMES)
def test_two_ends_of_version_two_understand_each_other(frame: Frame) -> None:
    """What one end writes, the other reads as it was."""
    assert parse("2.0.0", render("2.0.0", frame).decode()) == frame


@given(FRAMES)
def test_version_one_always_writes_its_four_keys(frame: Frame) -> None:
    """A null `ref` stands there, a `join_ref` never does."""
    written = orjson.loads(render("1.0.0", frame))

    assert set(written) == {"ref", "topic", "event", "payload"}
    assert written["ref"] == frame.ref


def test_version_one_reads_a_missing_join_ref() -> None:
    """supabase-py never sends it."""
    text = '{"topic":"t","event":"e","payload":{},"ref":null}'

    assert parse("1.0.0", text) == Frame(None, None, "t", "e", {})


@pytest.mark.parametrize(
    ("vsn", "message"),
    [
        ("1.0.0", ""),
        ("1.0.0", "[]"),
        ("1.0.0", '{"topic":"t","event":"e","payload":{}}'),
        ("1.0.0", '{"topic":1,"event":"e","payload":{},"ref":"1"}'),
        ("1.0.0", b"\x03\x00\x00\x00\x00\x00\x01{}"),
        ("2.0.0", "{}"),
        ("2.0.0", '["1","1","t","e"]'),
        ("2.0.0", '["1","1",null,"e",{}]'),
        ("2.0.0", b""),
        ("2.0.0", b"\x00\x00\x00\x00\x00\x00\x01{}"),
        ("2.0.0", b"\x03\x09\x00\x00\x00\x00\x01{}"),
        ("2.0.0", b"\x03\x00\x00\x00\x00\x00\x01{"),
        ("2.0.0", b"\x03\x00\x00\x01\x00\x00\x01\xff{}"),
    ],
)
def test_what_is_no_message_is_none(vsn: Vsn, message: str | bytes) -> None:
    """Malformed frames are to be ignored, so none of them raises."""
    assert parse(vsn, message) is None


@given(st.binary(max_size=60), st.sampled_from(VERSIONS))
def test_no_bytes_raise(message: bytes, vsn: Vsn) -> None:
    """Whatever a client sends is a message or none."""
    assert parse(vsn, message) is None or message[0] == 3
    assert parse(vsn, message.decode("latin-1")) is None or message


def test_a_binary_push_is_a_broadcast() -> None:
    """Kind 3 with JSON is the text message of the same content; opaque bytes stay beside it."""
    head = b"\x03\x01\x01\x0a\x02\x00"

    assert parse("2.0.0", head + b"\x01" + b'12realtime:rhi{"n":1}') == Frame(
        "1",
        "2",
        "realtime:r",
        "broadcast",
        {"type": "broadcast", "event": "hi", "payload": {"n": 1}},
    )
    assert parse("2.0.0", head + b"\x00" + b"12realtime:rhi\xff") == Frame(
        "1", "2", "realtime:r", "broadcast", {"type": "broadcast", "event": "hi"}, b"\xff"
    )


@given(st.sampled_from(VERSIONS), TEXTS, TEXTS, PAYLOADS)
def test_a_payload_may_be_put_in_later(
    vsn: Vsn, topic: str, event: str, payload: dict[str, object]
) -> None:
    """What stands around a payload makes the message that `render` writes."""
    before, behind = envelope(vsn, topic, event)

    assert before + orjson.dumps(payload) + behind == render(
        vsn, Frame(None, None, topic, event, payload)
    )


def test_lengths_count_bytes_and_end_at_255() -> None:
    """A name of 256 bytes cannot stand in a binary frame."""
    assert render_opaque("é", "e", b"\x00") == b"\x04\x02\x01\x00\x00\xc3\xa9e\x00"
    assert render_opaque("é" * 128, "e", b"") is None


def test_a_long_topic_is_no_message_and_a_long_reference_is_none() -> None:
    """Both would be kept and said again."""
    assert parse("2.0.0", f'[null,"1","realtime:{"x" * 4088}","phx_join",{{}}]') is None
    said = parse("2.0.0", f'["{"y" * 4097}","{"x" * 4097}","realtime:r","phx_join",{{}}]')
    assert said is not None
    assert (said.join_ref, said.ref) == (None, None)
