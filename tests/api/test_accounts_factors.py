"""`/auth/v1/factors`: authenticator apps as second factors, on each engine."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from tests.api.account_world import Answer, World

from jotbase.auth.factors.totp import PERIOD, code_at

NOBODY = "8f1d4f0a-0000-4000-8000-000000000000"
WRONG = "000000"


@dataclass
class Phone:
    """An authenticator app: a user's session and the secret of its factor."""

    world: World
    session: Any
    factor: Any

    @property
    def path(self) -> str:
        return f"/factors/{self.factor['id']}"

    def code(self) -> str:
        """Return a code that was not used yet: time goes on to the next one."""
        self.world.now += PERIOD
        return code_at(self.factor["totp"]["secret"], int(self.world.now) // PERIOD)

    def post(self, path: str, body: Any = None, session: Any = None) -> Answer:
        bearer = (session or self.session)["access_token"]
        return self.world.call("POST", f"{self.path}{path}", body, bearer=bearer)

    def challenge(self, session: Any = None) -> str:
        return str(self.post("/challenge", {}, session).body["id"])

    def verify(self, code: str | None = None, session: Any = None) -> Answer:
        answered = {"challenge_id": self.challenge(session), "code": code or self.code()}
        return self.post("/verify", answered, session)


def enrolled(world: World, session: Any, name: str = "") -> Answer:
    body = {"factor_type": "totp", "friendly_name": name}
    return world.call("POST", "/factors", body, bearer=session["access_token"])


def phone(world: World, name: str = "") -> Phone:
    """Return the app of a new user, enrolled and not verified."""
    session = world.signed_up()
    return Phone(world, session, enrolled(world, session, name).body)


def claims(session: Any) -> Any:
    part = session["access_token"].split(".")[1]
    return orjson.loads(base64.urlsafe_b64decode(part + "=="))


def code_of(answer: Answer) -> tuple[int, Any]:
    return answer.status, (answer.body or {}).get("error_code")


def test_a_right_code_raises_the_session(accounts: World) -> None:
    """The session keeps its id, has aal2 in its new token, and the factor counts from then on."""
    app = phone(accounts, "mine")
    assert app.factor["totp"]["uri"].startswith("otpauth://totp/localhost:ada@example.com?")
    assert app.factor["totp"]["qr_code"].startswith("<svg ")
    raised = app.verify()
    before, after = claims(app.session), claims(raised.body)

    assert (raised.status, before["aal"], after["aal"]) == (200, "aal1", "aal2")
    assert after["session_id"] == before["session_id"]
    assert [one["method"] for one in after["amr"]] == ["totp", "password"]
    (listed,) = raised.body["user"]["factors"]
    assert (listed["status"], listed["friendly_name"]) == ("verified", "mine")
    bearer = raised.body["access_token"]
    read = accounts.call("GET", "/user", bearer=bearer).body
    assert [one["status"] for one in read["factors"]] == ["verified"]
    assert app.factor["totp"]["secret"] not in str(read)


def test_what_a_second_factor_ends(accounts: World) -> None:
    """Sessions below aal2, earlier refresh tokens of this one, and factors never verified."""
    app = phone(accounts)
    other = accounts.current_account().body
    enrolled(accounts, app.session, "never verified")
    raised = app.verify().body

    assert len(raised["user"]["factors"]) == 2
    read = accounts.call("GET", "/user", bearer=raised["access_token"]).body
    assert [one["id"] for one in read["factors"]] == [app.factor["id"]]
    assert accounts.call("GET", "/user", bearer=other["access_token"]).status == 403
    assert code_of(accounts.refreshed(app.session["refresh_token"])) == (
        400,
        "refresh_token_not_found",
    )
    assert claims(accounts.refreshed(raised["refresh_token"]).body)["aal"] == "aal2"


def test_a_code_and_a_challenge_are_used_once(accounts: World) -> None:
    """The same code answers no other challenge, and a new code not the same challenge."""
    app = phone(accounts)
    challenge, code = app.challenge(), app.code()
    raised = app.post("/verify", {"challenge_id": challenge, "code": code}).body
    app.session = raised

    again = app.post("/verify", {"challenge_id": app.challenge(), "code": code})
    assert code_of(again) == (422, "mfa_verification_failed")
    assert again.body["msg"] == "Invalid TOTP code entered"
    late = app.post("/verify", {"challenge_id": challenge, "code": app.code()})
    assert code_of(late) == (422, "mfa_ip_address_mismatch")


def test_wrong_codes_are_counted_across_challenges(accounts: World) -> None:
    """After five of them the right one is refused, too, until a quarter of an hour is over."""
    app = phone(accounts)
    for _ in range(5):
        assert code_of(app.verify(WRONG)) == (422, "mfa_verification_failed")
    refused = app.verify()

    assert code_of(refused) == (429, "over_request_rate_limit")
    assert 0 < int(dict(refused.response.headers)["Retry-After"]) <= 900
    accounts.now += 900
    assert app.verify().status == 200


def test_a_challenge_is_of_its_client_and_its_five_minutes(accounts: World) -> None:
    """Another client, or a later one, needs its own; challenges have a limit as well."""
    app = phone(accounts)
    challenge = app.challenge()
    accounts.client = "192.0.2.99"
    answered = {"challenge_id": challenge, "code": app.code()}
    assert code_of(app.post("/verify", answered)) == (422, "mfa_ip_address_mismatch")
    accounts.client = "192.0.2.1"
    accounts.now += 300
    assert code_of(app.post("/verify", answered)) == (422, "mfa_challenge_expired")
    assert code_of(app.post("/verify", answered)) == (422, "mfa_factor_not_found")
    for _ in range(15):
        app.challenge()
    assert code_of(app.post("/challenge", {})) == (429, "over_request_rate_limit")


def test_challenges_are_not_kept_for_ever(accounts: World) -> None:
    """The next one of a factor takes those along that are older than an hour."""
    app = phone(accounts)
    for wait in (3000, 601, 0):
        app.challenge()
        accounts.now += wait

    assert accounts.count("mfa_challenges") == 2


def test_with_a_factor_the_password_alone_changes_nothing(accounts: World) -> None:
    """Neither password nor address, no further factor, nor the end of this one."""
    app = phone(accounts)
    raised = app.verify().body
    low = accounts.current_account().body

    def put(session: Any, **body: str) -> Answer:
        return accounts.call("PUT", "/user", body, bearer=session["access_token"])

    assert code_of(put(low, password="battery staple")) == (401, "insufficient_aal")
    assert code_of(put(low, email="eve@example.com")) == (401, "insufficient_aal")
    assert put(low, data={"name": "Ada"}).status == 200  # type: ignore[arg-type]
    assert code_of(enrolled(accounts, low, "second")) == (403, "insufficient_aal")
    gone = accounts.call("DELETE", app.path, bearer=low["access_token"])
    assert code_of(gone) == (422, "insufficient_aal")
    assert put(raised, password="battery staple").status == 200


@pytest.mark.parametrize("by", ["its user", "the service role", "hand"])
def test_without_its_factor_a_session_falls_at_once(accounts: World, by: str) -> None:
    """To aal1, by whomever the factor is deleted; it is listed nowhere any more."""
    app = phone(accounts)
    raised = app.verify().body
    user, known = raised["user"]["id"], app.factor["id"]
    accounts.revoked.clear()
    if by == "its user":
        gone = accounts.call("DELETE", app.path, bearer=raised["access_token"])
        assert (gone.status, gone.body) == (200, {"id": known})
    elif by == "the service role":
        gone = accounts.admin("DELETE", f"/admin/users/{user}/factors/{known}")
        assert (gone.status, gone.body["id"]) == (200, known)
    else:
        accounts.run('DELETE FROM "auth.mfa_factors" WHERE "id" = ?', known)
        accounts.loop.run(accounts.changes.poll())
    (told,) = accounts.revoked
    fresh = accounts.refreshed(raised["refresh_token"]).body

    assert told.facts.session["aal"] == "aal1"  # type: ignore[union-attr]
    assert claims(fresh)["aal"] == "aal1"
    assert [one["method"] for one in claims(fresh)["amr"]] == ["password"]
    assert "factors" not in fresh["user"]
    assert accounts.admin("GET", f"/admin/users/{user}/factors").body == []


def test_the_service_role_lists_and_renames(accounts: World) -> None:
    """Factors of a user that exists; the log tells each step, and no secret."""
    app = phone(accounts)
    path = f"/admin/users/{app.session['user']['id']}/factors"
    renamed = accounts.admin("PUT", f"{path}/{app.factor['id']}", {"friendly_name": "old phone"})
    listed = accounts.admin("GET", path).body
    app.verify()
    log = accounts.admin("GET", "/admin/audit?query=type:factor").body

    assert renamed.body["friendly_name"] == "old phone"
    assert listed == [renamed.body]
    assert {one["payload"]["action"] for one in log} == {
        "factor_in_progress",
        "factor_updated",
        "challenge_created",
        "verification_attempted",
    }
    assert app.factor["totp"]["secret"] not in str(log)
    assert accounts.admin("GET", f"/admin/users/{NOBODY}/factors").status == 404


def test_names_and_numbers_of_factors_have_limits(accounts: World) -> None:
    """No two of a name, ten in all; those that nobody challenged go after five minutes."""
    session = accounts.signed_up()
    assert enrolled(accounts, session).status == 200
    assert code_of(enrolled(accounts, session)) == (422, "mfa_factor_name_conflict")
    assert code_of(enrolled(accounts, session, "x" * 256)) == (400, "validation_failed")
    for number in range(9):
        assert enrolled(accounts, session, str(number)).status == 200
    full = enrolled(accounts, session, "one more")
    assert code_of(full) == (422, "too_many_enrolled_mfa_factors")
    accounts.now += 301
    assert enrolled(accounts, session).status == 200
    assert accounts.count("mfa_factors") == 1


def test_an_issuer_that_no_qr_code_holds_is_refused(accounts: World) -> None:
    """Before anything is stored; the longest that fits is drawn."""
    session = accounts.signed_up()
    body = {"factor_type": "totp", "friendly_name": "mine"}
    answers = [
        accounts.call("POST", "/factors", {**body, "issuer": one}, bearer=session["access_token"])
        for one in ("x" * 5000, "ü" * 200, "x" * 1100)
    ]

    assert [code_of(one) for one in answers] == [
        (400, "validation_failed"),
        (400, "validation_failed"),
        (200, None),
    ]
    assert accounts.count("mfa_factors") == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "bad_json"),
        ({"challenge_id": "7", "code": "123456"}, 400, "bad_json"),
        ({"challenge_id": NOBODY}, 400, "validation_failed"),
        ({"challenge_id": NOBODY, "code": "123456"}, 422, "mfa_factor_not_found"),
    ],
)
def test_an_answer_that_cannot_be_read_is_refused(
    accounts: World, body: Any, status: int, code: str
) -> None:
    """In the words of the protocol, before a code is looked at."""
    assert code_of(phone(accounts).post("/verify", body)) == (status, code)


