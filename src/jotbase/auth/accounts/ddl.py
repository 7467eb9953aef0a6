"""The tables of accounts: users, sessions, one-time tokens, mails, the audit log and more.

In charge of their DDL in each dialect, and of upgrading those of an earlier version. Must not know
what the columns mean.
"""

from __future__ import annotations

from jotbase.auth.tokens.postgres_revocations import postgres_triggers
from jotbase.auth.tokens.revocation_triggers import triggers
from jotbase.sql.dialect import Dialect
from jotbase.sql.fragment import Fragment, sql
from jotbase.sql.units import UnitOfWork

_TYPES = {
    "sqlite": {
        "uuid": "TEXT",
        "text": "TEXT",
        "time": "TEXT",
        "bytes": "BLOB",
        "number": "INTEGER",
        "flag": "INTEGER",
        "json": "TEXT",
    },
    "postgres": {
        "uuid": "uuid",
        "text": 'text COLLATE "C"',
        "time": "timestamptz",
        "bytes": "bytea",
        "number": "bigint",
        "flag": "boolean",
        "json": "jsonb",
    },
}

_USER_TIMES = (
    "email_confirmed_at",
    "phone_confirmed_at",
    "invited_at",
    "confirmation_sent_at",
    "recovery_sent_at",
    "email_change_sent_at",
    "phone_change_sent_at",
    "reauthentication_sent_at",
    "last_sign_in_at",
    "banned_until",
    "deleted_at",
)

#: Table to its columns: (name, type, constraint).
_COLUMNS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "auth.users": (
        ("id", "uuid", "PRIMARY KEY NOT NULL"),
        ("aud", "text", "NOT NULL"),
        ("role", "text", "NOT NULL"),
        ("created_at", "time", "NOT NULL"),
        ("updated_at", "time", "NOT NULL"),
        ("email", "text", "UNIQUE"),
        ("phone", "text", "UNIQUE"),
        ("encrypted_password", "text", ""),
        ("new_email", "text", ""),
        ("new_phone", "text", ""),
        *((name, "time", "") for name in _USER_TIMES),
        ("is_anonymous", "flag", "NOT NULL"),
        ("app_metadata", "json", "NOT NULL"),
        ("user_metadata", "json", "NOT NULL"),
    ),
    "auth.identities": (
        ("identity_id", "uuid", "PRIMARY KEY NOT NULL"),
        ("id", "text", "NOT NULL"),
        ("user_id", "uuid", "NOT NULL REFERENCES {users} ({id}) ON DELETE CASCADE"),
        ("provider", "text", "NOT NULL"),
        ("created_at", "time", "NOT NULL"),
        ("updated_at", "time", "NOT NULL"),
        ("last_sign_in_at", "time", ""),
        ("email", "text", ""),
        ("identity_data", "json", "NOT NULL"),
    ),
    "auth.sessions": (
        ("id", "uuid", "PRIMARY KEY NOT NULL"),
        ("user_id", "uuid", "NOT NULL REFERENCES {users} ({id}) ON DELETE CASCADE"),
        ("created_at", "time", "NOT NULL"),
        ("updated_at", "time", "NOT NULL"),
        ("refresh_key", "bytes", "NOT NULL"),
        ("refresh_counter", "number", "NOT NULL"),
        ("refreshed_at", "time", ""),
        ("not_after", "time", ""),
        ("aal", "text", "NOT NULL"),
        ("amr", "json", "NOT NULL"),
        ("factor_id", "uuid", ""),
        ("user_agent", "text", ""),
        ("ip", "text", ""),
        ("tag", "text", ""),
    ),
    "auth.mfa_factors": (
        ("id", "uuid", "PRIMARY KEY NOT NULL"),
        ("user_id", "uuid", "NOT NULL REFERENCES {users} ({id}) ON DELETE CASCADE"),
        ("created_at", "time", "NOT NULL"),
        ("updated_at", "time", "NOT NULL"),
        ("factor_type", "text", "NOT NULL"),
        ("status", "text", "NOT NULL"),
        ("friendly_name", "text", "NOT NULL"),
        ("secret", "text", "NOT NULL"),
        ("last_challenged_at", "time", ""),
        ("last_step", "number", "NOT NULL"),
        ("wrong_codes", "number", "NOT NULL"),
        ("wrong_code_at", "time", ""),
    ),
    "auth.mfa_challenges": (
        ("id", "uuid", "PRIMARY KEY NOT NULL"),
        ("factor_id", "uuid", "NOT NULL REFERENCES {factors} ({id}) ON DELETE CASCADE"),
        ("created_at", "time", "NOT NULL"),
        ("client", "text", "NOT NULL"),
        ("verified_at", "time", ""),
    ),
    "auth.one_time_tokens": (
        ("token_hash", "text", "PRIMARY KEY NOT NULL"),
        ("user_id", "uuid", "NOT NULL REFERENCES {users} ({id}) ON DELETE CASCADE"),
        ("slot", "text", "NOT NULL"),
        ("purpose", "text", "NOT NULL"),
        ("email", "text", "NOT NULL"),
        ("created_at", "time", "NOT NULL"),
        ("code_challenge", "text", ""),
        ("code_challenge_method", "text", ""),
        ("client", "text", "NOT NULL"),
        ("encrypted_password", "text", ""),
        ("data", "json", "NOT NULL"),
    ),
    "auth.flow_states": (
        ("code_hash", "text", "PRIMARY KEY NOT NULL"),
        ("user_id", "uuid", "NOT NULL REFERENCES {users} ({id}) ON DELETE CASCADE"),
        ("code_challenge", "text", "NOT NULL"),
        ("code_challenge_method", "text", "NOT NULL"),
        ("purpose", "text", "NOT NULL"),
        ("created_at", "time", "NOT NULL"),
    ),
    "auth.audit_log_entries": (
        ("id", "uuid", "PRIMARY KEY NOT NULL"),
        ("created_at", "time", "NOT NULL"),
        ("ip_address", "text", "NOT NULL"),
        ("payload", "json", "NOT NULL"),
    ),
    "auth.mail_ledger": (
        ("key", "text", "PRIMARY KEY NOT NULL"),
        ("at", "time", "NOT NULL"),
        ("count", "number", "NOT NULL"),
    ),
}

