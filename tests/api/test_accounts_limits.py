"""`/auth/v1` asked too often: wrong passwords, wrong codes, mails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.api.account_world import Answer, World, opened
from tests.api.data_world import Serve

EMAIL = "ada@example.com"
WRONG = {"email": EMAIL, "password": "wrong horse"}
RIGHT = {"email": EMAIL, "password": "correct horse"}
TOKEN = "/token?grant_type=password"


@pytest.fixture
def world() -> Iterator[World]:
    with opened() as world:
        yield world


def codes(answers: list[Answer]) -> list[tuple[int, str]]:
    return [(one.status, one.body["error_code"]) for one in answers]


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.com"])
def test_three_hundred_wrong_passwords_do_not_go_through(world: World, email: str) -> None:
    """Ten do, whether or not anybody has the address; then not even the right one is looked at."""
    world.signed_up()
    told = codes([world.call("POST", TOKEN, {**WRONG, "email": email}) for _ in range(300)])
    last = world.call("POST", TOKEN, {**RIGHT, "email": email})

    assert told[:10] == [(400, "invalid_credentials")] * 10
    assert told[10:] == [(429, "over_request_rate_limit")] * 290
    assert (last.status, last.response.header("retry-after")) == (429, "30")
    assert world.hashed.count("verify_password") == 10


def test_the_owner_is_not_locked_out(world: World) -> None:
    """Another client's guesses are its own; its own account is open to it after half a minute."""
    world.signed_up()
    world.client = "198.51.100.9"
    for _ in range(20):
        world.call("POST", TOKEN, WRONG)
    refused = world.call("POST", TOKEN, RIGHT).status
    world.client = "192.0.2.1"
    elsewhere = world.call("POST", TOKEN, RIGHT).status
    world.client = "198.51.100.9"
    world.now += 30

    assert (refused, elsewhere, world.call("POST", TOKEN, RIGHT).status) == (429, 200, 200)


def test_many_at_once_are_counted_too(world: World) -> None:
    """Each is counted when its turn has come, not when it came."""
    world.signed_up()
    told = [one.status for one in world.at_once(TOKEN, *[WRONG] * 40)]

    assert (told.count(400), told.count(429)) == (10, 30)


def test_who_is_right_is_never_limited(world: World) -> None:
    """However often, and however many at once."""
    world.signed_up()

    assert [one.status for one in world.at_once(TOKEN, *[RIGHT] * 40)] == [200] * 40


def test_a_stranger_does_not_spend_the_projects_mails(world: World) -> None:
    """Of 500 in an hour one client may ask for 50; nobody has the addresses, or somebody."""
    world.signed_up()
    world.client = "2001:db8::1"
    for number in range(50):
        body = {"email": f"user{number}@example.com"}
        assert world.call("POST", "/recover", body).status == 200
    world.client = "2001:db8::2:1"
    told = [
        world.call("POST", path, {"email": "other@example.com", "type": "signup"})
        for path in ("/recover", "/otp", "/magiclink", "/resend")
    ]
    world.client = "192.0.2.1"
    owner = world.call("POST", "/recover", {"email": EMAIL})

    assert codes(told) == [(429, "over_email_send_rate_limit")] * 4
    assert told[0].response.header("retry-after") == "72"
    assert (owner.status, len(world.mails)) == (200, 1)


def test_a_mail_that_is_refused_is_not_counted(world: World) -> None:
    """Asking too soon says when to ask again, and costs nothing."""
    world.call("POST", "/recover", {"email": EMAIL})
    soon = [world.call("POST", "/recover", {"email": EMAIL}) for _ in range(60)]

    assert {one.response.header("retry-after") for one in soon} == {"60"}
    assert world.call("POST", "/recover", {"email": "bob@example.com"}).status == 200


def test_wrong_codes_are_counted_by_client_for_all_addresses(world: World) -> None:
    """Thirty in five minutes, of codes and links."""
    for number in range(30):
        body: Any = {"type": "email", "email": f"user{number}@example.com", "token": "1"}
        if number % 2:
            body = {"type": "email", "token_hash": "1"}
        assert world.call("POST", "/verify", body).status == 403
    last = world.call("POST", "/verify", {"type": "email", "token_hash": "1"})

    assert (last.status, last.response.header("retry-after")) == (429, "10")


def test_a_client_is_who_the_proxy_says(world: World) -> None:
    """With one proxy: the last address in X-Forwarded-For, whatever the client wrote before it."""
    world.signed_up()
    world.proxies = 1
    for number in range(10):
        told = f"203.0.113.{number}, 198.51.100.9"
        world.call("POST", TOKEN, WRONG, x_forwarded_for=told)

    assert world.call("POST", TOKEN, WRONG, x_forwarded_for="198.51.100.9").status == 429
    assert world.call("POST", TOKEN, RIGHT, x_forwarded_for="198.51.100.10").status == 200


def test_the_connections_address_counts_where_no_proxy_is_named(serve: Serve) -> None:
    """A whole backend takes no client's word for its address."""
    backend = serve({})
    backend.user(EMAIL, "correct horse")
    wire = serve.wire(backend)
    key = backend.anonymous.key.encode()
    told = []
    for number in range(11):
        headers = [(b"apikey", key), (b"x-forwarded-for", b"203.0.113.%d" % number)]
        body = b'{"email": "ada@example.com", "password": "wrong horse"}'
        told.append(wire.ask("POST", b"/auth/v1" + TOKEN.encode(), headers, body).status)

    assert told == [400] * 10 + [429]


def test_the_password_is_not_guessed_by_changes_that_fail(world: World) -> None:
    """Ten guesses are compared with it, whatever else in the request refuses the change."""
    world.signed_up("bob@example.com")
    token = world.signed_up()["access_token"]
    change = {"email": "bob@example.com", "password": "guessed horse"}
    told = codes([world.call("PUT", "/user", change, bearer=token) for _ in range(11)])
    same = world.call("PUT", "/user", {"password": "correct horse"}, bearer=token)

    assert told == [(422, "email_exists")] * 10 + [(429, "over_request_rate_limit")]
    assert (same.status, same.response.header("retry-after")) == (429, "30")


def test_a_user_may_change_the_password_often(world: World) -> None:
    """A change that succeeds was no guess."""
    token = world.signed_up()["access_token"]
    changes = ({"password": f"correct horse {number}"} for number in range(12))

    assert {world.call("PUT", "/user", one, bearer=token).status for one in changes} == {200}


def test_who_changes_passwords_takes_its_own_places_among_hashes(world: World) -> None:
    """Both hashes of a change are its client's, as those of a sign-in are."""
    token = world.signed_up()["access_token"]
    world.hashing_clients.clear()
    world.call("PUT", "/user", {"password": "another horse"}, bearer=token)

    assert world.hashing_clients == ["192.0.2.1", "192.0.2.1"]


def test_answers_that_tell_of_accounts_are_counted_as_mails(world: World) -> None:
    """GoTrue's answers tell whether an address has an account: of fifty an hour and client."""
    world.signed_up("bob@example.com")
    token = world.signed_up()["access_token"]
    world.set(autoconfirm=False)
    otp = {"email": "nobody@example.com", "create_user": False}
    told = codes([world.call("POST", "/otp", otp) for _ in range(25)])
    change = {"email": "bob@example.com"}
    told += codes([world.call("PUT", "/user", change, bearer=token) for _ in range(26)])

    assert told[:25] == [(422, "otp_disabled")] * 25
    assert told[25:] == [(422, "email_exists")] * 25 + [(429, "over_email_send_rate_limit")]
