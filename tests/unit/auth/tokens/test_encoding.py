"""Base64url: one spelling for each string of bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.auth.tokens.encoding import decode, encode


@given(st.binary(max_size=100))
def test_what_is_encoded_is_decoded(data: bytes) -> None:
    """Any bytes come back, and their text needs no escaping in a URL."""
    text = encode(data)

    assert decode(text) == data
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_the_example_of_rfc_7515() -> None:
    """Appendix C: bytes 3 236 255 224 193."""
    assert encode(bytes([3, 236, 255, 224, 193])) == "A-z_4ME"


@pytest.mark.parametrize(
    "text", ["A", "AA=", "AA==", "A A", "AAA\n", "+/+/", "AB", "AAB", "é", "AAAA=", "AA*A", "\x00"]
)
def test_another_spelling_is_refused(text: str) -> None:
    """Padding, foreign characters, stray bits and lengths that no bytes have."""
    with pytest.raises(ValueError, match="base64url"):
        decode(text)


@given(st.text(max_size=20))
def test_any_text_is_decoded_to_itself_or_refused(text: str) -> None:
    """No text is read as the bytes of another text."""
    try:
        data = decode(text)
    except ValueError:
        return
    assert encode(data) == text
