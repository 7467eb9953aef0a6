"""Users: their JSON, their claims, their metadata."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.auth.driving import ADA, MOMENT, NOW, POLICY

from jotbase.auth.sessions.sessions import Session
from jotbase.auth.sessions.users import (
    Account,
    Identity,
    User,
    access_claims,
    assurance,
    merged,
    providers,
    user_json,
)

IDENTITY = Identity("i1", ADA.id, ADA.id, "email", MOMENT, MOMENT, email="ada@example.com")


def test_a_user_is_shown_as_clients_expect() -> None:
    """Text that is never null, times with Z that are left out when unset, no hash."""
    assert user_json(Account(ADA, (IDENTITY,))) == {
        "id": ADA.id,
        "aud": "authenticated",
        "role": "authenticated",
        "email": "ada@example.com",
        "phone": "",
        "email_confirmed_at": "2026-05-28T20:26:40Z",
        "confirmed_at": "2026-05-28T20:26:40Z",
        "app_metadata": {},
        "user_metadata": {"name": "Ada"},
        "identities": [
            {
                "identity_id": "i1",
                "id": ADA.id,
                "user_id": ADA.id,
                "identity_data": {},
                "provider": "email",
                "created_at": "2026-05-28T20:26:40Z",
                "updated_at": "2026-05-28T20:26:40Z",
                "email": "ada@example.com",
            }
        ],
        "created_at": "2026-05-28T20:26:40Z",
        "updated_at": "2026-05-28T20:26:40Z",
        "is_anonymous": False,
    }


def test_a_user_without_anything_has_empty_text() -> None:
    """An anonymous user has no address, no identity and no confirmation."""
    shown = user_json(Account(User("u", "authenticated", "authenticated", MOMENT, MOMENT)))

    assert (shown["email"], shown["phone"], shown["identities"]) == ("", "", [])
    assert "confirmed_at" not in shown
    assert "new_email" not in shown


def test_the_earlier_confirmation_counts() -> None:
    """`confirmed_at` is the first of address and phone."""
    user = replace(ADA, phone_confirmed_at="2026-01-01T00:00:00+00:00")

    assert user.confirmed_at == "2026-01-01T00:00:00+00:00"


def test_the_claims_of_an_access_token() -> None:
    """Whole seconds, text for absent addresses, the session and its methods."""
    amr = ({"method": "password", "timestamp": 1_780_000_000},)
    session = Session("s1", ADA.id, MOMENT, MOMENT, b"key", amr=amr)

    assert access_claims(ADA, session, POLICY, NOW + 0.9) == {
        "iss": "http://localhost/auth/v1",
        "sub": ADA.id,
        "aud": "authenticated",
        "exp": 1_780_003_600,
        "iat": 1_780_000_000,
        "email": "ada@example.com",
        "phone": "",
        "app_metadata": {},
        "user_metadata": {"name": "Ada"},
        "role": "authenticated",
        "aal": "aal1",
        "amr": [{"method": "password", "timestamp": 1_780_000_000}],
        "session_id": "s1",
        "is_anonymous": False,
    }


@pytest.mark.parametrize(
    ("methods", "level"),
    [
        ((), "aal1"),
        (("password",), "aal1"),
        (("otp", "oauth", "recovery"), "aal1"),
        (("password", "totp"), "aal2"),
        (("mfa/phone",), "aal2"),
        (("mfa/webauthn", "password"), "aal2"),
    ],
)
def test_a_second_factor_raises_the_assurance_level(methods: tuple[str, ...], level: str) -> None:
    """Only the methods of a second factor count."""
    assert assurance(tuple({"method": one, "timestamp": 1} for one in methods)) == level


@pytest.mark.parametrize(
    ("old", "change", "new"),
    [
        ({}, {}, {}),
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": {"x": 1}}, {"a": {"y": 2}}, {"a": {"y": 2}}),
        ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ({"a": 1}, {"z": None}, {"a": 1}),
        ({"a": None}, {"b": 0}, {"a": None, "b": 0}),
        ({"a": 1}, {"a": False}, {"a": False}),
    ],
)
def test_metadata_is_merged_one_level_deep(
    old: dict[str, Any], change: dict[str, Any], new: dict[str, Any]
) -> None:
    """A key is replaced whole, and null deletes it."""
    assert merged(old, change) == new


def test_providers_are_named_once_in_their_order() -> None:
    """The first is `provider`; a user without identities has neither."""
    github = replace(IDENTITY, provider="github")

    assert providers((IDENTITY, github, github)) == {
        "provider": "email",
        "providers": ["email", "github"],
    }
    assert providers(()) == {}
