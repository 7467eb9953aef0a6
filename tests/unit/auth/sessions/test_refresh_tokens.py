"""The bytes of a refresh token: written, read, refused."""

from __future__ import annotations

import hashlib
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.auth.sessions.refresh_tokens import RefreshToken, is_genuine, issue, parse
from jotbase.auth.tokens.encoding import decode, encode
from jotbase.errors import AuthError

KEY = bytes(range(32))
SESSION = "8f1d4f0a-1234-4000-8000-0123456789ab"
GOOD = issue(SESSION, 300, KEY)

counters = st.integers(0, 2**63 - 1)


def test_a_token_has_its_parts_in_order() -> None:
    """Version, session, varint, signature, checksum."""
    data = decode(GOOD)

    assert data[:1] == b"\x00"
    assert UUID(bytes=data[1:17]) == UUID(SESSION)
    assert data[17:19] == b"\xac\x02"
    assert len(data) == 1 + 16 + 2 + 16 + 4


@pytest.mark.parametrize("number", [b"\x80\x00", b"\x85\x80\x00", b"", b"\x80" * 9, b"\xff" * 10])
def test_a_number_has_one_spelling(number: bytes) -> None:
    """A varint that is drawn out, cut or too long is refused, checksum or not."""
    signed = decode(GOOD)[:17] + number + bytes(16)
    with pytest.raises(AuthError):
        parse(encode(signed + hashlib.sha256(signed).digest()[:4]))


@given(st.uuids(), counters, st.binary(min_size=32, max_size=32))
def test_what_is_issued_is_read_and_genuine(session: UUID, counter: int, key: bytes) -> None:
    """Any session and number come back, genuine for the key that signed."""
    token = parse(issue(str(session), counter, key))

    assert (token.session_id, token.counter) == (str(session), counter)
    assert is_genuine(token, key)
    assert not is_genuine(token, bytes(31) + b"\x01" if key == bytes(32) else bytes(32))


@given(counters, counters, st.uuids())
def test_a_signature_holds_for_its_own_number_and_session(
    first: int, second: int, other: UUID
) -> None:
    """A signature moved to another number or session is not genuine."""
    token = parse(issue(SESSION, first, KEY))

    assert is_genuine(RefreshToken(SESSION, second, token.signature), KEY) is (first == second)
    assert not is_genuine(RefreshToken(str(other), first, token.signature), KEY)


@given(st.text(max_size=90) | st.binary(max_size=60).map(encode))
def test_no_other_text_is_read(text: str) -> None:
    """Whatever no server wrote is refused in one way, before anything is looked up."""
    with pytest.raises(AuthError) as caught:
        parse(text)

    assert (caught.value.status, caught.value.code) == (400, "validation_failed")


@given(st.integers(0, len(GOOD) - 1), st.sampled_from("ABab01-_"))
def test_a_changed_character_is_noticed(place: int, character: str) -> None:
    """The checksum tells a slip of the pen without a look into the database."""
    text = GOOD[:place] + character + GOOD[place + 1 :]

    if text != GOOD:
        with pytest.raises(AuthError):
            parse(text)


def test_a_token_does_not_show_its_signature() -> None:
    """What is printed of a token cannot be used."""
    assert repr(parse(GOOD)) == f"RefreshToken(session_id='{SESSION}', counter=300)"
