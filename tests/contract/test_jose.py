"""Our tokens and an independent JOSE library read each other."""

from __future__ import annotations

import json

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey

from jotbase.auth.tokens.keys import (
    KEY_RANDOMNESS,
    SHORTEST_SECRET,
    new_ring,
    public_jwks,
    read_ring,
)
from jotbase.auth.tokens.tokens import sign, sign_shared, verify

SECRET, KEYS = new_ring(bytes(range(SHORTEST_SECRET + KEY_RANDOMNESS)))
RING = read_ring(SECRET, KEYS)
CLAIMS = {"sub": "4d6e", "role": "authenticated", "exp": 2_000_000_000, "aud": "authenticated"}
NOW = 1_900_000_000


def test_joserfc_verifies_what_we_sign_with_the_published_key() -> None:
    """An ES256 token of ours is good to a library that has our JWKS alone."""
    keys = KeySet.import_key_set(public_jwks(RING))  # type: ignore[arg-type]

    assert jwt.decode(sign(CLAIMS, RING), keys, algorithms=["ES256"]).claims == CLAIMS


def test_joserfc_verifies_what_we_sign_with_the_secret() -> None:
    """An HS256 token of ours is good to a library that has the secret."""
    key = OctKey.import_key(SECRET)

    assert jwt.decode(sign_shared(CLAIMS, RING), key, algorithms=["HS256"]).claims == CLAIMS


def test_we_verify_what_joserfc_signs() -> None:
    """Tokens of another library with our keys stand for the same principal."""
    private = json.loads(KEYS)["keys"][0]
    asymmetric = jwt.encode(
        {"alg": "ES256", "kid": private["kid"]}, CLAIMS, ECKey.import_key(private)
    )
    shared = jwt.encode({"alg": "HS256"}, CLAIMS, OctKey.import_key(SECRET))

    for token in (asymmetric, shared):
        principal = verify(token, RING, NOW)
        assert (principal.id, principal.role) == ("4d6e", "authenticated")


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_other_algorithms_are_refused(algorithm: str) -> None:
    """A token signed with the right secret under another algorithm is not believed."""
    token = jwt.encode(
        {"alg": algorithm}, CLAIMS, OctKey.import_key(SECRET), algorithms=[algorithm]
    )
    with pytest.raises(Exception, match="No suitable key"):
        verify(token, RING, NOW)
