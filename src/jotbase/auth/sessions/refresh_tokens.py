"""The encoding of a refresh token: session, counter, signature, checksum.

In charge of encoding and decoding GoTrue's second token format: base64url of `0x00`, the session's
UUID, the counter as a varint, 16 bytes of HMAC-SHA-256 and 4 bytes of SHA-256 over all before. Must
not know what a session is nor whether the counter is the current one.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from uuid import UUID

from jotbase.auth.tokens.encoding import decode, encode
from jotbase.errors import AuthError

#: The length of a session's signing key, in random bytes.
KEY_BYTES = 32

_VERSION = b"\x00"
_SIGNATURE, _CHECKSUM = 16, 4
_BEFORE_NUMBER = len(_VERSION) + 16
_AFTER_NUMBER = _SIGNATURE + _CHECKSUM
#: A varint of 9 bytes holds 63 bits, as many as a positive integer of the database.
_LONGEST_NUMBER = 9


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A well-formed token; `is_genuine` verifies its signature."""

    session_id: str
    counter: int
    signature: bytes = field(repr=False)


def issue(session_id: str, counter: int, key: bytes) -> str:
    """Return the token with that counter, signed with the session's key."""
    body = _body(session_id, counter)
    signed = body + _sign(body, key)
    return encode(signed + _checksum(signed))


def parse(text: str) -> RefreshToken:
    """Decode a token; its signature is not verified yet.

    Raises AuthError (validation_failed, 400) for a text of another format.
    """
    try:
        return _parse(decode(text))
    except ValueError:
        raise AuthError(400, "validation_failed", "Refresh token is not valid") from None


def is_genuine(token: RefreshToken, key: bytes) -> bool:
    """Whether the token was signed with the key; compares in constant time."""
    expected = _sign(_body(token.session_id, token.counter), key)
    return hmac.compare_digest(token.signature, expected)


def _parse(data: bytes) -> RefreshToken:
    number = data[_BEFORE_NUMBER:-_AFTER_NUMBER]
    if data[:1] != _VERSION or not 1 <= len(number) <= _LONGEST_NUMBER:
        raise ValueError("not of the token's length or version")
    if _checksum(data[:-_CHECKSUM]) != data[-_CHECKSUM:]:
        raise ValueError("the checksum does not fit")
    return RefreshToken(
        session_id=str(UUID(bytes=data[1:_BEFORE_NUMBER])),
        counter=_read_varint(number),
        signature=data[-_AFTER_NUMBER:-_CHECKSUM],
    )


def _body(session_id: str, counter: int) -> bytes:
    return _VERSION + UUID(session_id).bytes + _varint(counter)


def _sign(body: bytes, key: bytes) -> bytes:
    return hmac.digest(key, body, "sha256")[:_SIGNATURE]


def _checksum(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:_CHECKSUM]


def _varint(number: int) -> bytes:
    """Encode seven bits a byte, least significant first; the high bit is set if more bytes follow.

    Go's encoding/binary, as GoTrue uses it.
    """
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _read_varint(data: bytes) -> int:
    number = sum((byte & 0x7F) << 7 * index for index, byte in enumerate(data))
    if _varint(number) != data:
        raise ValueError("not a varint in its shortest form")
    return number
