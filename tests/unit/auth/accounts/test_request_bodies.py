"""Bodies: JSON to checked values, or the fault."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotbase.auth.accounts.request_bodies import email, flag, metadata, read_body, text
from jotbase.errors import AuthError


def code(call: Any, *arguments: Any) -> tuple[int, str]:
    with pytest.raises(AuthError) as caught:
        call(*arguments)
    return caught.value.status, caught.value.code


def test_nulls_count_as_absent() -> None:
    """SDKs send null for what they have no value for."""
    assert read_body(b'{"a": null, "b": 0, "c": {"d": null}}') == {"b": 0, "c": {"d": None}}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b"null", b"\xff", b"[" * 5000, b"NaN"])
def test_what_is_no_object_is_bad_json(body: bytes) -> None:
    """Cut, broken, too deep, or another kind of JSON."""
    assert code(read_body, body) == (400, "bad_json")


@given(st.binary(max_size=40))
def test_any_bytes_are_an_object_or_bad_json(body: bytes) -> None:
    """No bytes raise anything else."""
    try:
        assert isinstance(read_body(body), dict)
    except AuthError as fault:
        assert fault.code == "bad_json"  # noqa: PT017


def test_values_have_their_type_or_are_absent() -> None:
    """Absent text is empty, an absent flag is off, absent metadata is empty."""
    assert (text({"a": "x"}, "a"), text({}, "a")) == ("x", "")
    assert (flag({"a": True}, "a"), flag({}, "a")) == (True, False)
    assert (metadata({"a": {"b": 1}}, "a"), metadata({}, "a")) == ({"b": 1}, {})
    assert code(text, {"a": 1}, "a") == (400, "bad_json")
    assert code(flag, {"a": 1}, "a") == (400, "bad_json")
    assert code(metadata, {"a": []}, "a") == (400, "bad_json")


def test_metadata_must_fit_a_token() -> None:
    """16 KiB of JSON, and not a byte more."""
    assert metadata({"a": {"b": "x" * 16_376}}, "a") == {"b": "x" * 16_376}
    assert code(metadata, {"a": {"b": "x" * 16_377}}, "a") == (400, "validation_failed")


@pytest.mark.parametrize(
    ("given_text", "address"),
    [
        ("ada@example.com", "ada@example.com"),
        (" Ada.L+jobs@EXAMPLE.co.uk ", "ada.l+jobs@example.co.uk"),
        ("root@localhost", "root@localhost"),
        ("", ""),
    ],
)
def test_an_address_is_read_in_lower_case(given_text: str, address: str) -> None:
    """Blanks around it do not count; a host without a dot is a host."""
    assert email({"email": given_text}) == address


@pytest.mark.parametrize(
    "given_text",
    [
        "ada",
        "@example.com",
        "ada@",
        "ada@@example.com",
        "ada@-example.com",
        "ada@example..com",
        "ada lovelace@example.com",
        "ada@exam\u0000ple.com",
        "ada@example.com\nbcc: eve@example.com",
        "дана@example.com",
        "a" * 250 + "@b.com",
    ],
)
def test_what_is_no_address_is_refused(given_text: str) -> None:
    """As browsers judge it, and no line break ever."""
    assert code(email, {"email": given_text}) == (400, "validation_failed")
