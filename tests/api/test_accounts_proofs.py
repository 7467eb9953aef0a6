"""A proof proves the request that asked for it: sign-ups by strangers, and what ends a proof."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.api.account_world import Answer, World, opened

from jotbase.auth.mail.messages import Mail

EMAIL = "ada@example.com"
HERS = {"email": EMAIL, "password": "correct horse", "data": {"name": "Ada"}}
STRANGERS = {"email": EMAIL, "password": "lying in wait", "data": {"name": "Eve", "evil": True}}


@pytest.fixture
def world() -> Iterator[World]:
    with opened() as world:
        yield world.set(autoconfirm=False)


def as_stranger(world: World, path: str, body: Any) -> Answer:
    """Post from another network, a minute after whatever was before."""
    world.now += 61
    world.client = "198.51.100.9"
    answer = world.call("POST", path, body)
    world.client = "192.0.2.1"
    world.now += 61
    return answer


def proved(world: World, mail: Mail, kind: str = "email") -> Answer:
    body = {"email": mail.to, "type": kind, "token": mail.code}
    return world.call("POST", "/verify", body)


def opens(world: World, password: str) -> bool:
    return world.current_account(EMAIL, password).status == 200


@pytest.mark.parametrize("first", ["stranger", "owner"])
def test_her_own_letter_confirms_her_own_sign_up(world: World, first: str) -> None:
    """Her password works and the stranger's does not, whoever signed up first."""
    if first == "stranger":
        as_stranger(world, "/signup", STRANGERS)
    world.call("POST", "/signup", HERS)
    hers = world.mails[-1]
    if first == "owner":
        as_stranger(world, "/signup", STRANGERS)
    user = proved(world, hers, "signup").body["user"]

    assert (opens(world, "correct horse"), opens(world, "lying in wait")) == (True, False)
    assert user["user_metadata"] == {
        "name": "Ada",
        "sub": user["id"],
        "email": EMAIL,
        "email_verified": True,
        "phone_verified": False,
    }
    assert user["identities"][0]["identity_data"]["name"] == "Ada"
    assert [proved(world, mail).status for mail in world.mails] == [403] * len(world.mails)


@pytest.mark.parametrize("first", ["stranger", "owner"])
def test_a_letter_sent_again_repeats_its_own_clients_sign_up(world: World, first: str) -> None:
    """Not the last one of anybody."""
    if first == "stranger":
        as_stranger(world, "/signup", STRANGERS)
    world.call("POST", "/signup", HERS)
    if first == "owner":
        as_stranger(world, "/signup", STRANGERS)
    world.now += 61
    world.call("POST", "/resend", {"type": "signup", "email": EMAIL})
    user = proved(world, world.mails[-1], "signup").body["user"]

    assert (opens(world, "correct horse"), opens(world, "lying in wait")) == (True, False)
    assert user["user_metadata"]["name"] == "Ada"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/resend", {"type": "signup"}),
        ("/otp", {}),
        ("/magiclink", {}),
        ("/recover", {}),
    ],
)
def test_what_she_asks_for_confirms_no_strangers_sign_up(
    world: World, path: str, body: Any
) -> None:
    """She comes in without a password and without the stranger's metadata, and sets her own."""
    as_stranger(world, "/signup", STRANGERS)
    world.call("POST", path, {"email": EMAIL, **body})
    kind = "recovery" if path == "/recover" else "email"
    session = proved(world, world.mails[-1], kind).body
    refused = opens(world, "lying in wait")
    change = {"password": "correct horse"}
    changed = world.call("PUT", "/user", change, bearer=session["access_token"])

    assert (refused, changed.status, opens(world, "correct horse")) == (False, 200, True)
    assert not {"name", "evil"} & set(session["user"]["user_metadata"])
    assert not {"name", "evil"} & set(session["user"]["identities"][0]["identity_data"])


def test_a_strangers_sign_in_by_mail_leaves_no_metadata(world: World) -> None:
    """What a letter brings is that of its own request."""
    as_stranger(world, "/otp", {"email": EMAIL, "data": {"evil": True}})
    world.call("POST", "/signup", HERS)
    user = proved(world, world.mails[-1]).body["user"]

    assert user["user_metadata"]["name"] == "Ada"
    assert "evil" not in user["user_metadata"]


