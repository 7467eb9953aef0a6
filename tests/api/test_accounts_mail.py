"""`/auth/v1` by mail: forgotten passwords, codes and links, and what a stranger learns."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.api.account_world import Answer, World, opened

ADA = {"email": "ada@example.com"}
DUMMY_HASH = {"email": "nobody@example.com"}


@pytest.fixture
def world() -> Iterator[World]:
    with opened() as world:
        yield world.set(site_url="https://app.example.com")


def asked(world: World, path: str = "/recover", email: str = "ada@example.com") -> None:
    assert world.call("POST", path, {"email": email}).body == {}


def proved(world: World, code: str, kind: str = "recovery") -> Answer:
    return world.call("POST", "/verify", {**ADA, "type": kind, "token": code})


def fragment(answer: Answer) -> dict[str, str]:
    """Return what the redirect carries behind its #."""
    location = dict(answer.response.headers)["Location"]
    pairs = parse_qs(urlsplit(location).fragment, keep_blank_values=True)
    return {name: values[0] for name, values in pairs.items()}


def opened_link(world: World, link: str) -> Answer:
    path = link.removeprefix("http://localhost/auth/v1")
    response = world.call("GET", path, key=None)
    assert response.status == 303
    return response


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_a_forgotten_password_is_reset_by_code(world: World) -> None:
    """The mail's code gives a session that may set a new password, and the old one is dead."""
    ada = world.signed_up()
    asked(world)
    (mail,) = world.mails
    session = proved(world, mail.code)
    changed = world.call(
        "PUT", "/user", {"password": "new horse"}, bearer=session.body["access_token"]
    )

    assert (mail.to, mail.subject) == ("ada@example.com", "Reset your password")
    assert mail.code in mail.text
    assert mail.link in mail.text
    assert (session.status, session.body["user"]["id"]) == (200, ada["user"]["id"])
    assert changed.status == 200
    assert world.current_account(password="correct horse").status == 400
    assert world.current_account(password="new horse").status == 200


def test_the_link_leads_on_with_a_session(world: World) -> None:
    """It needs no API key, and its page finds tokens in the fragment, which no server sees."""
    world.signed_up()
    asked(world, "/recover?redirect_to=https%3A%2F%2Fapp.example.com%2Freset")
    answer = opened_link(world, world.mails[0].link)
    found = fragment(answer)
    headers = dict(answer.response.headers)

    assert headers["Location"].startswith("https://app.example.com/reset#access_token=")
    assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert (found["type"], found["token_type"], found["sb"]) == ("recovery", "bearer", "")
    assert world.call("GET", "/user", bearer=found["access_token"]).status == 200
    assert world.refreshed(found["refresh_token"]).status == 200


def test_a_link_is_also_proved_by_its_token(world: World) -> None:
    """A page of one's own may post the token instead of letting the link redirect."""
    world.signed_up()
    asked(world)
    token = parse_qs(urlsplit(world.mails[0].link).query)["token"][0]
    body = {"type": "recovery", "token_hash": token}

    assert world.call("POST", "/verify", {**body, **ADA}).body["error_code"] == "validation_failed"
    assert world.call("POST", "/verify", body).status == 200
    assert world.call("POST", "/verify", body).body["error_code"] == "otp_expired"


def test_code_and_link_work_once_together(world: World) -> None:
    """Either of them uses up both."""
    world.signed_up()
    asked(world)
    mail = world.mails[0]

    assert proved(world, mail.code).status == 200
    assert proved(world, mail.code).body["error_code"] == "otp_expired"
    assert fragment(opened_link(world, mail.link)) == {
        "error": "access_denied",
        "error_code": "otp_expired",
        "error_description": "Email link is invalid or has expired",
        "sb": "",
    }


@pytest.mark.parametrize(("seconds", "status"), [(3599, 200), (3600, 403)])
def test_a_code_holds_for_an_hour(world: World, seconds: int, status: int) -> None:
    """It is good to its last second."""
    world.signed_up()
    asked(world)
    world.now += seconds

    assert proved(world, world.mails[0].code).status == status


def test_a_new_mail_ends_the_last_one(world: World) -> None:
    """Whoever asks twice needs the second mail."""
    world.signed_up()
    asked(world)
    world.now += 60
    asked(world)
    first, second = world.mails

    assert proved(world, first.code).status == 403
    assert proved(world, second.code).status == 200


def test_five_wrong_codes_are_all_that_a_mail_allows(world: World) -> None:
    """After them the right code is refused, while the link, which nobody guesses, still works."""
    world.signed_up()
    asked(world)
    mail = world.mails[0]
    for _ in range(5):
        assert proved(world, wrong(mail.code)).body["error_code"] == "otp_expired"

    assert proved(world, mail.code).body["error_code"] == "otp_expired"
    assert "access_token" in fragment(opened_link(world, mail.link))


def test_four_wrong_codes_are_forgiven(world: World) -> None:
    """The fifth try may be the right one."""
    world.signed_up()
    asked(world)
    for _ in range(4):
        proved(world, wrong(world.mails[0].code))

    assert proved(world, world.mails[0].code).status == 200