def test_a_factor_of_somebody_else_is_not_found(accounts: World) -> None:
    """Not to be challenged, answered or deleted; its challenge answers no factor of one's own."""
    app = phone(accounts)
    eve = accounts.signed_up("eve@example.com")
    own = Phone(accounts, eve, enrolled(accounts, eve).body)
    for answer in (
        app.post("/challenge", {}, eve),
        app.post("/verify", {"challenge_id": NOBODY, "code": WRONG}, eve),
        accounts.call("DELETE", app.path, bearer=eve["access_token"]),
    ):
        assert code_of(answer) == (404, "mfa_factor_not_found")
    borrowed = {"challenge_id": app.challenge(), "code": own.code()}
    assert code_of(own.post("/verify", borrowed)) == (422, "mfa_factor_not_found")


def test_where_apps_are_off_a_factor_is_not_asked_for(accounts: World) -> None:
    """It can still be deleted; an anonymous user has none at all."""
    app = phone(accounts)
    accounts.set(mfa_totp=False, anonymous_users=True)
    assert code_of(app.post("/challenge", {})) == (422, "mfa_totp_verify_not_enabled")
    answer = {"challenge_id": NOBODY, "code": WRONG}
    assert code_of(app.post("/verify", answer)) == (422, "mfa_totp_verify_not_enabled")
    deleted = accounts.call("DELETE", app.path, bearer=app.session["access_token"])
    assert deleted.status == 200
    nobody = accounts.call("POST", "/signup", {}).body
    assert code_of(enrolled(accounts, nobody)) == (403, "no_authorization")
