"""API keys: an opaque key or a long-lived token, each standing for a role.

In charge of deriving keys from the shared secret, so that nothing but the secret is stored, and of
resolving a key to its role. Must not know headers (`credentials`) or users.
"""

from __future__ import annotations

import hashlib
import hmac

from jotbase.auth.tokens.encoding import encode
from jotbase.auth.tokens.keys import KeyRing
from jotbase.auth.tokens.tokens import sign_shared, verify
from jotbase.errors import AccessError
from jotbase.values import ANON, SERVICE, Principal

#: The lifetime of an API key in token form, in seconds: ten years.
LEGACY_LIFETIME = 315_360_000

_PREFIXES = {ANON: "sb_publishable_", SERVICE: "sb_secret_"}


def opaque_key(role: str, ring: KeyRing) -> str:
    """Return the `sb_publishable_…` key of `anon`, or the `sb_secret_…` key of `service_role`.

    The same ring gives the same key: 128 bits of an HMAC of the secret, then a checksum by which
    secret scanners tell a leaked key from other text.
    """
    prefix = _PREFIXES[role]
    secret_part = encode(hmac.digest(ring.secret, f"api-key {prefix}".encode(), "sha256")[:16])
    return f"{prefix}{secret_part}_{_checksum(prefix + secret_part)}"


def _checksum(text: str) -> str:
    return encode(hashlib.sha256(text.encode()).digest()[:6])


def legacy_key(role: str, ring: KeyRing, issued_at: int) -> str:
    """Return the role's API key as an HS256 token; `issued_at` is in epoch seconds."""
    return sign_shared(
        {
            "iss": "supabase",
            "role": role,
            "iat": issued_at,
            "exp": issued_at + LEGACY_LIFETIME,
        },
        ring,
    )


def resolve_key(text: str, ring: KeyRing, now: float) -> Principal | None:
    """Return who holds an API key of either form, None when this server did not issue it.

    A key in token form expires. A user's token (one with a `sub` claim) is no API key, though
    the same ring signed it.
    """
    if text.startswith("sb_"):
        role = _resolve_opaque(text, ring)
        return None if role is None else Principal(role=role)
    try:
        principal = verify(text, ring, now)
    except AccessError:
        return None
    if principal.role not in _PREFIXES or principal.id is not None:
        return None
    return Principal(role=principal.role, expires_at=principal.expires_at)


def _resolve_opaque(text: str, ring: KeyRing) -> str | None:
    presented = text.encode()
    matched = None
    for role in _PREFIXES:
        if hmac.compare_digest(presented, opaque_key(role, ring).encode()):
            matched = role
    return matched