def test_a_second_mail_must_wait_whoever_has_the_address(world: World) -> None:
    """Sixty seconds lie between two mails, and the refusal does not tell who has an account."""
    world.signed_up()
    told = {}
    for body in (ADA, DUMMY_HASH):
        world.call("POST", "/recover", body)
        world.now += 18
        told[body["email"]] = world.call("POST", "/recover", body)
        world.now -= 18

    for answer in told.values():
        assert (answer.status, answer.body) == (
            429,
            {
                "code": 429,
                "error_code": "over_email_send_rate_limit",
                "msg": "For security purposes, you can only request this after 42 seconds.",
            },
        )


def test_so_many_mails_go_out_in_an_hour(world: World) -> None:
    """Then nobody is written to until the next; it counts what was sent, not what was asked for."""
    world.set(mail_rate=2)
    people = ["ada@example.com", "ben@example.com", "eve@example.com"]
    for email in people:
        world.signed_up(email)
    for number, email in enumerate(("nobody@example.com", *people[:2])):
        world.client = f"198.51.100.{number}"
        asked(world, email=email)
    world.client = "192.0.2.1"
    refused = world.call("POST", "/recover", {"email": people[2]})
    world.now += 3600
    asked(world, email=people[2])

    assert (refused.status, refused.body["error_code"]) == (429, "over_email_send_rate_limit")
    assert [mail.to for mail in world.mails] == people


def test_an_unknown_address_is_answered_alike_and_written_to_by_nobody(world: World) -> None:
    """Asking and guessing give the same answers, and store as much but for the count of mails."""
    world.signed_up()
    answers = []
    for body in (ADA, DUMMY_HASH):
        before = world.count("mail_ledger") - len(world.mails)
        first = world.call("POST", "/recover", body)
        guess = {**body, "type": "recovery", "token": "x"}
        second = world.call("POST", "/verify", guess)
        stored = world.count("mail_ledger") - len(world.mails) - before
        answers.append((first.body, second.status, second.body, stored))

    assert answers[0] == answers[1]
    assert [mail.to for mail in world.mails] == ["ada@example.com"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"type": "recovery", **ADA}, "Verify requires either a token or a token hash"),
        ({"token": "123456", **ADA}, "Verify requires a verification type"),
        ({"type": "sms", "token": "123456", **ADA}, "Unsupported verification type"),
        (
            {"type": "recovery", "token": "123456"},
            "Only an email address or phone number should be provided on verify",
        ),
    ],
)
def test_a_proof_that_says_too_little_is_refused(
    world: World, body: dict[str, str], message: str
) -> None:
    """What is missing is named."""
    answer = world.call("POST", "/verify", body)

    assert (answer.status, answer.body["error_code"]) == (400, "validation_failed")
    assert answer.body["msg"] == message


@pytest.mark.parametrize(
    "asked_for",
    [
        "https://evil.example/",
        "https://app.example.com.evil.example/",
        "https://app.example.com@evil.example/",
        "//evil.example",
        "https:/\\evil.example",
        "javascript:alert(1)",
        "https://app.example.com:444/",
    ],
)
def test_no_link_leads_to_an_address_that_is_not_allowed(world: World, asked_for: str) -> None:
    """A good link and a bad one alike lead to the site instead."""
    world.signed_up()
    asked(world)
    token = parse_qs(urlsplit(world.mails[0].link).query)["token"][0]
    for given in ("bad", token):
        path = f"/verify?type=recovery&token={given}&redirect_to={asked_for}"
        location = dict(world.call("GET", path, key=None).response.headers)["Location"]
        assert location.startswith("https://app.example.com#")


def test_looking_ahead_does_not_use_up_a_link(world: World) -> None:
    """A HEAD request, by which mail scanners look at links, leaves it good."""
    world.signed_up()
    asked(world)
    link = world.mails[0].link

    path = link.removeprefix("http://localhost/auth/v1")
    assert world.call("HEAD", path, key=None).status == 204
    assert "access_token" in fragment(opened_link(world, link))


def test_nothing_stored_opens_a_session(world: World) -> None:
    """The database holds neither the code nor the link's token, but a hash of it."""
    world.signed_up()
    asked(world)
    token = parse_qs(urlsplit(world.mails[0].link).query)["token"][0]
    ((stored,),) = world.run('SELECT "token_hash" FROM "auth.one_time_tokens"')

    assert (len(token), len(stored), stored == token) == (56, 56, False)
    body = {"type": "recovery", "token_hash": stored}
    assert world.call("POST", "/verify", body).body["error_code"] == "otp_expired"


def test_a_new_password_ends_letters_under_way(world: World) -> None:
    """Whoever changed the password need not fear the mail that a stranger had sent."""
    session = world.signed_up()
    asked(world)
    world.call("PUT", "/user", {"password": "new horse"}, bearer=session["access_token"])

    assert proved(world, world.mails[0].code).status == 403


def test_a_banned_user_gets_no_session_by_mail(world: World) -> None:
    """A mail from before the ban is worth nothing; of a later one the code is right, in vain."""
    user = world.signed_up()["user"]
    asked(world)
    early = world.mails.pop()
    world.admin("PUT", f"/admin/users/{user['id']}", {"ban_duration": "1h"})
    assert proved(world, early.code).body["error_code"] == "otp_expired"
    world.now += 60
    asked(world)
    answer = proved(world, world.mails[0].code)

    assert (answer.status, answer.body["error_code"]) == (403, "user_banned")
    assert fragment(opened_link(world, world.mails[0].link))["error_code"] == "user_banned"
