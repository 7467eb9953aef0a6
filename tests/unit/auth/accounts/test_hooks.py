"""Payloads of hooks, and how their answers are read."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.auth.driving import ADA, CONTEXT

from jotbase.auth.accounts.hooks import (
    NAMES,
    check_decision,
    future_user,
    metadata,
    read_answer,
    read_claims,
)
from jotbase.errors import AuthError
from jotbase.functions import hooks

CLAIMS: dict[str, Any] = {
    "aud": ["authenticated"],
    "exp": 2,
    "iat": 1,
    **dict.fromkeys(("sub", "email", "phone", "role", "aal", "session_id"), ""),
    "is_anonymous": False,
}


def test_the_two_rooms_know_the_same_hooks() -> None:
    """What can be hooked is called, and what is called can be hooked."""
    assert set(NAMES) == set(hooks.NAMES)


def test_a_call_says_what_it_is() -> None:
    """Its name in GoTrue's words, and an id of its own."""
    told = metadata("send_email", CONTEXT)

    assert (told["name"], told["time"]) == ("send-email", "2026-05-28T20:26:40Z")
    assert told["uuid"] != metadata("custom_access_token", CONTEXT)["uuid"]


def test_a_user_to_come_has_no_role_yet() -> None:
    """And no identity; the metadata is what was sent."""
    user = future_user(ADA, {"name": "Eve"})

    assert (user["role"], user["identities"], user["user_metadata"]) == ("", [], {"name": "Eve"})


@pytest.mark.parametrize("value", [None, {}, {"error": {}}, {"error": {"message": ""}}])
def test_an_answer_without_a_message_goes_on(value: Any) -> None:
    """An `error` that says nothing is none."""
    assert read_answer(value) == (value or {})


@pytest.mark.parametrize("status", [200, 399, 600, "403"])
def test_a_refusal_has_the_status_of_an_error(status: Any) -> None:
    """Anything else is the hook's own fault."""
    with pytest.raises(AuthError) as caught:
        read_answer({"error": {"http_code": status, "message": "no"}})

    assert (caught.value.status, caught.value.code) == (500, "unexpected_failure")


def test_claims_may_be_added_but_not_the_required_ones_taken() -> None:
    """One missing or of another type is named."""
    assert read_claims({"claims": {**CLAIMS, "org": "a"}})["org"] == "a"
    for name in CLAIMS:
        with pytest.raises(AuthError) as caught:
            read_claims({"claims": {key: CLAIMS[key] for key in CLAIMS if key != name}})
        assert caught.value.message.endswith(name)


def test_only_a_rejection_rejects() -> None:
    """Any other decision goes on."""
    check_decision({"decision": "continue"})
    check_decision({})
    with pytest.raises(AuthError) as caught:
        check_decision({"decision": "reject"})

    assert caught.value.message == "Further password verification attempts will be rejected."
