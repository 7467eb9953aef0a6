"""One-time tokens: the code and the link of a mail, and what is stored of them.

In charge of their arithmetic and of which proof a token is good for. The link is an HMAC of address
and code, so a code of six digits does not make a link that can be guessed; stored is its SHA-224
alone, so that nothing in the database opens a session. Must not know mails, users or HTTP.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Any, Literal

from jotbase.auth.tokens.keys import KeyRing
from jotbase.auth.tokens.times import epoch

#: Where a token is kept; a user has one of each, so the next one takes the place of the last.
Slot = Literal["confirmation", "recovery", "email_change_new", "email_change_current"]

#: The `type` of `/verify` to the slots it may be proved by. Magic links and recoveries share one.
SLOTS: dict[str, tuple[Slot, ...]] = {
    "signup": ("confirmation",),
    "invite": ("confirmation",),
    "magiclink": ("recovery",),
    "recovery": ("recovery",),
    "email": ("confirmation", "recovery"),
    "email_change": ("email_change_new", "email_change_current"),
}

#: What a link's token begins with whose session is to be had for a verifier alone (`pkce`).
PKCE = "pkce_"

#: Random bytes that a code takes: 64 bits, so that the remainder is even to one part in 10^9.
CODE_BYTES = 8


@dataclass(frozen=True, slots=True)
class OneTimeToken:
    """One row of `auth.one_time_tokens`; `email` is the address that it proves.

    `purpose` says what the mail was about: `signup`, `magiclink`, `recovery`, `email_change`;
    `code_challenge` is set where its link is to give a code in place of a session. A sign-up's
    password and metadata wait here, and become the account's with this proof alone (decision 57);
    `client` tells sign-ups of one address apart, "" where only the last letter counts.
    """

    token_hash: str = field(repr=False)
    user_id: str
    slot: Slot
    purpose: str
    email: str
    created_at: str
    code_challenge: str | None = None
    code_challenge_method: str | None = None
    client: str = ""
    encrypted_password: str | None = field(default=None, repr=False)
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FlowState:
    """One row of `auth.flow_states`: a code that waits for its verifier (`pkce`).

    `purpose` is that of the mail whose link was opened.
    """

    code_hash: str = field(repr=False)
    user_id: str
    code_challenge: str
    code_challenge_method: str
    purpose: str
    created_at: str


def token_key(ring: KeyRing) -> bytes:
    """Return the key of the links' HMAC, which the shared secret gives."""
    return hmac.digest(ring.secret, b"one-time tokens", "sha256")


def new_code(random_bytes: bytes, length: int) -> str:
    """Return a code of that many digits from `CODE_BYTES` random bytes."""
    return str(int.from_bytes(random_bytes[:CODE_BYTES]) % 10**length).zfill(length)


def link_token(key: bytes, email: str, code: str) -> str:
    """Return what the link bears: 56 hexadecimal digits, as GoTrue's has."""
    return hmac.digest(key, f"{email}\n{code}".encode(), "sha224").hex()


def stored_hash(token: str) -> str:
    """Return what is stored of a link's token."""
    return hashlib.sha224(token.removeprefix(PKCE).encode(errors="replace")).hexdigest()


def is_over(token: OneTimeToken, now: float, lifetime: int) -> bool:
    """Whether the token is too old."""
    return now >= epoch(token.created_at) + lifetime


def proves(token: OneTimeToken, kind: str, email: str | None) -> bool:
    """Whether the token is good for that `type` of `/verify`, for the user's present address."""
    return token.slot in SLOTS.get(kind, ()) and token.email == email
