"""Accounts whose JSON columns SQL by hand has left unreadable, on each engine."""

from __future__ import annotations

import pytest
from tests.api.account_world import World

#: Valid for the column, and no object.
ODD = ["[1]", '"text"', "null", "7", '[{"method": 3}]']
#: SQLite takes this for JSON: what no encoding of a text can hold.
SURROGATE = '{"full_name": "\\ud800"}'
_PLACES = [
    ("users", "app_metadata"),
    ("users", "user_metadata"),
    ("identities", "identity_data"),
    ("sessions", "amr"),
    ("audit_log_entries", "payload"),
]


def texts(world: World) -> list[str]:
    return ODD if world.engine.dialect.is_postgres else [*ODD, SURROGATE]


@pytest.mark.parametrize(("table", "column"), _PLACES)
def test_an_unreadable_column_is_empty_wherever_it_is_read(
    accounts: World, table: str, column: str
) -> None:
    """Lists, sign-in, refresh, the own account and the administrator's change are answered."""
    session = accounts.signed_up(full_name="Ada")
    user = f"/admin/users/{session['user']['id']}"
    for text in texts(accounts):
        session = accounts.current_account().body
        accounts.run(f'UPDATE "auth.{table}" SET "{column}" = ?', text)

        asked = [
            accounts.refreshed(session["refresh_token"]),
            accounts.current_account(),
            accounts.call("GET", "/user", bearer=session["access_token"]),
            accounts.admin("GET", "/admin/users"),
            accounts.admin("GET", "/admin/users?filter=Ada"),
            accounts.admin("GET", user),
            accounts.admin("GET", f"{user}/sessions"),
            accounts.admin("GET", "/admin/audit"),
            accounts.admin("GET", "/admin/audit?query=author:ada"),
        ]

        assert [one.status for one in asked] == [200] * len(asked), [one.body for one in asked]


def test_an_unreadable_column_can_be_set_anew(accounts: World) -> None:
    """What nobody can read is replaced by what is written."""
    session = accounts.signed_up()
    path = f"/admin/users/{session['user']['id']}"
    accounts.run('UPDATE "auth.users" SET "app_metadata" = ?, "user_metadata" = ?', "[1]", "3")

    answer = accounts.admin("PUT", path, {"app_metadata": {"a": 1}, "user_metadata": {"b": 2}})

    assert (answer.status, answer.body["app_metadata"], answer.body["user_metadata"]) == (
        200,
        {"a": 1},
        {"b": 2},
    )
