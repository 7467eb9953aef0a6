"""Base64url without padding, read strictly (RFC 7515 section 2).

In charge of one spelling for each string of bytes: no padding, no foreign character, no stray bit,
so that a token cannot be written in two ways. Must not know what the bytes mean.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from binascii import Error, a2b_base64

_TO_STANDARD = str.maketrans("-_+/=", "+/***")


def encode(data: bytes) -> str:
    """Return the bytes in base64url, without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Return the bytes that `encode` would write as this text. Raises ValueError for any other."""
    padding = "=" * (-len(text) % 4)
    try:
        data = a2b_base64(text.translate(_TO_STANDARD) + padding, strict_mode=True)
    except (Error, ValueError):
        raise ValueError("not base64url") from None
    if encode(data) != text:
        raise ValueError("not base64url in its one spelling")
    return data
