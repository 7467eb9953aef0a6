"""Who can sign in with what, in whatever order strangers, owners and administrators act.

A model says which password works, whether the session goes on and which mails are worth nothing; it
is held against the accounts API after every step. The owner opens only letters that she asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.api.account_world import World

from jotbase.auth.accounts.passwords import DUMMY_HASH, hash_password
from jotbase.auth.mail.messages import Mail
from jotbase.auth.tokens.rate_limits import AuthRateLimits

Result = TypeVar("Result")

EMAIL, OTHER = "ada@example.com", "new@example.com"
HERS, EVIL, ADMINS = "correct horse", "lying in wait", "battery staple"
HOME, ELSEWHERE = "192.0.2.1", "198.51.100.9"
VERIFIER = "v" * 43
PKCE = {"code_challenge": VERIFIER, "code_challenge_method": "plain"}
_OURS = DUMMY_HASH.rpartition("p=1$")[0] + "p=1$"


@dataclass
class QuickWorld(World):
    """A world whose hashes take no time."""

    async def _hash(
        self,
        function: Callable[..., Result],
        /,
        *arguments: Any,
        check: Callable[[], None] = lambda: None,
        client: str = "",
    ) -> Any:
        check()
        password, other = arguments
        if function is hash_password:
            return f"{_OURS}{other.hex()}${password}"
        return other is not None and other.rpartition("$")[2] == password


@dataclass
class Letter:
    """A mail that the owner asked for, and the password that came with her request."""

    mail: Mail
    password: str | None = None
    is_sign_up: bool = False
    is_expired: bool = False

    @property
    def proof(self) -> dict[str, str]:
        """What opens its link."""
        query = parse_qs(urlsplit(self.mail.link).query)
        return {"type": query["type"][0], "token_hash": query["token"][0].removeprefix("pkce_")}


class Accounts(RuleBasedStateMachine):
    """One address, its owner, a stranger and an administrator."""

    def __init__(self) -> None:
        super().__init__()
        self.world = QuickWorld()
        self.world.open()
        self.world.set(autoconfirm=False, mail_spacing=0, mail_rate=10**6)
        self.user: str | None = None  # the id of whoever has the owner's address
        self.email = EMAIL
        self.password: str | None = None
        self.is_confirmed = self.is_banned = False
        self.waiting: Letter | None = None  # her last letter that confirms an address
        self.letters: list[Letter] = []
        self.codes: list[tuple[str, Letter]] = []
        self.session: str | None = None

    def teardown(self) -> None:
        self.world.close()

    # How it is asked ----------------------------------------------------------------------------

    def ask(self, who: str, path: str, body: Any, *, bearer: str | None = None) -> Any:
        self.world.limits, self.world.client = AuthRateLimits(10**6, 10**6), who
        method = "PUT" if path == "/user" else "POST"
        return self.world.call(method, path, body, bearer=bearer)

    def admin(self, method: str, body: Any) -> None:
        answer = self.world.admin(method, f"/admin/users/{self.user}", body)
        assert answer.status == 200, answer.body

    def asked(self, who: str, path: str, **body: Any) -> list[Letter]:
        """Ask for a mail to the address; only the owner keeps what comes."""
        before = len(self.world.mails)
        answer = self.ask(who, path, {"email": self.email, **body})
        assert answer.status == 200, answer.body
        if self.user is None and path in ("/signup", "/otp"):
            (self.user,) = self.world.run(
                'SELECT "id" FROM "auth.users" WHERE "email" = ?', self.email
            )[0]
        letters = [Letter(mail) for mail in self.world.mails[before:]] if who == HOME else []
        self.letters += letters
        return letters

    def end_proofs(self, *, codes: bool = True) -> None:
        """End all letters, and the codes that opened ones became."""
        kept = [] if codes else [letter for _, letter in self.codes]
        for letter in self.letters:
            letter.is_expired = letter.is_expired or not any(letter is one for one in kept)

    # What strangers and the owner do ------------------------------------------------------------

    @rule(who=st.sampled_from([HOME, ELSEWHERE]))
    def sign_up(self, who: str) -> None:
        password, data = (HERS, {"name": "Ada"}) if who == HOME else (EVIL, {"evil": True})
        for letter in self.asked(who, "/signup", password=password, data=data):
            letter.password, letter.is_sign_up = password, True
            self.waiting = letter

    @rule(who=st.sampled_from([HOME, ELSEWHERE]))
    def ask_again(self, who: str) -> None:
        repeated = self.waiting
        for letter in self.asked(who, "/resend", type="signup"):
            letter.is_sign_up = True
            if repeated is not None and not repeated.is_expired:
                letter.password = repeated.password
            self.waiting = letter

    @rule(who=st.sampled_from([HOME, ELSEWHERE]))
    def sign_in_by_mail(self, who: str) -> None:
        data = {"evil": True} if who == ELSEWHERE else {}
        for letter in self.asked(who, "/otp", data=data):
            if not self.is_confirmed:
                self.waiting = letter

    @rule(who=st.sampled_from([HOME, ELSEWHERE]), more=st.sampled_from([{}, PKCE]))
    def recover(self, who: str, more: dict[str, str]) -> None:
        self.asked(who, "/recover", **more)

    def drawn(self, data: st.DataObject, *, is_expired: bool = False) -> Letter | None:
        """Draw one of the letters that are over, or of those that are not."""
        some = [letter for letter in self.letters if letter.is_expired == is_expired]
        return data.draw(st.sampled_from(some)) if some else None

    @rule(data=st.data())
    def open_a_letter(self, data: st.DataObject) -> None:
        letter = self.drawn(data)
        if letter is not None:
            self.open(letter)

    def open(self, letter: Letter) -> None:
        answer = self.ask(HOME, "/verify", letter.proof)
        assert answer.status in (200, 403)
        assert answer.status == 403 or not self.is_banned
        if answer.status == 200 and "access_token" in answer.body:
            self.proved(letter, answer.body["access_token"])

    @rule(data=st.data())
    def open_a_letter_that_is_over(self, data: st.DataObject) -> None:
        letter = self.drawn(data, is_expired=True)
        if letter is not None:
            code = {"email": letter.mail.to, "token": letter.mail.code}
            by_code = {"type": letter.proof["type"], **code}
            assert self.ask(HOME, "/verify", letter.proof).status == 403
            assert self.ask(HOME, "/verify", by_code).status == 403

    @precondition(lambda self: self.user and not self.is_banned)
    @rule(path=st.sampled_from(["/otp", "/recover"]))
    def come_in(self, path: str) -> None:
        for letter in self.asked(HOME, path):
            self.open(letter)
            assert self.is_in

    def proved(self, letter: Letter, session: str | None) -> None:
        if letter.proof["type"] == "email_change":
            self.email = OTHER if self.email == EMAIL else EMAIL
            self.waiting = None
        elif not self.is_confirmed:
            if letter.password is not None or not letter.is_sign_up:
                self.password = letter.password
            self.is_confirmed = True
        self.end_proofs(codes=letter.proof["type"] == "email_change")
        self.session = session or self.session

    @precondition(lambda self: self.user and not self.is_banned)
    @rule()
    def come_back_for_a_code(self) -> None:
        (letter,) = self.asked(HOME, "/recover", **PKCE)
        link = urlsplit(letter.mail.link).query
        answer = self.world.call("GET", f"/verify?{link}", key=None)
        location = answer.response.header("location") or ""
        (code,) = parse_qs(urlsplit(location).query)["code"]
        self.proved(letter, None)
        self.letters.append(Letter(letter.mail))  # what ends a letter ends its code
        self.codes.append((code, self.letters[-1]))

    @precondition(lambda self: self.codes)
    @rule(data=st.data())
    def exchange_a_code(self, data: st.DataObject) -> None:
        code, letter = data.draw(st.sampled_from(self.codes))
        body = {"auth_code": code, "code_verifier": VERIFIER}
        answer = self.ask(HOME, "/token?grant_type=pkce", body)
        assert answer.status in ((404,) if letter.is_expired else (200, 404))
        if answer.status == 200:
            self.session = answer.body["access_token"]

    @precondition(lambda self: self.is_in)
    @rule(password=st.sampled_from([HERS, "another of hers"]))
    def choose_a_password(self, password: str) -> None:
        answer = self.ask(HOME, "/user", {"password": password}, bearer=self.session)
        assert answer.status == (422 if password == self.password else 200)
        if answer.status == 200:
            self.password = password
            self.end_proofs()

    @precondition(lambda self: self.is_in)
    @rule(reads=st.permutations([0, 1]), count=st.sampled_from([0, 1, 2, 2]))
    def ask_for_another_address(self, reads: list[int], count: int) -> None:
        before, old = len(self.world.mails), self.email
        other = OTHER if self.email == EMAIL else EMAIL
        answer = self.ask(HOME, "/user", {"email": other}, bearer=self.session)
        assert answer.status == 200
        written = [Letter(mail) for mail in self.world.mails[before:]]
        self.letters += written
        for number in reads[:count]:
            self.open(written[number])
        assert self.email == (other if count == 2 else old)

    @precondition(lambda self: self.is_in)
    @rule(scope=st.sampled_from(["local", "global"]))
    def sign_out(self, scope: str) -> None:
        answer = self.ask(HOME, f"/logout?scope={scope}", None, bearer=self.session)
        assert answer.status == 204
        assert self.world.call("GET", "/user", bearer=self.session).status == 403
        self.session = None

    # What an administrator does -----------------------------------------------------------------

    @precondition(lambda self: self.user)
    @rule(what=st.sampled_from(["password", "ban", "no ban", "no ban", "deletion", "shell"]))
    def administer(self, what: str) -> None:
        if what == "password":
            self.admin("PUT", {"password": ADMINS})
            self.password, self.session = ADMINS, None
        elif "ban" in what:
            self.admin("PUT", {"ban_duration": "1000h" if what == "ban" else "none"})
            self.is_banned = what == "ban"
        else:
            self.admin("DELETE", {"should_soft_delete": what == "shell"})
            self.user = self.password = self.session = self.waiting = None
            self.is_confirmed = self.is_banned = False
        if what != "no ban":
            self.end_proofs()

    @precondition(lambda self: self.user and self.is_confirmed and not self.is_banned)
    @rule()
    def be_sent_a_link(self) -> None:
        body = {"type": "recovery", "email": self.email}
        answer = self.world.admin("POST", "/admin/generate_link", body)
        assert answer.status == 200, answer.body
        made = answer.body
        proof = {"type": made["verification_type"], "token_hash": made["hashed_token"]}
        opened = self.ask(HOME, "/verify", proof)
        assert opened.status == 200
        self.session = opened.body["access_token"]
        self.end_proofs(codes=False)  # as a mailed one that is opened

    @precondition(lambda self: self.user)
    @rule()
    def be_signed_out(self) -> None:
        answer = self.world.admin("DELETE", f"/admin/users/{self.user}/sessions")
        assert answer.status == 200
        self.session = None

    # What must hold -----------------------------------------------------------------------------

    @property
    def is_in(self) -> bool:
        """Whether the owner has a session that goes on."""
        return self.session is not None and not self.is_banned

    @invariant()
    def one_password_works_at_most(self) -> None:
        for password in (HERS, "another of hers", EVIL, ADMINS):
            body = {"email": self.email, "password": password}
            status = self.ask(HOME, "/token?grant_type=password", body).status
            open_to = self.is_confirmed and not self.is_banned and password == self.password
            assert (status == 200) == open_to, password

    @invariant()
    def the_session_goes_on_or_does_not(self) -> None:
        if self.session is not None:
            status = self.world.call("GET", "/user", bearer=self.session).status
            assert status == (403 if self.is_banned else 200)

    @invariant()
    def nothing_of_the_strangers_stays(self) -> None:
        for (stored,) in self.world.run('SELECT "user_metadata" FROM "auth.users"'):
            assert "evil" not in stored


def test_each_change_of_an_account_leaves_one_password_at_most() -> None:
    """In any order of what strangers, the owner and an administrator do."""
    # How long a step takes is the machine's matter, and so is how many are drawn within a second.
    steps = settings(
        max_examples=20,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
    )
    run_state_machine_as_test(Accounts, settings=steps)
