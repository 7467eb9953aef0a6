"""The keys that sign and verify tokens, and their form as JSON Web Keys.

In charge of parsing and generating keys (RFC 7517, RFC 7518 section 6.2) and of the public JWK set.
Must not know a token's contents, nor where keys are stored; random bytes come as arguments.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import field
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric import ec

from jotbase.auth.tokens.encoding import decode, encode
from jotbase.errors import Fault, SettingError
from jotbase.records import dataclass

#: Random bytes for a new ES256 key: 64 bits more than the curve's order, so that the bias of the
#: remainder is negligible (FIPS 186-5, appendix A.2.1).
KEY_RANDOMNESS = 40

#: In bytes; RFC 7518 section 3.2: a key of the same size as the hash output or larger.
SHORTEST_SECRET = 32

_SECRET_VARIABLE = "JOTBASE_JWT_SECRET"
_KEYS_VARIABLE = "JOTBASE_JWT_KEYS"
_KEYS_HINT = 'Give a JWK set: {"keys": [...]}.'
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One ES256 key; without `private` it only verifies tokens, as after a key rotation."""

    kid: str
    public: ec.EllipticCurvePublicKey
    private: ec.EllipticCurvePrivateKey | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The shared secret (HS256) and the ES256 keys; the first private key signs."""

    secret: bytes = field(repr=False)
    keys: tuple[SigningKey, ...] = ()

    @property
    def signer(self) -> SigningKey | None:
        """The key that signs users' tokens; None means HS256 with the shared secret."""
        return next((key for key in self.keys if key.private is not None), None)

    def find(self, kid: str) -> SigningKey | None:
        """Return the key with that key id, or None."""
        return next((key for key in self.keys if key.kid == kid), None)


def new_jwk(random_bytes: bytes) -> dict[str, Any]:
    """Return a new private ES256 key as a JWK, from `KEY_RANDOMNESS` random bytes."""
    if len(random_bytes) < KEY_RANDOMNESS:
        raise ValueError(f"a key takes {KEY_RANDOMNESS} random bytes")
    scalar = int.from_bytes(random_bytes) % (P256_ORDER - 1) + 1
    public = _public_members(ec.derive_private_key(scalar, ec.SECP256R1()).public_key())
    return {
        **public,
        "d": encode(scalar.to_bytes(32)),
        "kid": thumbprint(public),
        "use": "sig",
        "alg": "ES256",
    }


def new_ring(random_bytes: bytes) -> tuple[str, str]:
    """Return a new (shared secret, JWK set), as the texts that `read_ring` takes.

    Takes `SHORTEST_SECRET + KEY_RANDOMNESS` random bytes.
    """
    secret, rest = random_bytes[:SHORTEST_SECRET], random_bytes[SHORTEST_SECRET:]
    return encode(secret), orjson.dumps({"keys": [new_jwk(rest)]}).decode()


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the key's SHA-256 thumbprint (RFC 7638), the default key id."""
    members = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    return encode(hashlib.sha256(orjson.dumps(members)).digest())


def read_ring(secret: str, jwks: str | None = None) -> KeyRing:
    """Return the key ring of the settings JOTBASE_JWT_SECRET and JOTBASE_JWT_KEYS (a JWK set).

    Raises SettingError with every fault; no message contains any part of a key.
    """
    faults = []
    if len(secret.encode()) < SHORTEST_SECRET:
        faults.append(
            Fault(_SECRET_VARIABLE, "", f"is shorter than {SHORTEST_SECRET} bytes (RFC 7518, 3.2)")
        )
    keys = _read_keys(jwks, faults) if jwks else ()
    if faults:
        raise SettingError(faults)
    return KeyRing(secret.encode(), keys)


def _read_keys(text: str, faults: list[Fault]) -> tuple[SigningKey, ...]:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        faults.append(Fault(_KEYS_VARIABLE, "", "is not JSON", _KEYS_HINT))
        return ()
    entries = document.get("keys") if isinstance(document, dict) else document
    if not isinstance(entries, list) or not entries:
        faults.append(Fault(_KEYS_VARIABLE, "", "holds no keys", _KEYS_HINT))
        return ()
    keys = []
    for index, entry in enumerate(entries):
        try:
            keys.append(read_jwk(entry))
        except ValueError as fault:
            faults.append(Fault(_KEYS_VARIABLE, f"/keys/{index}", str(fault)))
    if len({key.kid for key in keys}) < len(keys):
        faults.append(Fault(_KEYS_VARIABLE, "/keys", "two keys have the same kid"))
    return tuple(keys)


def read_jwk(jwk: Any) -> SigningKey:
    """Return the ES256 key of a JWK, public or private (RFC 7518 section 6.2).

    Raises ValueError with the reason.
    """
    if not isinstance(jwk, dict) or jwk.get("kty") != "EC" or jwk.get("crv") != "P-256":
        raise ValueError("is not an EC key on P-256, which ES256 takes")
    if jwk.get("alg", "ES256") != "ES256":
        raise ValueError("has another alg than ES256")
    public = ec.EllipticCurvePublicNumbers(_number(jwk, "x"), _number(jwk, "y"), ec.SECP256R1())
    given = jwk.get("kid")
    kid = given if isinstance(given, str) and given else thumbprint(jwk)
    if "d" not in jwk:
        return SigningKey(kid, public.public_key())
    scalar = _number(jwk, "d")
    if not 0 < scalar < P256_ORDER:
        raise ValueError("has a d outside the curve's order")
    private = ec.derive_private_key(scalar, ec.SECP256R1())
    if private.public_key().public_numbers() != public:
        raise ValueError("has a public half that is not that of its d")
    return SigningKey(kid, private.public_key(), private)


def public_jwks(ring: KeyRing) -> dict[str, Any]:
    """Return the JWK set to publish: public halves only, never the shared secret."""
    return {
        "keys": [
            {
                **_public_members(key.public),
                "kid": key.kid,
                "use": "sig",
                "key_ops": ["verify"],
                "alg": "ES256",
            }
            for key in ring.keys
        ]
    }


def _public_members(key: ec.EllipticCurvePublicKey) -> dict[str, Any]:
    numbers = key.public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": encode(numbers.x.to_bytes(32)),
        "y": encode(numbers.y.to_bytes(32)),
    }


def _number(jwk: Mapping[str, Any], member: str) -> int:
    text = jwk.get(member)
    try:
        data = decode(text) if isinstance(text, str) else b""
    except ValueError:
        data = b""
    if len(data) != 32:
        raise ValueError(f"has no {member} of 32 bytes in base64url")
    return int.from_bytes(data)