_CONSTRAINTS = {
    "auth.identities": ('UNIQUE ("provider", "id")',),
    "auth.one_time_tokens": ('UNIQUE ("user_id", "slot", "client")',),
}

_INDEXES = {
    "identities_user": ("auth.identities", "user_id"),
    "sessions_user": ("auth.sessions", "user_id"),
    "mfa_factors_user": ("auth.mfa_factors", "user_id"),
    "mfa_challenges_factor": ("auth.mfa_challenges", "factor_id"),
    "flow_states_user": ("auth.flow_states", "user_id"),
    "audit_log_entries_at": ("auth.audit_log_entries", "created_at"),
    "mail_ledger_at": ("auth.mail_ledger", "at"),
}


def stored_columns() -> dict[str, tuple[tuple[str, str], ...]]:
    """Return the tables of accounts, referenced ones first, with each column's name and kind."""
    return {
        table: tuple((name, kind) for name, kind, _ in columns)
        for table, columns in _COLUMNS.items()
    }


def upgrade_tables(dialect: Dialect) -> UnitOfWork[None]:
    """Create missing tables, and create anew those whose definition has changed.

    An earlier version did not record which client requested a one-time token, so its tokens are
    dropped together with the unconfirmed passwords; users must request these mails again.
    """
    if dialect.name == "sqlite":
        columns = yield sql("SELECT \"name\" FROM pragma_table_info('auth.one_time_tokens')")
        if columns and ("client",) not in columns:
            yield sql('DROP TABLE "auth.one_time_tokens"')
            yield sql(
                'UPDATE "auth.users" SET "encrypted_password" = NULL WHERE'
                ' "email_confirmed_at" IS NULL AND "phone_confirmed_at" IS NULL'
            )
    for statement in create(dialect):  # noqa: UP028 - a list cannot be sent rows
        yield statement


def create(dialect: Dialect) -> list[Fragment]:
    """Return the `CREATE … IF NOT EXISTS` statements of tables, indexes and triggers, in order."""
    statements = [] if dialect.name == "sqlite" else ['CREATE SCHEMA IF NOT EXISTS "auth"']
    statements.extend(_table(dialect, table) for table in _COLUMNS)
    for name, (table, column) in _INDEXES.items():
        statements.append(
            f"CREATE INDEX IF NOT EXISTS {dialect.identifier(_index(dialect, name))}"
            f" ON {dialect.identifier(table)} ({dialect.identifier(column)})"
        )
    if dialect.name == "sqlite":
        statements.extend(triggers())
    else:
        statements.extend(postgres_triggers())
    return [sql(statement) for statement in statements]


def _index(dialect: Dialect, name: str) -> str:
    # PostgreSQL creates an index in its table's schema; its name cannot be schema-qualified.
    return f"auth.{name}" if dialect.name == "sqlite" else name


def _table(dialect: Dialect, table: str) -> str:
    references = {"users": dialect.identifier("auth.users"), "id": dialect.identifier("id")}
    references["factors"] = dialect.identifier("auth.mfa_factors")
    lines = [
        " ".join(
            filter(
                None,
                (
                    dialect.identifier(name),
                    _TYPES[dialect.name][kind],
                    constraint.format(**references),
                    _check(dialect, name, kind),
                ),
            )
        )
        for name, kind, constraint in _COLUMNS[table]
    ]
    body = ", ".join((*lines, *_CONSTRAINTS.get(table, ())))
    ending = " STRICT" if dialect.name == "sqlite" else ""
    return f"CREATE TABLE IF NOT EXISTS {dialect.identifier(table)} ({body}){ending}"


def _check(dialect: Dialect, name: str, kind: str) -> str:
    if dialect.name != "sqlite":
        return ""
    column = dialect.identifier(name)
    return {"json": f"CHECK (json_valid({column}))", "flag": f"CHECK ({column} IN (0, 1))"}.get(
        kind, ""
    )
