"""Facts: the database's word in the place of the token's."""

from __future__ import annotations

from typing import Any

import pytest

from jotbase.auth.tokens.current_facts import current_facts_query, current_principal, facts_columns
from jotbase.auth.tokens.revocation_triggers import FACTS
from jotbase.errors import AccessError
from jotbase.sql.dialect import SQLITE
from jotbase.values import Principal

NOW = 1_780_000_000.0
CLAIMS = {"sub": "ada", "role": "authenticated", "email": "a@b.c", "aal": "aal1", "exp": 7}
ADA = Principal("authenticated", "ada", "a@b.c", "s1", 7, CLAIMS)


def known(user: str = "ada", **facts: Any) -> tuple[Any, ...]:
    """Return the row that says how a user stands."""
    row = {"role": "authenticated", "app_metadata": "{}", "user_metadata": "{}", **facts}
    return (user, *(row.get(name) for name in FACTS))


def test_the_database_has_the_last_word() -> None:
    """Role, address and metadata are the user's; what only the token knows stays."""
    row = known(role="editor", email="new@b.c", app_metadata='{"roles": ["boss"]}', is_anonymous=1)
    principal = current_principal(ADA, [row], NOW)

    assert (principal.role, principal.email, principal.roles) == ("editor", "new@b.c", ("boss",))
    assert (principal.session_id, principal.expires_at) == ("s1", 7)
    assert principal.claims["aal"] == "aal1"
    assert (principal.claims["is_anonymous"], principal.claims["phone"]) == (True, "")


def test_a_user_without_a_role_or_address_has_none() -> None:
    """As a token would say it: no role is `anon`, no address is none."""
    principal = current_principal(ADA, [known(role="", email=None)], NOW)

    assert (principal.role, principal.email, principal.claims["email"]) == ("anon", None, "")


@pytest.mark.parametrize(
    ("principal", "rows"),
    [
        (ADA, []),
        (ADA, [known("eve")]),
        (ADA, [known(deleted_at="2026-01-01T00:00:00+00:00")]),
        (ADA, [known(banned_until="2027-01-01T00:00:00+00:00")]),
        (ADA, [known(banned_until="infinity")]),
        (ADA, [known(banned_until="2026-12-01")]),
        (Principal("x", "ada"), [known(banned_until="2027-01-01T00:00:00+00:00")]),
        (Principal("x", "ada"), [known(deleted_at="2026-01-01T00:00:00+00:00")]),
    ],
)
def test_who_is_not_to_be_let_in_is_refused(principal: Principal, rows: Any) -> None:
    """An ended session, another's session, a ban, a deletion."""
    with pytest.raises(AccessError) as caught:
        current_principal(principal, rows, NOW)

    assert caught.value.code == "PGRST301"


@pytest.mark.parametrize("rows", [[], [known()]])
def test_a_token_without_a_session_keeps_its_own_facts(rows: Any) -> None:
    """The project's own servers made it, for whom they will."""
    made = Principal("robot", "ada", claims={"role": "robot"})

    assert current_principal(made, rows, NOW) is made


def test_the_question_binds_its_values() -> None:
    """By the session where there is one, else by the user."""
    assert current_facts_query(SQLITE, ADA).params == ("s1",)
    assert current_facts_query(SQLITE, Principal("x", "ada")).params == ("ada",)
    assert facts_columns(SQLITE, "u").startswith('u."role", u."aud"')
