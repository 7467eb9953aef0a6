"""Users and their identities: what is stored of them, and how they are shown.

In charge of the user's JSON and of the claims of an access token, which are GoTrue's. Must not know
how rows are read or written (`store`) or who may see them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jotbase.auth.sessions.sessions import Session
from jotbase.auth.tokens.policy import AuthPolicy
from jotbase.auth.tokens.times import sent

_AAL2_METHODS = frozenset(("totp", "mfa/phone", "mfa/webauthn"))


@dataclass(frozen=True, slots=True)
class User:
    """One row of `auth.users`; times are stored text, `email` is in lower case."""

    id: str
    aud: str
    role: str
    created_at: str
    updated_at: str
    email: str | None = None
    phone: str | None = None
    encrypted_password: str | None = field(default=None, repr=False)
    email_confirmed_at: str | None = None
    phone_confirmed_at: str | None = None
    invited_at: str | None = None
    confirmation_sent_at: str | None = None
    recovery_sent_at: str | None = None
    new_email: str | None = None
    email_change_sent_at: str | None = None
    new_phone: str | None = None
    phone_change_sent_at: str | None = None
    reauthentication_sent_at: str | None = None
    last_sign_in_at: str | None = None
    banned_until: str | None = None
    deleted_at: str | None = None
    is_anonymous: bool = False
    app_metadata: dict[str, Any] = field(default_factory=dict)
    user_metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def confirmed_at(self) -> str | None:
        """The earlier of the two confirmations."""
        times = [time for time in (self.email_confirmed_at, self.phone_confirmed_at) if time]
        return min(times, default=None)


@dataclass(frozen=True, slots=True)
class Identity:
    """One row of `auth.identities`: one way in. `id` is the provider's name for the user."""

    identity_id: str
    id: str
    user_id: str
    provider: str
    created_at: str
    updated_at: str
    last_sign_in_at: str | None = None
    email: str | None = None
    identity_data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Account:
    """A user with its identities, in the order in which they came."""

    user: User
    identities: tuple[Identity, ...] = ()


#: Shown only when set; in this order.
_TIMES = (
    "email_confirmed_at",
    "invited_at",
    "phone_confirmed_at",
    "confirmation_sent_at",
    "confirmed_at",
    "recovery_sent_at",
    "email_change_sent_at",
    "phone_change_sent_at",
    "reauthentication_sent_at",
    "last_sign_in_at",
    "banned_until",
    "deleted_at",
)


def user_json(account: Account) -> dict[str, Any]:
    """Return the user as GoTrue shows it: `email` and `phone` always text, unset times left out."""
    user = account.user
    shown: dict[str, Any] = {
        "id": user.id,
        "aud": user.aud,
        "role": user.role,
        "email": user.email or "",
        "phone": user.phone or "",
    }
    shown |= {name: sent(time) for name in _TIMES if (time := getattr(user, name)) is not None}
    shown |= {name: value for name in ("new_email", "new_phone") if (value := getattr(user, name))}
    return shown | {
        "app_metadata": user.app_metadata,
        "user_metadata": user.user_metadata,
        "identities": [identity_json(identity) for identity in account.identities],
        "created_at": sent(user.created_at),
        "updated_at": sent(user.updated_at),
        "is_anonymous": user.is_anonymous,
    }


def identity_json(identity: Identity) -> dict[str, Any]:
    """Return the identity as GoTrue shows it."""
    shown: dict[str, Any] = {
        "identity_id": identity.identity_id,
        "id": identity.id,
        "user_id": identity.user_id,
        "identity_data": identity.identity_data,
        "provider": identity.provider,
        "created_at": sent(identity.created_at),
        "updated_at": sent(identity.updated_at),
    }
    if identity.last_sign_in_at is not None:
        shown["last_sign_in_at"] = sent(identity.last_sign_in_at)
    if identity.email is not None:
        shown["email"] = identity.email
    return shown


def access_claims(user: User, session: Session, policy: AuthPolicy, now: float) -> dict[str, Any]:
    """Return the claims of an access token issued now, for `tokens.sign`."""
    issued = int(now)
    return {
        "iss": policy.issuer,
        "sub": user.id,
        "aud": user.aud,
        "exp": issued + policy.access_lifetime,
        "iat": issued,
        "email": user.email or "",
        "phone": user.phone or "",
        "app_metadata": user.app_metadata,
        "user_metadata": user.user_metadata,
        "role": user.role,
        "aal": session.aal,
        "amr": list(session.amr),
        "session_id": session.id,
        "is_anonymous": user.is_anonymous,
    }


#: What an identity claims of its user: no sign-up's own metadata has these.
CLAIMS = frozenset(("sub", "email", "email_verified", "phone_verified"))


def assurance(amr: tuple[dict[str, Any], ...]) -> str:
    """Return the assurance level that the methods used so far amount to."""
    return "aal2" if any(entry["method"] in _AAL2_METHODS for entry in amr) else "aal1"


def merged(metadata: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata with the change's keys set, and those deleted that it has as null."""
    both = {**metadata, **change}
    return {key: value for key, value in both.items() if change.get(key, 0) is not None}


def providers(identities: tuple[Identity, ...]) -> dict[str, Any]:
    """Return the part of `app_metadata` that names the providers, the first one first."""
    names = list(dict.fromkeys(identity.provider for identity in identities))
    return {"provider": names[0], "providers": names} if names else {}
