"""Links of mails that were asked for with a PKCE challenge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.api.account_world import Answer, World, opened

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = {
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "s256",
}
ADA = {"email": "ada@example.com"}


@pytest.fixture
def world() -> Iterator[World]:
    with opened() as world:
        world.signed_up()
        world.call("POST", "/recover", {**ADA, **CHALLENGE})
        yield world


def followed(world: World) -> dict[str, Any]:
    """Open the last mail's link and return the query of where it leads."""
    path = world.mails[-1].link.removeprefix("http://localhost/auth/v1")
    location = dict(world.call("GET", path, key=None).response.headers)["Location"]
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def exchanged(world: World, code: str, verifier: str = VERIFIER) -> Answer:
    body = {"auth_code": code, "code_verifier": verifier}
    return world.call("POST", "/token?grant_type=pkce", body)


def test_the_link_gives_a_code_for_a_session(world: World) -> None:
    """No token stands in the address, and the code works once."""
    before = world.count("sessions")
    query = followed(world)
    between = world.count("sessions")
    session = exchanged(world, query["code"])

    assert (list(query), between) == (["code"], before)
    assert session.body["user"]["email"] == "ada@example.com"
    assert exchanged(world, query["code"]).body["error_code"] == "flow_state_not_found"


def test_whoever_finds_the_code_lacks_the_verifier(world: World) -> None:
    """And cannot spoil it for who has it."""
    code = followed(world)["code"]
    found = exchanged(world, code, VERIFIER[::-1])

    assert (found.status, found.body["error_code"]) == (400, "bad_code_verifier")
    assert exchanged(world, code).status == 200


@pytest.mark.parametrize(("seconds", "status"), [(299, 200), (300, 422)])
def test_a_code_waits_for_five_minutes_from_the_click(
    world: World, seconds: int, status: int
) -> None:
    """However long the mail lay unread."""
    world.now += 3000
    code = followed(world)["code"]
    world.now += seconds

    assert exchanged(world, code).status == status


def test_the_code_of_the_mail_gives_the_session_at_once(world: World) -> None:
    """Typed in by hand, in whatever flow the mail was asked for."""
    body = {**ADA, "type": "recovery", "token": world.mails[0].code}

    assert "access_token" in world.call("POST", "/verify", body).body


def test_a_link_that_is_used_up_says_so_in_the_query(world: World) -> None:
    """A server that exchanges codes sees no fragment."""
    followed(world)
    query = followed(world)

    assert (query["error"], query["error_code"]) == ("access_denied", "otp_expired")


def test_a_sign_up_can_be_confirmed_so(world: World) -> None:
    """Its session says that it came by the sign-up's mail."""
    world.set(autoconfirm=False)
    body = {"email": "ben@example.com", "password": "correct horse", **CHALLENGE}
    world.call("POST", "/signup", body)
    session = exchanged(world, followed(world)["code"])

    assert session.body["user"]["email"] == "ben@example.com"


def test_half_a_challenge_is_refused(world: World) -> None:
    """Before anything is sent."""
    answer = world.call("POST", "/recover", {**ADA, "code_challenge": "x"})

    assert (answer.status, answer.body["error_code"]) == (400, "validation_failed")
    assert exchanged(world, "").body["error_code"] == "validation_failed"
