"""A proof that many use at one moment is used by one of them, on each engine."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.api.account_world import World
from tests.api.test_accounts_pkce import ADA, CHALLENGE, VERIFIER

MANY = 8


def won(answers: list[Any]) -> Counter[Any]:
    """Return how many were told what: 200, or a refusal's code."""
    return Counter(one.status if one.status == 200 else one.body["error_code"] for one in answers)


@pytest.fixture
def world(accounts: World) -> World:
    accounts.signed_up()
    accounts.call("POST", "/recover", {**ADA, **CHALLENGE})
    return accounts


def test_a_pkce_code_is_exchanged_once(world: World) -> None:
    """The others are told that there is none; one session is made."""
    path = world.mails[-1].link.removeprefix("http://localhost/auth/v1")
    location = dict(world.call("GET", path, key=None).response.headers)["Location"]
    code = parse_qs(urlsplit(location).query)["code"][0]
    before = world.count("sessions")

    body = {"auth_code": code, "code_verifier": VERIFIER}
    answers = world.at_once("/token?grant_type=pkce", *[body] * MANY)

    assert won(answers) == {200: 1, "flow_state_not_found": MANY - 1}
    assert world.count("sessions") == before + 1


def test_a_mailed_code_is_used_once(world: World) -> None:
    """By whoever is first, and no second session comes of it."""
    before = world.count("sessions")

    body = {**ADA, "type": "recovery", "token": world.mails[-1].code}
    answers = world.at_once("/verify", *[body] * MANY)

    assert won(answers) == {200: 1, "otp_expired": MANY - 1}
    assert world.count("sessions") == before + 1


def test_wrong_codes_at_one_moment_are_counted(world: World) -> None:
    """Five of them end the code, however they come."""
    code = world.mails[-1].code
    wrong = {**ADA, "type": "recovery", "token": f"{(int(code) + 1) % 10**6:06}"}

    assert won(world.at_once("/verify", *[wrong] * MANY)) == {"otp_expired": MANY}
    right = world.call("POST", "/verify", {**wrong, "token": code})
    assert right.body["error_code"] == "otp_expired"


def test_a_refresh_token_becomes_one(world: World) -> None:
    """All who send it at one moment are given the same next one."""
    sent = {"email": "ben@example.com", "password": "correct horse"}
    session = world.call("POST", "/signup", sent).body
    body = {"refresh_token": session["refresh_token"]}
    answers = world.at_once("/token?grant_type=refresh_token", *[body] * MANY)

    assert won(answers) == {200: MANY}
    assert len({one.body["refresh_token"] for one in answers}) == 1


def test_a_reused_refresh_token_is_good_for_nobody(world: World) -> None:
    """Beside its owner's, at one moment: the session has ended for all."""
    sent = {"email": "ben@example.com", "password": "correct horse"}
    first = world.call("POST", "/signup", sent).body["refresh_token"]
    second = world.refreshed(first).body["refresh_token"]
    third = world.refreshed(second).body["refresh_token"]
    world.now += 11

    bodies = [{"refresh_token": one} for one in [first, third] * (MANY // 2)]
    world.at_once("/token?grant_type=refresh_token", *bodies)

    assert world.refreshed(third).status == 400
    assert world.refreshed(first).status == 400
