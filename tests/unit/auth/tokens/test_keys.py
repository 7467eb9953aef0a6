"""Keys: read, made, published, never shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jotbase.auth.tokens.keys import (
    KeyRing,
    new_jwk,
    new_ring,
    public_jwks,
    read_jwk,
    read_ring,
    thumbprint,
)
from jotbase.errors import SettingError

SECRET = "0123456789abcdef0123456789abcdef"
#: RFC 7515 appendix A.3.1.
RFC_JWK = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
}
PUBLIC_JWK = {name: value for name, value in RFC_JWK.items() if name != "d"}


def test_a_private_key_is_read() -> None:
    """The RFC's key signs; its id is its thumbprint unless it has one."""
    key = read_jwk(RFC_JWK)

    assert key.private is not None
    assert key.kid == thumbprint(RFC_JWK)
    assert read_jwk({**RFC_JWK, "kid": "mine"}).kid == "mine"


def test_a_public_key_checks_and_does_not_sign() -> None:
    """A retired key may stay in the ring without its private half."""
    ring = KeyRing(b"", (read_jwk(PUBLIC_JWK), read_jwk({**RFC_JWK, "kid": "second"})))

    assert read_jwk(PUBLIC_JWK).private is None
    assert ring.signer is not None
    assert ring.signer.kid == "second"
    assert KeyRing(b"").signer is None


def test_a_key_is_found_by_its_id() -> None:
    """An unknown id finds nothing."""
    ring = KeyRing(b"", (read_jwk({**RFC_JWK, "kid": "a"}),))

    assert ring.find("a") == ring.keys[0]
    assert ring.find("b") is None


def test_a_new_key_depends_on_its_random_bytes_alone() -> None:
    """The same bytes give the same key, others another; too few are refused."""
    first = new_jwk(bytes(40))

    assert first == new_jwk(bytes(40))
    assert first["d"] != new_jwk(b"\x01" * 40)["d"]
    assert read_jwk(first).kid == first["kid"] == thumbprint(first)
    with pytest.raises(ValueError, match="40 random bytes"):
        new_jwk(bytes(39))


def test_a_new_ring_can_be_read() -> None:
    """What is made for the two settings is what reading takes."""
    secret, jwks = new_ring(bytes(range(72)))
    ring = read_ring(secret, jwks)

    assert len(ring.secret) == 43
    assert [key.private is not None for key in ring.keys] == [True]


def test_only_public_halves_are_published() -> None:
    """The JWK set names each key's use, and no `d`."""
    ring = read_ring(SECRET, json.dumps({"keys": [{**RFC_JWK, "kid": "a"}]}))

    assert public_jwks(ring) == {
        "keys": [{**PUBLIC_JWK, "kid": "a", "use": "sig", "key_ops": ["verify"], "alg": "ES256"}]
    }
    assert public_jwks(KeyRing(SECRET.encode())) == {"keys": []}


def test_a_ring_does_not_show_its_secrets() -> None:
    """What is printed of a ring holds neither the secret nor a private key."""
    shown = repr(read_ring(SECRET, json.dumps({"keys": [RFC_JWK]})))

    assert SECRET not in shown
    assert "private" not in shown


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kty": "RSA"}, "is not an EC key on P-256, which ES256 takes"),
        ({"crv": "P-384"}, "is not an EC key on P-256, which ES256 takes"),
        ({"alg": "ES512"}, "has another alg than ES256"),
        ({"x": "AAAA"}, "has no x of 32 bytes in base64url"),
        ({"y": 7}, "has no y of 32 bytes in base64url"),
        ({"d": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}, "public half"),
        ({"d": "A" * 43}, "outside the curve's order"),
        ({"d": "_" * 42 + "8"}, "outside the curve's order"),
    ],
)
def test_a_key_that_does_not_serve_says_why(change: dict[str, Any], reason: str) -> None:
    """Another kind of key, a broken member, halves that do not belong together."""
    with pytest.raises(ValueError, match=reason):
        read_jwk({**RFC_JWK, **change})


def test_a_point_off_the_curve_is_refused() -> None:
    """A public key must be a point of P-256 (RFC 8725 section 3.4)."""
    with pytest.raises(ValueError, match=r"."):
        read_jwk({**PUBLIC_JWK, "x": PUBLIC_JWK["y"]})


@pytest.mark.parametrize(
    ("secret", "jwks", "faults"),
    [
        ("short", None, ["JOTBASE_JWT_SECRET: is shorter than 32 bytes (RFC 7518, 3.2)"]),
        (SECRET, "nonsense", ["JOTBASE_JWT_KEYS: is not JSON"]),
        (SECRET, "{}", ["JOTBASE_JWT_KEYS: holds no keys"]),
        (SECRET, '{"keys": []}', ["JOTBASE_JWT_KEYS: holds no keys"]),
        (
            "",
            '{"keys": [1, {"kty": "oct"}]}',
            [
                "JOTBASE_JWT_SECRET: is shorter than 32 bytes (RFC 7518, 3.2)",
                "JOTBASE_JWT_KEYS#/keys/0: is not an EC key on P-256, which ES256 takes",
                "JOTBASE_JWT_KEYS#/keys/1: is not an EC key on P-256, which ES256 takes",
            ],
        ),
    ],
)
def test_all_faults_of_the_settings_are_told(
    secret: str, jwks: str | None, faults: list[str]
) -> None:
    """Each fault names its variable and place, and all come at once."""
    with pytest.raises(SettingError) as caught:
        read_ring(secret, jwks)

    assert [str(fault).split("\n")[0] for fault in caught.value.faults] == faults


def test_two_keys_of_one_id_are_refused() -> None:
    """An id must lead to one key."""
    with pytest.raises(SettingError, match="the same kid"):
        read_ring(SECRET, json.dumps({"keys": [RFC_JWK, RFC_JWK]}))
