"""Units of work of accounts: what is decided, and which statements follow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.auth.driving import ADA, CONTEXT, MOMENT, NOW, drive, row

from jotbase.auth.accounts.accounts import (
    IssuedSession,
    current_account,
    password_hash_of,
    refresh,
    sign_in,
    sign_out,
    sign_up,
    sign_up_anonymously,
)
from jotbase.auth.sessions.refresh_tokens import issue, parse
from jotbase.auth.sessions.sessions import Session
from jotbase.auth.tokens.one_time import OneTimeToken
from jotbase.errors import AuthError
from jotbase.sql.dialect import SQLITE
from jotbase.sql.units import Rows, UnitOfWork
from jotbase.values import Principal

SESSION = Session(
    "00000000-0000-4000-8000-00000000000b", ADA.id, MOMENT, MOMENT, bytes(32), refresh_counter=5
)
PRINCIPAL = Principal("authenticated", id=ADA.id, session_id=SESSION.id)


def refused(unit: UnitOfWork[Any], *answers: Rows) -> tuple[int, str]:
    with pytest.raises(AuthError) as caught:
        drive(unit, *answers)
    return caught.value.status, caught.value.code


def test_new_ids_come_from_the_random_bytes() -> None:
    """Three ids of UUID version 4, and a key, none sharing bytes with another."""
    assert CONTEXT.new_id(0) == "00010203-0405-4607-8809-0a0b0c0d0e0f"
    assert CONTEXT.new_id(1) == "10111213-1415-4617-9819-1a1b1c1d1e1f"
    assert CONTEXT.new_id(2) == "20212223-2425-4627-a829-2a2b2c2d2e2f"
    assert CONTEXT.session_key == bytes(range(48, 80))


def test_a_sign_up_stores_user_identity_and_session() -> None:
    """With autoconfirm the new user has its session, confirmed as of now."""
    made, verbs = drive(sign_up(CONTEXT, "ada@example.com", "hash", {"name": "Ada"}))

    assert isinstance(made, IssuedSession)
    assert verbs == ["SELECT", "INSERT", "INSERT", "INSERT", "UPDATE"]
    assert made.account.user.email_confirmed_at == MOMENT
    assert (made.session.user_id, made.session.amr[0]["method"]) == (
        CONTEXT.new_id(0),
        "password",
    )
    assert parse(made.refresh_token).counter == 0


def test_a_known_address_is_refused() -> None:
    """Where addresses need no confirmation, whether or not this one has it."""
    for known in (ADA, replace(ADA, email_confirmed_at=None)):
        assert refused(sign_up(CONTEXT, "ada@example.com", "hash", {}), [row(known)]) == (
            422,
            "user_already_exists",
        )


def test_an_anonymous_user_has_no_identity() -> None:
    """A user and a session, reached by the method `anonymous`."""
    made, verbs = drive(sign_up_anonymously(CONTEXT, {}))

    assert verbs == ["INSERT", "INSERT", "UPDATE"]
    assert made.account.user.is_anonymous
    assert made.session.amr == ({"method": "anonymous", "timestamp": 1_780_000_000},)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"encrypted_password": "newer"}, (400, "invalid_credentials")),
        ({"encrypted_password": None}, (400, "invalid_credentials")),
        ({"banned_until": "2026-05-28T20:26:41+00:00"}, (400, "user_banned")),
        ({"email_confirmed_at": None}, (400, "email_not_confirmed")),
    ],
)
def test_a_sign_in_looks_again(change: dict[str, Any], expected: tuple[int, str]) -> None:
    """Between the check of the password and the session, the user may have changed."""
    unit = sign_in(CONTEXT, ADA.id, "hash")

    assert refused(unit, [row(replace(ADA, **change))]) == expected


def test_a_ban_that_is_over_does_not_hold() -> None:
    """At its last moment the user may come back; a renewed hash is stored, and ends no session."""
    user = replace(ADA, banned_until=MOMENT)
    unit = sign_in(CONTEXT, ADA.id, "hash", "better")
    granted, verbs = drive(unit, [row(user)], [], [row(SESSION)])

    assert granted.account.user.last_sign_in_at == MOMENT
    assert verbs == ["SELECT", "SELECT", "SELECT", "UPDATE", "INSERT", "INSERT", "UPDATE"]


def test_a_refresh_writes_what_the_table_says() -> None:
    """The session advances, or is deleted with an error that is returned, not raised."""
    current, old = (parse(issue(SESSION.id, number, bytes(32))) for number in (5, 1))
    context = replace(CONTEXT, now=NOW + 60)
    answers = ([row(SESSION)], [row(ADA)])
    granted, verbs = drive(refresh(context, current), *answers)
    ended, deleting = drive(refresh(context, old), *answers)

    assert isinstance(granted, IssuedSession)
    assert (granted.session.refresh_counter, verbs[-1]) == (6, "UPDATE")
    assert isinstance(ended, AuthError)
    assert (ended.code, deleting[-1]) == ("refresh_token_already_used", "DELETE")


def test_a_refresh_of_nothing_is_not_found() -> None:
    """No session, or a session whose user is gone."""
    token = parse(issue(SESSION.id, 5, bytes(32)))

    assert refused(refresh(CONTEXT, token)) == (400, "refresh_token_not_found")
    assert refused(refresh(CONTEXT, token), [row(SESSION)]) == (400, "refresh_token_not_found")


def test_a_token_is_worth_what_the_database_says() -> None:
    """The user must be there, then the session, then be free of a ban."""
    banned = replace(ADA, banned_until="2027-01-01T00:00:00+00:00")

    assert refused(current_account(CONTEXT, PRINCIPAL)) == (403, "user_not_found")
    assert refused(current_account(CONTEXT, PRINCIPAL), [row(ADA)]) == (403, "session_not_found")
    others = replace(SESSION, user_id="another")
    assert refused(current_account(CONTEXT, PRINCIPAL), [row(ADA)], [], [row(others)])[0] == 403
    assert refused(current_account(CONTEXT, PRINCIPAL), [row(banned)], [], [row(SESSION)]) == (
        403,
        "user_banned",
    )


@pytest.mark.parametrize(
    ("scope", "session_id", "values"),
    [
        ("global", SESSION.id, (ADA.id,)),
        ("local", SESSION.id, (SESSION.id, ADA.id)),
        ("others", SESSION.id, (ADA.id, SESSION.id)),
        ("local", None, (ADA.id,)),
    ],
)
def test_what_signing_out_deletes(
    scope: Any, session_id: str | None, values: tuple[str, ...]
) -> None:
    """All sessions of the user, this one, or all but this one."""
    unit = sign_out(CONTEXT, replace(PRINCIPAL, session_id=session_id), scope)
    answers: list[Rows] = [[row(ADA)], [], [], *([[row(SESSION)]] if session_id else [])]
    statement = next(unit)
    for answer in answers:
        statement = unit.send(answer)

    assert statement.text.startswith('DELETE FROM "auth.sessions"')
    assert statement.params == values


def test_who_is_unconfirmed_is_known_by_the_last_sign_ups_password() -> None:
    """It is in no account yet, but whoever gives it is told what is missing."""
    waiting = replace(ADA, email_confirmed_at=None, encrypted_password=None)
    mail = OneTimeToken(
        "hash", ADA.id, "confirmation", "signup", "ada@example.com", MOMENT, client="c"
    )
    mails = [row(replace(mail, encrypted_password=password)) for password in (None, "b", "a")]

    assert drive(password_hash_of(SQLITE, "x"), [row(waiting)], mails)[0] == (waiting, "b")
    assert drive(password_hash_of(SQLITE, "x"), [row(ADA)])[0] == (ADA, "hash")
    assert drive(password_hash_of(SQLITE, "x"))[0] == (None, None)
