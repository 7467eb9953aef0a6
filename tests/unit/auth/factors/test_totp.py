"""Codes of authenticator apps: the vectors of RFC 6238, the steps of a code, the URI."""

import base64

import pytest

from jotbase.auth.factors.totp import code_at, encode_secret, matching_step, provisioning_uri

#: The secret of RFC 6238 appendix B.
SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("time", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_vectors_of_the_rfc(time: int, code: str) -> None:
    """RFC 6238 appendix B for SHA-1, of whose eight digits six are used."""
    assert code_at(SECRET, time // 30) == code[2:]


@pytest.mark.parametrize(
    ("code_of", "last", "step"),
    [
        (1000, 0, 1000),
        (999, 0, 999),
        (1001, 0, 1001),
        (998, 0, None),
        (1002, 0, None),
        (1000, 1000, None),
        (999, 1000, None),
        (1001, 1000, 1001),
    ],
)
def test_a_code_is_taken_once_and_near_its_time(code_of: int, last: int, step: int | None) -> None:
    """One step before and after the current one, later than the last one that was used."""
    assert matching_step(SECRET, code_at(SECRET, code_of), 1000 * 30 + 29.9, last) == step


@pytest.mark.parametrize("code", ["", "000000", "28708", "2870820", " 287082", "२८७०८२", "x" * 99])
def test_what_is_no_code_is_wrong(code: str) -> None:
    """Whatever it is made of, and however long."""
    assert matching_step(SECRET, code, 59, 0) is None


def test_a_secret_is_base_32_without_padding() -> None:
    """Apps take it typed by hand."""
    assert encode_secret(b"12345678901234567890") == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


def test_the_uri_names_issuer_and_account() -> None:
    """Whatever they contain, they add no parameter."""
    assert provisioning_uri("ABC", "Shop & Co", "a?secret=X@example.com") == (
        "otpauth://totp/Shop%20%26%20Co:a%3Fsecret%3DX@example.com"
        "?algorithm=SHA1&digits=6&issuer=Shop%20%26%20Co&period=30&secret=ABC"
    )
