"""What a change of a user ends, and whose facts it makes stale: one table, held by the database.

In charge of the table and of the triggers that carry it out, so that no path can forget it: not a
new endpoint, nor another process, nor a statement typed by hand. Must not know who asked for a
change. Decision 56.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

What = Literal["proofs", "sessions"]


@dataclass(frozen=True, slots=True)
class RevocationRule:
    """A change of one column of a user, and what it ends; `only_set`: not when it becomes NULL."""

    what: str
    column: str
    ends: tuple[What, ...]
    only_set: bool = False


#: A proof that was asked for before such a change says nothing after it.
ENDINGS = (
    RevocationRule("a new password", "encrypted_password", ("proofs", "sessions")),
    RevocationRule("another address", "email", ("proofs",)),
    RevocationRule("a ban", "banned_until", ("proofs",), only_set=True),
    RevocationRule(
        "a deletion that leaves a shell", "deleted_at", ("proofs", "sessions"), only_set=True
    ),
)

#: What access tokens say of a user, and what refuses them: a change is told to all who remember.
FACTS = (
    "role",
    "aud",
    "email",
    "phone",
    "app_metadata",
    "user_metadata",
    "is_anonymous",
    "banned_until",
    "deleted_at",
)

#: How many changes are kept in mind for processes that have yet to read of them.
REVOCATIONS_KEPT = 100_000

_PROOFS = (
    'DELETE FROM "auth.one_time_tokens" WHERE "user_id" = {user}',
    'DELETE FROM "auth.flow_states" WHERE "user_id" = {user}',
)
_SESSIONS = 'DELETE FROM "auth.sessions" WHERE "user_id" = {user}'
_STATEMENTS: dict[What, tuple[str, ...]] = {
    "proofs": (
        *_PROOFS,
        'UPDATE "auth.users" SET "new_email" = NULL'
        ' WHERE "id" = {user} AND "new_email" IS NOT NULL',
    ),
    "sessions": (_SESSIONS,),
}


def triggers() -> tuple[str, ...]:
    """Return the statements that make the log of changes and what fills it, for SQLite."""
    return (
        'CREATE TABLE IF NOT EXISTS "auth.revocations" ("number" INTEGER PRIMARY KEY,'
        ' "session_id" TEXT NOT NULL, "user_id" TEXT NOT NULL) STRICT',
        _trigger(
            "session_ended", 'DELETE ON "auth.sessions"', "", _told('OLD."id"', 'OLD."user_id"')
        ),
        *(_ending(ending) for ending in ENDINGS),
        _trigger(
            "user_changed",
            f'UPDATE OF {", ".join(map(_quoted, FACTS))} ON "auth.users"',
            " OR ".join(f"OLD.{_quoted(name)} IS NOT NEW.{_quoted(name)}" for name in FACTS),
            _told("''", 'NEW."id"'),
        ),
        # What is told by its old name is looked for under it, and is gone.
        _trigger(
            "user_moved",
            'UPDATE OF "id" ON "auth.users"',
            'OLD."id" IS NOT NEW."id"',
            _told("''", 'OLD."id"'),
        ),
        _trigger(
            "session_moved",
            'UPDATE OF "id", "user_id" ON "auth.sessions"',
            'OLD."id" IS NOT NEW."id" OR OLD."user_id" IS NOT NEW."user_id"',
            _told('OLD."id"', 'OLD."user_id"'),
        ),
        # Foreign keys may be off in the program that deletes or replaces a user.
        _trigger(
            "user_gone",
            'DELETE ON "auth.users"',
            "",
            (
                *(one.format(user='OLD."id"') for one in (*_PROOFS, _SESSIONS)),
                'DELETE FROM "auth.identities" WHERE "user_id" = OLD."id"',
                *_told("''", 'OLD."id"'),
            ),
        ),
        _trigger(
            "user_replaced",
            'INSERT ON "auth.users"',
            'EXISTS (SELECT 1 FROM "auth.sessions" WHERE "user_id" = NEW."id")',
            _told("''", 'NEW."id"'),
        ),
    )


def _ending(ending: RevocationRule) -> str:
    column = _quoted(ending.column)
    changed = f"OLD.{column} IS NOT NEW.{column}"
    when = f"{changed} AND NEW.{column} IS NOT NULL" if ending.only_set else changed
    statements = [one.format(user='NEW."id"') for what in ending.ends for one in _STATEMENTS[what]]
    event = f'UPDATE OF {column} ON "auth.users"'
    return _trigger(f"{ending.column}_changed", event, when, tuple(statements))


def _trigger(name: str, event: str, when: str, statements: tuple[str, ...]) -> str:
    condition = f" WHEN {when}" if when else ""
    body = "; ".join(statements)
    return f'CREATE TRIGGER IF NOT EXISTS "auth.{name}" AFTER {event}{condition} BEGIN {body}; END'


def _told(session: str, user: str) -> tuple[str, ...]:
    return (
        f'INSERT INTO "auth.revocations" ("session_id", "user_id") VALUES ({session}, {user})',
        'DELETE FROM "auth.revocations" WHERE "number" <='
        f' (SELECT max("number") - {REVOCATIONS_KEPT} FROM "auth.revocations")',
    )


def _quoted(name: str) -> str:
    return f'"{name}"'
