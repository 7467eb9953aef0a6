"""Base64url without padding, read strictly (RFC 7515 section 2).

In charge of a single encoding for each byte string: no padding, no other characters, no non-zero
trailing bits, so that a token has only one text. Must not know what the bytes mean.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from binascii import Error, a2b_base64

_TO_STANDARD = str.maketrans("-_+/=", "+/***")


def encode(data: bytes) -> str:
    """Return the bytes in base64url, without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Return the bytes of a text that `encode` gives. Raises ValueError for any other text."""
    padding = "=" * (-len(text) % 4)
    try:
        data = a2b_base64(text.translate(_TO_STANDARD) + padding, strict_mode=True)
    except (Error, ValueError):
        raise ValueError("not base64url") from None
    if encode(data) != text:
        raise ValueError("not canonical base64url")
    return data
