"""Entries of the audit log as statements."""

from __future__ import annotations

import pytest
from tests.unit.auth.driving import ADA, CONTEXT, MOMENT

from jotbase.auth.accounts import audit
from jotbase.auth.sessions.audit_entries import AuditEntry
from jotbase.sql.dialect import POSTGRES, SQLITE


def test_an_entry_has_an_id_of_its_own() -> None:
    """Two entries of one unit of work differ; the same one is written the same way."""
    login, logout, again = (
        audit.by_user(CONTEXT, one, ADA) for one in ("login", "logout", "login")
    )

    assert login.params[0] != logout.params[0]
    assert login.params == again.params
    assert login.params[1] == MOMENT


@pytest.mark.parametrize(
    ("scope", "params"), [("", ()), ("author", ("ada", "ada")), ("type", ("ada",))]
)
def test_what_is_sought_is_bound(scope: str, params: tuple[str, ...]) -> None:
    """A text, never a pattern; without a scope there is no condition."""
    for dialect in (SQLITE, POSTGRES):
        statement = next(audit.entries(dialect, 10, 0, scope, "ada"))

        assert tuple(statement.params) == params
        assert (" WHERE " in statement.text) == bool(scope)


def test_a_page_comes_with_the_total() -> None:
    """The count, then the rows."""
    stored = ("1", MOMENT, "192.0.2.1", '{"action":"login"}')
    (found, total), verbs = drive_all(stored)

    assert found == [AuditEntry("1", MOMENT, "192.0.2.1", {"action": "login"})]
    assert (total, verbs) == (1, 2)


def drive_all(stored: tuple[str, ...]) -> tuple[tuple[list[AuditEntry], int], int]:
    unit = audit.entries(SQLITE, 10, 0, "", "")
    next(unit)
    unit.send([(1,)])
    try:
        unit.send([stored])
    except StopIteration as ended:
        return ended.value, 2
    raise AssertionError("there is a third statement")


def test_old_entries_are_pruned() -> None:
    """By the time at which they were written."""
    statement = audit.prune(POSTGRES, MOMENT)

    assert statement.params == (MOMENT,)
    assert statement.text.startswith('DELETE FROM "auth"."audit_log_entries" WHERE "created_at" <')
