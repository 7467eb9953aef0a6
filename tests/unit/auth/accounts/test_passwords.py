"""Passwords: hashed, checked, judged."""

from __future__ import annotations

import pytest

from jotbase.auth.accounts.passwords import (
    DUMMY_HASH,
    check_new_password,
    hash_password,
    is_known_hash,
    needs_rehash,
    verify_password,
)
from jotbase.auth.tokens.policy import AuthPolicy
from jotbase.errors import AuthError

POLICY = AuthPolicy("http://localhost/auth/v1")
HASH = (
    "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg"
    "$rk2Mi3E4dgRMg0fHaYaptWVZRKqs//6b6k3/nntqGJk"
)
#: Cheap ones, to be checked in no time.
CHEAP_ID = "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$hfUK5kasNx+MA8Ldy3ooWQ"
CHEAP_I = "$argon2i$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$gbucp0hAwO4I7J539ORXjw"


def test_a_hash_is_argon2id_with_its_parameters() -> None:
    """The same salt gives the same hash, which says how it was made."""
    assert hash_password("correct horse", b"0123456789abcdef") == HASH


@pytest.mark.parametrize(
    ("password", "hashed", "fits"),
    [
        ("correct horse", HASH, True),
        ("wrong horse", HASH, False),
        ("correct horse", CHEAP_ID, True),
        ("correct horse", CHEAP_I, True),
        ("correct horsE", CHEAP_I, False),
        ("", CHEAP_ID, False),
        ("correct horse", "$argon2id$broken", False),
        ("correct horse", "$2y$10$unknown", False),
        ("correct horse", None, False),
        ("nobody has this password", None, False),
    ],
)
def test_a_password_fits_its_hash_alone(password: str, hashed: str | None, *, fits: bool) -> None:
    """Without a hash nothing fits, not even the password of the hash that is checked instead."""
    assert verify_password(password, hashed) is fits


def test_the_hash_of_nobody_costs_what_any_hash_costs() -> None:
    """It has today's parameters and can be checked, so that time tells nothing."""
    assert not needs_rehash(DUMMY_HASH)
    assert verify_password("nobody has this password", DUMMY_HASH)


def test_other_parameters_call_for_a_new_hash() -> None:
    """A hash of yesterday's cost is renewed when its password is at hand."""
    assert needs_rehash(CHEAP_ID)
    assert not needs_rehash(HASH)


def test_a_hash_from_elsewhere_must_be_of_a_known_kind() -> None:
    """What could never be checked is not taken."""
    assert is_known_hash(CHEAP_I)
    assert not is_known_hash("$2y$10$abc")
    assert not is_known_hash("plain")


@pytest.mark.parametrize("password", ["123456", "пароль", "x" * 72, "      "])
def test_a_long_enough_password_is_taken(password: str) -> None:
    """Six characters of any kind, up to 72 bytes."""
    check_new_password(password, POLICY)


@pytest.mark.parametrize("password", ["x" * 73, "ж" * 37])
def test_a_password_of_more_than_72_bytes_is_refused(password: str) -> None:
    """Bytes count, not characters."""
    with pytest.raises(AuthError) as caught:
        check_new_password(password, POLICY)

    assert (caught.value.status, caught.value.code) == (400, "validation_failed")


@pytest.mark.parametrize(
    ("password", "reasons"),
    [("a2345", ["length"]), ("abcdef", ["characters"]), ("abc", ["length", "characters"])],
)
def test_a_weak_password_is_refused_with_reasons(password: str, reasons: list[str]) -> None:
    """All reasons at once, in the words that SDKs know."""
    policy = AuthPolicy("", password_characters=("fedcba", "9876543210"))
    with pytest.raises(AuthError) as caught:
        check_new_password(password, policy)

    assert (caught.value.status, caught.value.code) == (422, "weak_password")
    assert caught.value.extra == {"weak_password": {"reasons": reasons}}
    assert password not in caught.value.message
