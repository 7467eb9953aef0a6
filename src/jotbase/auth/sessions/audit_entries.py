"""Entries of the audit log: who did what to which account, and when.

In charge of the actions, their groups, and an entry's JSON, which is GoTrue's. Must not know how
entries are stored or read (`accounts.store`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jotbase.auth.sessions.users import User
from jotbase.auth.tokens.times import sent
from jotbase.values import SERVICE

#: Each action and its `log_type`. A refresh is not among them: it would be one entry an hour for
#: every open session, and says nothing that the session does not.
ACTIONS: Mapping[str, str] = {
    "login": "account",
    "logout": "account",
    "invite_accepted": "account",
    "user_signedup": "team",
    "user_invited": "team",
    "user_deleted": "team",
    "token_revoked": "token",
    "user_modified": "user",
    "user_recovery_requested": "user",
    "user_reauthenticate_requested": "user",
    "user_confirmation_requested": "user",
    "user_repeated_signup": "user",
    "user_updated_password": "user",
    "identity_linked": "user",
    "identity_unlinked": "user",
    "factor_in_progress": "factor",
    "challenge_created": "factor",
    "verification_attempted": "factor",
    "factor_unenrolled": "factor",
    "factor_deleted": "factor",
    "factor_updated": "factor",
}

#: The actor of what the service role did.
NOBODY = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One row of `auth.audit_log_entries`."""

    id: str
    created_at: str
    ip_address: str
    payload: dict[str, Any] = field(default_factory=dict)


def by_user(action: str, user: User, traits: Mapping[str, Any]) -> dict[str, Any]:
    """Return the payload of what a user did."""
    payload = _payload(action, user.id, user.email or user.phone or "")
    name = user.user_metadata.get("full_name")
    if isinstance(name, str):
        payload["actor_name"] = name
    return {**payload, "traits": dict(traits)} if traits else payload


def by_service(action: str, user: User, traits: Mapping[str, Any]) -> dict[str, Any]:
    """Return the payload of what the service role did to a user."""
    whom = {"user_id": user.id, "user_email": user.email or "", "user_phone": user.phone or ""}
    return {**_payload(action, NOBODY, SERVICE), "traits": {**whom, **traits}}


def _payload(action: str, actor: str, name: str) -> dict[str, Any]:
    return {
        "actor_id": actor,
        "actor_via_sso": False,
        "actor_username": name,
        "action": action,
        "log_type": ACTIONS[action],
    }


def entry_json(entry: AuditEntry) -> dict[str, Any]:
    """Return the entry as `/admin/audit` lists it."""
    return {
        "id": entry.id,
        "payload": entry.payload,
        "created_at": sent(entry.created_at),
        "ip_address": entry.ip_address,
    }
