"""Access tokens: signing claims, and verifying a token to a principal (RFC 7515, RFC 7519).

In charge of which tokens are valid. The header only selects one of the ring's keys, and each key
verifies a single algorithm, so that a header cannot make a key verify another one (RFC 8725
sections 3.1, 3.2). Must not know sessions, users or HTTP; the time comes as an argument.
"""

from __future__ import annotations

import hmac
import json
import math
from collections.abc import Mapping
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from jotbase.auth.tokens.encoding import decode, encode
from jotbase.auth.tokens.keys import P256_ORDER, KeyRing, SigningKey
from jotbase.errors import AccessError, RequestError
from jotbase.schema.values.nesting import check_nesting
from jotbase.values import ANON, Principal

#: The clock skew allowed in `exp`, `nbf` and `iat`, in seconds: PostgREST's value.
SKEW = 30

#: The longest token that is verified, in characters; a header line has 64 KiB at most.
LONGEST = 49_152

# RFC 6979: a deterministic signature needs no randomness, which keeps this module pure.
_ES256 = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
_ES256_CHECK = ec.ECDSA(hashes.SHA256())

_UNSUITABLE = "No suitable key was found to decode the JWT"
_UNDECODABLE = "None of the keys was able to decode the JWT"


def sign(claims: Mapping[str, Any], ring: KeyRing) -> str:
    """Return a token of the claims, signed with ES256 by the ring's signer, else with HS256."""
    key = ring.signer
    if key is None or key.private is None:
        return sign_shared(claims, ring)
    message = _message({"alg": "ES256", "typ": "JWT", "kid": key.kid}, claims)
    r, s = _signature(key.private, message)
    return f"{message.decode()}.{encode(r.to_bytes(32) + min(s, P256_ORDER - s).to_bytes(32))}"


def _signature(key: ec.EllipticCurvePrivateKey, message: bytes) -> tuple[int, int]:
    return decode_dss_signature(key.sign(message, _ES256))


def sign_shared(claims: Mapping[str, Any], ring: KeyRing) -> str:
    """Return a token of the claims, signed with HS256 and the shared secret."""
    message = _message({"alg": "HS256", "typ": "JWT"}, claims)
    return f"{message.decode()}.{encode(hmac.digest(ring.secret, message, 'sha256'))}"


def _message(header: Mapping[str, Any], claims: Mapping[str, Any]) -> bytes:
    return f"{encode(orjson.dumps(header))}.{encode(orjson.dumps(dict(claims)))}".encode()


def verify(token: str, ring: KeyRing, now: float, *, audience: str | None = None) -> Principal:
    """Verify a token and return its principal; without a `role` claim the role is `anon`.

    Raises AccessError with PostgREST's codes and texts: PGRST301 when the token or its signature is
    not valid, PGRST303 when its claims are not (expired, another audience). `now` is in epoch
    seconds; `audience` None accepts every audience.
    """
    parts = token.split(".", 5) if len(token) <= LONGEST else []
    if not token:
        raise _refused("Empty JWT is sent in Authorization header")
    if not parts:
        raise _refused("JWT couldn't be decoded", f"It is longer than {LONGEST} characters.")
    if len(parts) != 3:
        raise _refused(f"Expected 3 parts in JWT; got {len(parts)}")
    head, payload, signature = parts
    _check_signature(_header(head), f"{head}.{payload}", signature, ring)
    claims = _claims(payload)
    _check_times(claims, now)
    check_audience(claims, audience)
    return _principal(claims)


def has_expired(principal: Principal, now: float) -> bool:
    """Whether the principal's token has expired, with `SKEW` allowed for."""
    return principal.expires_at is not None and int(now) > principal.expires_at + SKEW


def last_moment(principal: Principal) -> float | None:
    """Return the epoch second from which `has_expired` is true of the principal, None for never."""
    return None if principal.expires_at is None else math.floor(principal.expires_at + SKEW) + 1.0


def _refused(message: str, details: str | None = None) -> AccessError:
    return AccessError("PGRST301", message, details=details)


def _unfit(message: str) -> AccessError:
    return AccessError("PGRST303", message)


