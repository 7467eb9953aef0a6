"""What each change of an account ends, as one table, on each engine.

A row is a change; its letters are what goes on after it: the session that made it or is named by it
(`t`), its refresh token (`r`), another session (`o`) and its refresh token (`s`), a link that was
mailed before (`l`), and a code that such a link became (`c`, PKCE).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.api.account_world import World

from jotbase.auth.factors.totp import PERIOD, code_at

EMAIL, VERIFIER = "ada@example.com", "v" * 43
PKCE = {"code_challenge": VERIFIER, "code_challenge_method": "plain"}


@dataclass
class Open:
    """All that is open of one account: two sessions, a link, a code."""

    world: World
    this: Any
    other: Any
    link: dict[str, str]
    code: str

    @property
    def user(self) -> str:
        return str(self.this["user"]["id"])

    def going_on(self) -> str:
        """Return the letters of what still works; each is tried."""
        call, found = self.world.call, ""
        for letters, session in (("tr", self.this), ("os", self.other)):
            if call("GET", "/user", bearer=session["access_token"]).status == 200:
                found += letters[0]
            if self.world.refreshed(session["refresh_token"]).status == 200:
                found += letters[1]
        exchange = {"auth_code": self.code, "code_verifier": VERIFIER}
        if call("POST", "/token?grant_type=pkce", exchange).status == 200:
            found += "c"
        if call("POST", "/verify", self.link).status == 200:
            found += "l"
        return found


def opened(world: World) -> Open:
    this = world.signed_up()
    other = world.current_account().body
    world.set(mail_spacing=0)
    world.call("POST", "/recover", {"email": EMAIL, **PKCE})
    led = world.page("/verify?" + urlsplit(world.mails[-1].link).query).header("Location") or ""
    (code,) = parse_qs(urlsplit(led).query)["code"]
    world.call("POST", "/recover", {"email": EMAIL})
    query = parse_qs(urlsplit(world.mails[-1].link).query)
    link = {"type": "recovery", "token_hash": query["token"][0]}
    return Open(world, this, other, link, code)


def by_user(method: str, path: str, body: Any = None) -> Any:
    return lambda all_: all_.world.call(method, path, body, bearer=all_.this["access_token"])


def by_service(method: str, path: str, body: Any = None) -> Any:
    return lambda all_: all_.world.admin(method, f"/admin/users/{all_.user}{path}", body)


def by_hand(statement: str) -> Any:
    return lambda all_: all_.world.run(statement, all_.user)


def second_factor(all_: Open) -> None:
    call, bearer = all_.world.call, all_.this["access_token"]
    factor = call("POST", "/factors", {"factor_type": "totp"}, bearer=bearer).body
    path = f"/factors/{factor['id']}"
    challenge = call("POST", f"{path}/challenge", {}, bearer=bearer).body["id"]
    code = code_at(factor["totp"]["secret"], int(all_.world.now) // PERIOD)
    answer = {"challenge_id": challenge, "code": code}
    assert call("POST", f"{path}/verify", answer, bearer=bearer).status == 200


CHANGES: dict[str, tuple[Any, str]] = {
    "nothing": (by_user("GET", "/user"), "trosc" + "l"),
    "sign-out, local": (by_user("POST", "/logout?scope=local"), "oscl"),
    "sign-out, others": (by_user("POST", "/logout?scope=others"), "trcl"),
    "sign-out, global": (by_user("POST", "/logout"), "cl"),
    "sign-out by the service role": (by_service("DELETE", "/sessions"), "cl"),
    "password, by its user": (by_user("PUT", "/user", {"password": "battery staple"}), "tr"),
    "password, by the service role": (by_service("PUT", "", {"password": "battery staple"}), ""),
    "second factor": (second_factor, "tcl"),
    "ban": (by_service("PUT", "", {"ban_duration": "1h"}), ""),
    "deletion": (by_service("DELETE", ""), ""),
    "deletion that leaves a shell": (by_service("DELETE", "", {"should_soft_delete": True}), ""),
    "address": (by_service("PUT", "", {"email": "new@example.com"}), "tros"),
    "phone": (by_hand('UPDATE "auth.users" SET "phone" = \'49\' WHERE "id" = ?'), "tros"),
    "role": (by_service("PUT", "", {"role": "editor"}), "troscl"),
    "app_metadata": (by_service("PUT", "", {"app_metadata": {"org": "a"}}), "troscl"),
    "user_metadata": (by_user("PUT", "/user", {"data": {"name": "Ada"}}), "troscl"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_ends_at_once_what_the_table_says(accounts: World, change: str) -> None:
    """What is so after it is so in the very next request."""
    everything = opened(accounts)
    make, going_on = CHANGES[change]
    make(everything)

    assert everything.going_on() == going_on


def test_what_a_ban_ended_stays_ended(accounts: World) -> None:
    """Lifting it gives the sessions back, which were not ended, and no proof."""
    everything = opened(accounts)
    for duration in ("1h", "none"):
        by_service("PUT", "", {"ban_duration": duration})(everything)

    assert everything.going_on() == "tros"
