"""Database triggers that end sessions and one-time tokens when a user changes.

In charge of the table of changes and their consequences (`ENDINGS`) and of the triggers that
enforce it for every writer: an endpoint, another process, SQL typed by hand. The triggers also log
each change in `auth.revocations`, from which processes invalidate their caches of tokens. Must not
know why a user is changed. Decision 56.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jotbase.sql.dialect import quoted_name, text_literal

Revoked = Literal["proofs", "sessions"]


@dataclass(frozen=True, slots=True)
class RevocationRule:
    """A change of one column of a user, and what it ends.

    `change` is the description in the documentation. With `only_set` a change to NULL ends nothing.
    """

    change: str
    column: str
    ends: tuple[Revoked, ...]
    only_set: bool = False


#: A one-time token (proof) that was requested before such a change is not valid after it.
ENDINGS = (
    RevocationRule("a new password", "encrypted_password", ("proofs", "sessions")),
    RevocationRule("another address", "email", ("proofs",)),
    RevocationRule("another phone number", "phone", ("proofs",)),
    RevocationRule("a ban", "banned_until", ("proofs",), only_set=True),
    RevocationRule(
        "a deletion that leaves a shell", "deleted_at", ("proofs", "sessions"), only_set=True
    ),
)

#: The columns that become claims of an access token or make it invalid: their changes are logged.
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

#: The columns of a session that become claims of its access token: their changes are logged, too.
SESSION_FACTS = ("aal", "amr")

#: How many entries of the log are kept for processes that have not read them yet.
REVOCATIONS_KEPT = 100_000

_PROOFS = (
    'DELETE FROM "auth.one_time_tokens" WHERE "user_id" = {user}',
    'DELETE FROM "auth.flow_states" WHERE "user_id" = {user}',
)
_SESSIONS = 'DELETE FROM "auth.sessions" WHERE "user_id" = {user}'
_STATEMENTS: dict[Revoked, tuple[str, ...]] = {
    "proofs": (
        *_PROOFS,
        'UPDATE "auth.users" SET "new_email" = NULL'
        ' WHERE "id" = {user} AND "new_email" IS NOT NULL',
    ),
    "sessions": (_SESSIONS,),
}


#: The methods of `amr` that raise a session to aal2.
SECOND_FACTORS = ("totp", "mfa/phone", "mfa/webauthn")
_SECOND = ", ".join(map(text_literal, SECOND_FACTORS))
_LOWERED = (
    """UPDATE "auth.sessions" SET "aal" = 'aal1', "factor_id" = NULL, "amr" = ("""
    'SELECT json_group_array(json(m.value)) FROM json_each("amr") AS m WHERE CASE'
    f" WHEN m.type = 'object' THEN m.value ->> 'method' NOT IN ({_SECOND}) END)"
    ' WHERE "factor_id" = OLD."id"'
)


def triggers() -> tuple[str, ...]:
    """Return the statements that create `auth.revocations` and all triggers, for SQLite."""
    return (
        'CREATE TABLE IF NOT EXISTS "auth.revocations" ("number" INTEGER PRIMARY KEY,'
        ' "session_id" TEXT NOT NULL, "user_id" TEXT NOT NULL) STRICT',
        _trigger(
            "session_ended", 'DELETE ON "auth.sessions"', "", _logged('OLD."id"', 'OLD."user_id"')
        ),
        *(_ending(ending) for ending in ENDINGS),
        _trigger(
            "user_changed",
            f'UPDATE OF {", ".join(map(quoted_name, FACTS))} ON "auth.users"',
            " OR ".join(
                f"OLD.{quoted_name(name)} IS NOT NEW.{quoted_name(name)}" for name in FACTS
            ),
            _logged("''", 'NEW."id"'),
        ),
        # A changed id is logged under its old value, which cached tokens hold: no row has it now,
        # so that they are revoked.
        _trigger(
            "user_moved",
            'UPDATE OF "id" ON "auth.users"',
            'OLD."id" IS NOT NEW."id"',
            _logged("''", 'OLD."id"'),
        ),
        *_session_triggers(),
        # A program that deletes or replaces a user may have foreign keys switched off.
        _trigger(
            "user_gone",
            'DELETE ON "auth.users"',
            "",
            (
                *(one.format(user='OLD."id"') for one in (*_PROOFS, _SESSIONS)),
                'DELETE FROM "auth.identities" WHERE "user_id" = OLD."id"',
                *_logged("''", 'OLD."id"'),
            ),
        ),
        _trigger(
            "user_replaced",
            'INSERT ON "auth.users"',
            'EXISTS (SELECT 1 FROM "auth.sessions" WHERE "user_id" = NEW."id")',
            _logged("''", 'NEW."id"'),
        ),
    )


def _session_triggers() -> tuple[str, ...]:
    return (
        _trigger(
            "session_moved",
            'UPDATE OF "id", "user_id" ON "auth.sessions"',
            'OLD."id" IS NOT NEW."id" OR OLD."user_id" IS NOT NEW."user_id"',
            _logged('OLD."id"', 'OLD."user_id"'),
        ),
        _trigger(
            "session_assured",
            f'UPDATE OF {", ".join(map(quoted_name, SESSION_FACTS))} ON "auth.sessions"',
            " OR ".join(
                f"OLD.{quoted_name(name)} IS NOT NEW.{quoted_name(name)}" for name in SESSION_FACTS
            ),
            _logged('NEW."id"', 'NEW."user_id"'),
        ),
        # A level stands on a factor: whoever deletes it, the sessions that it raised fall.
        _trigger("factor_gone", 'DELETE ON "auth.mfa_factors"', "", (_LOWERED,)),
    )


def _ending(ending: RevocationRule) -> str:
    column = quoted_name(ending.column)
    changed = f"OLD.{column} IS NOT NEW.{column}"
    when = f"{changed} AND NEW.{column} IS NOT NULL" if ending.only_set else changed
    statements = [
        one.format(user='NEW."id"') for revoked in ending.ends for one in _STATEMENTS[revoked]
    ]
    event = f'UPDATE OF {column} ON "auth.users"'
    return _trigger(f"{ending.column}_changed", event, when, tuple(statements))


def _trigger(name: str, event: str, when: str, statements: tuple[str, ...]) -> str:
    condition = f" WHEN {when}" if when else ""
    body = "; ".join(statements)
    return f'CREATE TRIGGER IF NOT EXISTS "auth.{name}" AFTER {event}{condition} BEGIN {body}; END'


def _logged(session: str, user: str) -> tuple[str, ...]:
    return (
        f'INSERT INTO "auth.revocations" ("session_id", "user_id") VALUES ({session}, {user})',
        'DELETE FROM "auth.revocations" WHERE "number" <='
        f' (SELECT max("number") - {REVOCATIONS_KEPT} FROM "auth.revocations")',
    )