def test_nobody_is_told_what_a_stranger_sent(world: World) -> None:
    """Each answer shows what its own request said."""
    eve = as_stranger(world, "/signup", STRANGERS).body
    ada = world.call("POST", "/signup", HERS).body
    listed = world.admin("GET", "/admin/users").body["users"][0]

    assert (eve["user_metadata"]["name"], ada["user_metadata"]["name"]) == ("Eve", "Ada")
    assert "evil" not in ada["user_metadata"]
    assert "name" not in listed["user_metadata"]


def test_an_admin_confirms_the_one_sign_up_there_is(world: World) -> None:
    """Where several wait nobody can tell whose it is, and none of their passwords works."""
    for count in (1, 2):
        email = f"user{count}@example.com"
        as_stranger(world, "/signup", {**STRANGERS, "email": email})
        if count == 2:
            world.call("POST", "/signup", {**HERS, "email": email})
        (user,) = world.admin("GET", f"/admin/users?filter={email}").body["users"]
        world.admin("PUT", f"/admin/users/{user['id']}", {"email_confirm": True})

    assert world.current_account("user1@example.com", "lying in wait").status == 200
    assert world.current_account("user2@example.com", "lying in wait").status == 400
    assert world.current_account("user2@example.com", "correct horse").status == 400


ENDS: list[Callable[[World, str], Answer]] = [
    lambda world, user: world.admin("PUT", f"/admin/users/{user}", {"password": "battery staple"}),
    lambda world, user: world.admin("PUT", f"/admin/users/{user}", {"ban_duration": "1s"}),
    lambda world, user: world.admin("PUT", f"/admin/users/{user}", {"email": "b@example.com"}),
    lambda world, user: world.admin("DELETE", f"/admin/users/{user}", {"should_soft_delete": True}),
]


@pytest.mark.parametrize("end", ENDS, ids=["password", "ban", "address", "soft deletion"])
def test_no_proof_outlives_what_ends_it(world: World, end: Callable[[World, str], Answer]) -> None:
    """Code, link and PKCE code, of a recovery and of a change of address."""
    world.set(autoconfirm=True)
    session = world.signed_up()
    world.set(autoconfirm=False)
    verifier = "v" * 43
    pkce = {"code_challenge": verifier, "code_challenge_method": "plain"}
    world.call("POST", "/recover", {"email": EMAIL, **pkce})
    opened = world.call("GET", "/verify?" + urlsplit(world.mails[-1].link).query)
    (code,) = parse_qs(urlsplit(opened.response.header("location") or "").query)["code"]
    world.now += 61
    world.call("POST", "/recover", {"email": EMAIL})
    change = {"email": "new@example.com"}
    world.call("PUT", "/user", change, bearer=session["access_token"])
    recovery, new, _ = world.mails[1:]
    assert end(world, session["user"]["id"]).status == 200
    world.now += 2

    (link,) = parse_qs(urlsplit(recovery.link).query)["token"]
    assert proved(world, recovery, "recovery").status == 403
    assert world.call("POST", "/verify", {"type": "recovery", "token_hash": link}).status == 403
    assert proved(world, new, "email_change").status == 403
    exchange = {"auth_code": code, "code_verifier": verifier}
    assert world.call("POST", "/token?grant_type=pkce", exchange).status == 404
    world.now += 61
    sent = len(world.mails)
    world.call("POST", "/resend", {"type": "email_change", "email": EMAIL})
    assert len(world.mails) == sent


@pytest.mark.parametrize("kind", ["signup", "email_change"])
def test_asking_for_a_mail_that_is_not_sent_forgives_no_wrong_code(world: World, kind: str) -> None:
    """Five wrong codes end a code until another is on its way."""
    world.set(autoconfirm=True)
    world.signed_up()
    world.call("POST", "/recover", {"email": EMAIL})
    right = world.mails[-1]
    wrong = {"email": EMAIL, "type": "recovery", "token": "wrong"}
    for _ in range(5):
        assert world.call("POST", "/verify", wrong).status == 403
    world.call("POST", "/resend", {"type": kind, "email": EMAIL})

    assert len(world.mails) == 1
    assert proved(world, right, "recovery").status == 403


def test_a_letter_of_another_kind_forgives_no_wrong_code(world: World) -> None:
    """Each letter's own code may be tried five times, however many others are sent."""
    world.call("POST", "/signup", HERS)
    right = world.mails[-1]
    for _ in range(5):
        world.call("POST", "/verify", {"email": EMAIL, "type": "signup", "token": "wrong"})
    world.call("POST", "/recover", {"email": EMAIL})

    assert len(world.mails) == 2
    assert proved(world, right, "signup").status == 403
