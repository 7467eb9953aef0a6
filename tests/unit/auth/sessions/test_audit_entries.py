"""Entries of the audit log as JSON."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.auth.driving import ADA, MOMENT

from jotbase.auth.sessions.audit_entries import (
    ACTIONS,
    AuditEntry,
    by_service,
    by_user,
    entry_json,
)


def test_a_users_entry_names_the_user() -> None:
    """By id, by address, and by the full name if there is one that is a text."""
    named = replace(ADA, user_metadata={"full_name": "Ada"})

    assert by_user("login", named, {})["actor_name"] == "Ada"
    assert "actor_name" not in by_user("login", replace(ADA, user_metadata={"full_name": 7}), {})
    assert by_user("login", ADA, {}) == {
        "actor_id": ADA.id,
        "actor_via_sso": False,
        "actor_username": "ada@example.com",
        "action": "login",
        "log_type": "account",
    }


def test_an_entry_of_the_service_role_says_whom_it_is_about() -> None:
    """The actor has no id, the user is among the traits."""
    payload = by_service("user_deleted", ADA, {"soft": True})

    assert payload["actor_username"] == "service_role"
    assert payload["traits"] == {
        "user_id": ADA.id,
        "user_email": "ada@example.com",
        "user_phone": "",
        "soft": True,
    }


def test_every_action_has_a_group_of_gotrues() -> None:
    """What `type:` seeks."""
    assert set(ACTIONS.values()) == {"account", "team", "token", "user", "factor"}


def test_an_entry_is_listed_with_the_time_as_it_is_sent() -> None:
    """In UTC with a Z."""
    assert entry_json(AuditEntry("1", MOMENT, "", {"action": "login"})) == {
        "id": "1",
        "payload": {"action": "login"},
        "created_at": "2026-05-28T20:26:40Z",
        "ip_address": "",
    }
