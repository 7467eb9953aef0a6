"""API keys: derived, told apart, and nobody else's."""

from __future__ import annotations

import re

import pytest

from jotbase.auth.tokens.apikeys import legacy_key, opaque_key, resolve_key
from jotbase.auth.tokens.keys import KeyRing
from jotbase.auth.tokens.tokens import sign_shared, verify
from jotbase.values import Principal

NOW = 1_780_000_000
RING = KeyRing(b"0123456789abcdef0123456789abcdef")
OTHER = KeyRing(b"0123456789abcdef0123456789abcdeg")


@pytest.mark.parametrize(
    ("role", "prefix"), [("anon", "sb_publishable_"), ("service_role", "sb_secret_")]
)
def test_an_opaque_key_has_its_form(role: str, prefix: str) -> None:
    """A prefix, 22 characters, an underscore and a checksum of 8; always the same."""
    key = opaque_key(role, RING)

    assert re.fullmatch(rf"{prefix}[\w-]{{22}}_[\w-]{{8}}", key)
    assert key == opaque_key(role, RING) != opaque_key(role, OTHER)


@pytest.mark.parametrize("role", ["anon", "service_role"])
def test_each_key_stands_for_its_role(role: str) -> None:
    """In the opaque and in the older form, for the ring that made it alone."""
    for key in (opaque_key(role, RING), legacy_key(role, RING, NOW)):
        holder = resolve_key(key, RING, NOW)
        assert holder is not None
        assert (holder.role, holder.id, holder.claims) == (role, None, {})
        assert resolve_key(key, OTHER, NOW) is None


def test_a_key_in_the_older_form_lasts_ten_years() -> None:
    """Its claims are those that SDKs and tools look for."""
    claims = verify(legacy_key("anon", RING, NOW), RING, NOW).claims

    assert claims == {
        "iss": "supabase",
        "role": "anon",
        "iat": 1_780_000_000,
        "exp": 2_095_360_000,
    }
    holder = resolve_key(legacy_key("anon", RING, NOW), RING, NOW)
    assert holder == Principal(role="anon", expires_at=2_095_360_000)
    assert resolve_key(legacy_key("anon", RING, NOW), RING, NOW + 315_360_031) is None


SECRET_KEY = opaque_key("service_role", RING)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sb_",
        "anon",
        SECRET_KEY[:-1],
        SECRET_KEY + "x",
        SECRET_KEY.upper(),
        SECRET_KEY.replace("sb_secret_", "sb_publishable_"),
        "sb_sécret",
        sign_shared({"role": "authenticated"}, RING),
        sign_shared({"role": "admin"}, RING),
        sign_shared({"role": "service_role", "sub": "ada"}, RING),
    ],
)
def test_what_is_no_key_stands_for_nobody(text: str) -> None:
    """Cut, grown and altered keys; tokens of users and of other roles."""
    assert resolve_key(text, RING, NOW) is None
