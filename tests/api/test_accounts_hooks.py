"""Hooks of a project's functions, called by the accounts API on each engine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from tests.api.account_world import RING, World

from jotbase.auth.tokens.tokens import verify
from jotbase.functions import Refusal
from jotbase.functions.hooks import Hooks

EMAIL = "ada@example.com"
Code = Callable[[dict[str, Any]], Any]


def hooked(world: World, **codes: Code) -> list[dict[str, Any]]:
    """Hook functions; return the payloads that they get."""
    seen: list[dict[str, Any]] = []

    def told(code: Code) -> Code:
        def run(payload: dict[str, Any]) -> Any:
            seen.append(payload)
            return code(payload)

        return run

    calls = Hooks(2, 2)
    calls.replace({name: told(code) for name, code in codes.items()})
    world.hooks = calls
    return seen


def signed_up(world: World, **more: Any) -> Any:
    return world.call("POST", "/signup", {"email": EMAIL, "password": "correct horse", **more})


def refused(_: dict[str, Any]) -> Any:
    raise Refusal("P0001", "not from here", status=403)


def test_a_new_user_is_shown_before_it_is_made(accounts: World) -> None:
    """With the id that it will have and the metadata as sent."""
    seen = hooked(accounts, before_user_created=lambda _: None)
    made = signed_up(accounts, data={"name": "Ada"}).body["user"]
    accounts.current_account()
    (payload,) = seen

    assert payload["metadata"]["name"] == "before-user-created"
    assert payload["metadata"]["ip_address"] == "192.0.2.1"
    user = payload["user"]
    assert (user["id"], user["role"], user["identities"]) == (made["id"], "", [])
    assert (user["email"], user["user_metadata"]) == (EMAIL, {"name": "Ada"})


@pytest.mark.parametrize(
    ("code", "status", "error_code", "message"),
    [
        (refused, 403, "unknown", "not from here"),
        (lambda _: {"error": {"http_code": 418, "message": "no"}}, 418, "unknown", "no"),
        (lambda _: {"error": {"message": "no"}}, 500, "unexpected_failure", "no"),
        (lambda _: 1 / 0, 500, "unexpected_failure", "The hook failed; see the log"),
        (lambda _: [], 500, "unexpected_failure", "The hook gave back no JSON object"),
        (lambda _: {"x": "y" * 204_800}, 422, "hook_payload_over_size_limit", "Payload size"),
    ],
)
@pytest.mark.parametrize("path", ["/signup", "/otp", "/invite"])
def test_whom_a_hook_refuses_is_not_made(
    accounts: World, path: str, code: Code, status: int, error_code: str, message: str
) -> None:
    """By whichever way; what cannot be read as an answer refuses too, and no mail goes out."""
    hooked(accounts, before_user_created=code)
    body = {"email": EMAIL, "password": "correct horse"}
    answer = accounts.admin("POST", path, body)

    assert (answer.status, answer.body["error_code"]) == (status, error_code)
    assert answer.body["msg"].startswith(message)
    assert (accounts.count("users"), accounts.mails) == (0, [])


def test_an_existing_user_is_no_new_one(accounts: World) -> None:
    """Nor is one that the service role makes."""
    accounts.admin("POST", "/admin/users", {"email": EMAIL, "email_confirm": True})
    seen = hooked(accounts, before_user_created=refused)

    assert accounts.call("POST", "/otp", {"email": EMAIL}).status == 200
    assert accounts.admin("POST", "/admin/users", {"email": "bob@example.com"}).status == 200
    assert seen == []


def test_a_tokens_claims_are_replaced(accounts: World) -> None:
    """At sign-in and at each refresh, by what the hook gives back and nothing else."""

    def more(payload: dict[str, Any]) -> Any:
        claims = {k: v for k, v in payload["claims"].items() if k != "app_metadata"}
        return {"claims": {**claims, "org": payload["authentication_method"]}}

    hooked(accounts, custom_access_token=more)
    session = signed_up(accounts).body
    again = accounts.refreshed(session["refresh_token"]).body

    for one in (session, again):
        claims = verify(one["access_token"], RING, accounts.now).claims
        assert (claims["org"], "app_metadata" in claims) == ("password", False)


@pytest.mark.parametrize(
    "code",
    [lambda _: None, lambda _: {"claims": {}}, lambda p: {"claims": {**p["claims"], "exp": True}}],
)
def test_claims_that_make_no_token_are_refused(accounts: World, code: Code) -> None:
    """None at all, a required one missing, one of another type."""
    hooked(accounts, custom_access_token=code)
    answer = signed_up(accounts)

    assert (answer.status, answer.body["error_code"]) == (500, "unexpected_failure")
    assert answer.body["msg"].startswith("output claims")


def test_an_attempt_at_a_password_is_told_and_rejected(accounts: World) -> None:
    """Right or wrong; a rejection may end all sessions."""
    session = signed_up(accounts).body
    seen = hooked(accounts, password_verification_attempt=lambda _: {"decision": "continue"})
    statuses = [accounts.current_account(password=one).status for one in ("wrong", "correct horse")]
    hooked(
        accounts,
        password_verification_attempt=lambda _: {
            "decision": "reject",
            "message": "closed",
            "should_logout_user": True,
        },
    )
    rejected = accounts.current_account()

    assert [(one["user_id"], one["valid"]) for one in seen] == [
        (session["user"]["id"], False),
        (session["user"]["id"], True),
    ]
    assert (statuses, rejected.status, rejected.body["msg"]) == ([400, 200], 400, "closed")
    assert accounts.call("GET", "/user", bearer=session["access_token"]).status == 403


def test_mails_go_to_the_hook_instead(accounts: World) -> None:
    """With what the mail would hold; the answer does not wait for it."""
    signed_up(accounts)
    taken = threading.Event()
    seen = hooked(accounts, send_email=lambda _: taken.set())
    accounts.call("POST", "/recover?redirect_to=http://localhost/reset", {"email": EMAIL})
    accounts.loop.run(asyncio.to_thread(taken.wait, 20))
    (payload,) = seen
    data = payload["email_data"]
    proof = {"type": "recovery", "token_hash": data["token_hash"]}
    assert (payload["user"]["email"], data["email_action_type"]) == (EMAIL, "recovery")
    assert (data["redirect_to"], data["site_url"]) == ("http://localhost/reset", "http://localhost")
    assert (len(data["token"]), data["token_new"], accounts.mails) == (6, "", [])
    assert accounts.call("POST", "/verify", proof).status == 200


def test_a_hook_that_takes_too_long_is_not_waited_for(
    accounts: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is made, and the limit of calls under way counts it until it ends."""
    end = threading.Event()
    monkeypatch.setattr("jotbase.functions.hooks.TIMEOUT", 0.05)
    hooked(accounts, before_user_created=lambda _: end.wait(20))
    body = {"email": EMAIL, "password": "correct horse"}
    answers = accounts.at_once("/signup", *[body] * 5)
    end.set()

    told = sorted((one.status, one.body["error_code"]) for one in answers)
    assert told == [(422, "hook_timeout")] * 4 + [(429, "over_request_rate_limit")]
    assert sorted(dict(one.response.headers).get("Retry-After", "") for one in answers) == [
        *[""] * 4,
        "1",
    ]
    assert accounts.count("users") == 0
