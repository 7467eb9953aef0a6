"""One-time tokens: codes, links, and what is kept of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.auth.driving import ADA, MOMENT, NOW

from jotbase.auth.tokens.keys import KeyRing
from jotbase.auth.tokens.one_time import (
    CODE_BYTES,
    OneTimeToken,
    is_expired,
    is_valid_for,
    link_token,
    new_code,
    stored_hash,
    token_key,
)

TOKEN = OneTimeToken("hash", ADA.id, "recovery", "recovery", "ada@example.com", MOMENT)


@given(st.binary(min_size=CODE_BYTES, max_size=CODE_BYTES), st.integers(6, 10))
def test_a_code_has_its_length_in_digits(random_bytes: bytes, length: int) -> None:
    """Whatever the bytes, zeros in front are kept."""
    code = new_code(random_bytes, length)

    assert (len(code), code.isdigit()) == (length, True)


def test_a_code_comes_from_the_bytes() -> None:
    """The number that they are, its last digits."""
    assert new_code(bytes(8), 6) == "000000"
    assert new_code((1_000_042).to_bytes(8), 6) == "000042"


def test_a_link_depends_on_key_address_and_code() -> None:
    """Without the key, knowing address and code does not make the link."""
    link = link_token(b"key", "ada@example.com", "123456")

    assert link == link_token(b"key", "ada@example.com", "123456")
    others = [(b"other", "ada@example.com", "123456"), (b"key", "bob@example.com", "123456")]
    others.append((b"key", "ada@example.com", "123457"))
    assert link not in [link_token(*other) for other in others]
    assert (len(link), len(stored_hash(link)), stored_hash(link) == link) == (56, 56, False)


def test_any_text_can_be_looked_for() -> None:
    """A token that no encoding has is answered like any other wrong one."""
    assert len(stored_hash("\ud800")) == 56


def test_the_key_is_not_the_secret() -> None:
    """It is derived, so that links tell nothing of what signs tokens."""
    ring = KeyRing(b"s" * 32)

    assert token_key(ring) != ring.secret
    assert len(token_key(ring)) == 32


def test_a_token_is_over_at_the_end_of_its_lifetime() -> None:
    """The last moment belongs to it, the next does not."""
    assert not is_expired(TOKEN, NOW + 3599.9, 3600)
    assert is_expired(TOKEN, NOW + 3600, 3600)


@pytest.mark.parametrize(
    ("slot", "kinds"),
    [
        ("recovery", {"recovery", "magiclink", "email"}),
        ("confirmation", {"signup", "email", "invite"}),
    ],
)
def test_a_token_is_good_for_its_kinds_alone(slot: str, kinds: set[str]) -> None:
    """`email` takes either, anything unknown none."""
    token = replace(TOKEN, slot="recovery" if slot == "recovery" else "confirmation")
    options = ("signup", "invite", "magiclink", "recovery", "email", "email_change", "sms", "")

    assert {kind for kind in options if is_valid_for(token, kind, "ada@example.com")} == kinds


def test_a_token_proves_the_address_it_was_sent_to() -> None:
    """Once the user has another address, it proves nothing."""
    assert not is_valid_for(TOKEN, "recovery", "new@example.com")
    assert not is_valid_for(TOKEN, "recovery", None)