def _header(text: str) -> dict[str, Any]:
    try:
        data = decode(text)
    except ValueError:
        raise _refused("JWT cryptographic operation failed") from None
    try:
        header = _read_json(data)
    except ValueError:
        raise _refused("JWT couldn't be decoded") from None
    # RFC 7515 section 4.1.11: `crit` names extensions that must be understood; none is supported.
    if not isinstance(header, dict) or "crit" in header:
        raise _refused("JWT couldn't be decoded")
    return header


def _check_signature(
    header: Mapping[str, Any], message: str, signature: str, ring: KeyRing
) -> None:
    algorithm, kid = header.get("alg"), header.get("kid")
    named = ring.find(kid) if isinstance(kid, str) else None
    try:
        presented = decode(signature)
        signed = message.encode("ascii")
    except ValueError:
        raise _refused("JWT cryptographic operation failed") from None
    if algorithm == "HS256" and named is None:
        valid = hmac.compare_digest(presented, hmac.digest(ring.secret, signed, "sha256"))
    elif algorithm == "ES256" and (named is not None or (kid is None and ring.keys)):
        candidates = (named,) if named is not None else ring.keys
        valid = any(_signed_by(key, presented, signed) for key in candidates)
    elif isinstance(algorithm, str) and algorithm.lower() == "none":
        raise _refused(
            "Wrong or unsupported encoding algorithm",
            "JWT is unsecured but expected 'alg' was not 'none'",
        )
    else:
        raise _refused("No suitable key or wrong key type", _UNSUITABLE)
    if not valid:
        raise _refused("No suitable key or wrong key type", _UNDECODABLE)


def _signed_by(key: SigningKey, signature: bytes, message: bytes) -> bool:
    # RFC 7518 section 3.4: R and S, 32 bytes each.
    if len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    try:
        key.public.verify(encode_dss_signature(r, s), message, _ES256_CHECK)
    except InvalidSignature:
        return False
    return s <= P256_ORDER // 2 or _is_from_other_signer(key, r, message)


def _is_from_other_signer(key: SigningKey, r: int, message: bytes) -> bool:
    """Whether a valid signature with a high s was made by another program with the same key.

    ECDSA is malleable: without the key, (r, s) can be turned into (r, n - s), which is valid too.
    `sign` gives the lower s, so the higher one with the same r is an altered copy of its signature.
    Other signers may give either (RFC 7518 section 3.4).
    """
    return key.private is None or _signature(key.private, message)[0] != r


def _claims(text: str) -> dict[str, Any]:
    try:
        claims = _read_json(decode(text))
    except ValueError:
        claims = None
    if not isinstance(claims, dict):
        raise _unfit("Parsing claims failed")
    return claims


def _read_json(data: bytes) -> Any:
    """Parse JSON text.

    Raises ValueError for an object with a duplicate name, which two parsers may read differently
    (RFC 7515 section 4), and for text that is nested too deeply (`schema.values.nesting`).
    """
    value = orjson.loads(data)
    try:
        check_nesting(value)
    except RequestError:
        raise ValueError("nested too deeply") from None
    json.loads(data, object_pairs_hook=_check_unique_names)
    return value


def _check_unique_names(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("duplicate name")


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    expiry, start, issue = (_time(claims, name) for name in ("exp", "nbf", "iat"))
    if expiry is not None and int(now) > expiry + SKEW:
        raise _unfit("JWT expired")
    if start is not None and int(now) < start - SKEW:
        raise _unfit("JWT not yet valid")
    if issue is not None and int(now) < issue - SKEW:
        raise _unfit("JWT issued at future")


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _unfit(f"The JWT '{name}' claim must be a number")
    return value


def check_audience(claims: Mapping[str, Any], expected: str | None) -> None:
    """Raise AccessError (PGRST303) when the token has an `aud` claim without the expected audience.

    `expected` None accepts every audience.
    """
    claim = claims.get("aud")
    if claim is None:
        return
    audiences = claim if isinstance(claim, list) else [claim]
    if not all(isinstance(audience, str) for audience in audiences):
        raise _unfit("The JWT 'aud' claim must be a string or an array of strings")
    if expected is not None and audiences and expected not in audiences:
        raise _unfit("JWT not in audience")


def _principal(claims: dict[str, Any]) -> Principal:
    return Principal(
        role=_text(claims, "role") or ANON,
        id=_text(claims, "sub"),
        email=_text(claims, "email"),
        session_id=_text(claims, "session_id"),
        expires_at=claims.get("exp"),
        claims=claims,
    )


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    return value if isinstance(value, str) and value else None
