"""The audit log: an entry is written in the unit of work that it is about, or not at all.

In charge of writing entries and of reading pages of them. Must not know which operation wrote one.
"""

from __future__ import annotations

from typing import Any

from jotbase.auth.accounts import store
from jotbase.auth.accounts.context import Context
from jotbase.auth.sessions import audit_entries
from jotbase.auth.sessions.audit_entries import AuditEntry
from jotbase.auth.sessions.users import User
from jotbase.sql.dialect import Dialect, text_literal
from jotbase.sql.fragment import Fragment, bound
from jotbase.sql.units import UnitOfWork

#: What an entry is sought by, and the members of its payload that the text is looked for in.
SCOPES: dict[str, tuple[str, ...]] = {
    "author": ("actor_username", "actor_name"),
    "action": ("action",),
    "type": ("log_type",),
}

#: The most entries that one statement deletes, since other writes wait meanwhile.
BITE = 500


def by_user(context: Context, action: str, user: User, **traits: Any) -> Fragment:
    """Return the INSERT of an entry about what a user did."""
    return _inserted(context, action, audit_entries.by_user(action, user, traits))


def by_service(context: Context, action: str, user: User, **traits: Any) -> Fragment:
    """Return the INSERT of an entry about what the service role did to a user."""
    return _inserted(context, action, audit_entries.by_service(action, user, traits))


def _inserted(context: Context, action: str, payload: dict[str, Any]) -> Fragment:
    key = context.derived_id(f"audit {action}")
    return store.insert(context.dialect, AuditEntry(key, context.moment, context.client, payload))


def entries(
    dialect: Dialect, limit: int, offset: int, scope: str, text: str
) -> UnitOfWork[tuple[list[AuditEntry], int]]:
    """Read a page of entries, the newest first, and how many there are in all.

    With a scope, those alone in which the text occurs, ignoring case.
    """
    texts = (f'"payload" ->> {text_literal(name)}' for name in SCOPES.get(scope, ()))
    found = store.containing(dialect, texts, text if scope else "")
    total = yield from store.count(dialect, AuditEntry, found)
    return (yield from store.page(dialect, AuditEntry, found, limit, offset)), total


def prune(dialect: Dialect, before: str) -> Fragment:
    """Return the DELETE of the oldest entries, `BITE` at most, that were written before that time.

    It returns their ids: as many as `BITE` say that there may be more.
    """
    table = dialect.identifier("auth.audit_log_entries")
    oldest = f'(SELECT "id" FROM {table} ORDER BY "created_at" LIMIT {BITE})'
    old = f'DELETE FROM {table} WHERE "created_at" < ' + bound(before)
    return old + f' AND "id" IN {oldest} RETURNING "id"'
