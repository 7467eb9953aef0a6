"""What a change of a user ends, and whose facts it makes stale, as PostgreSQL carries it out.

In charge of the same table of endings as `revocation_triggers`, for the other database. A line of
the log is given its number by whoever reads it, one reader at a time: a number drawn while a
transaction runs says nothing of when it commits, and a reader would pass it by.
"""

from __future__ import annotations

from collections.abc import Iterator

from jotbase.auth.tokens.revocation_triggers import (
    ENDINGS,
    FACTS,
    REVOCATIONS_KEPT,
    SECOND_FACTORS,
    RevocationRule,
)
from jotbase.sql.dialect import text_literal

_OPTIONS = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog"

_ENDS = {
    "proofs": (
        'DELETE FROM "auth"."one_time_tokens" WHERE "user_id" = NEW."id";'
        ' DELETE FROM "auth"."flow_states" WHERE "user_id" = NEW."id";'
        ' UPDATE "auth"."users" SET "new_email" = NULL'
        ' WHERE "id" = NEW."id" AND "new_email" IS NOT NULL;'
    ),
    "sessions": 'DELETE FROM "auth"."sessions" WHERE "user_id" = NEW."id";',
}


def _told(session: str, user: str) -> str:
    return f'INSERT INTO "auth"."revocations" ("session_id", "user_id") VALUES ({session}, {user});'


def _ending(rule: RevocationRule) -> str:
    column = f'"{rule.column}"'
    when = f"NEW.{column} IS DISTINCT FROM OLD.{column}"
    if rule.only_set:
        when += f" AND NEW.{column} IS NOT NULL"
    return f"IF {when} THEN {' '.join(_ENDS[what] for what in rule.ends)} END IF;"


def _user_changed() -> str:
    facts = " OR ".join(f'NEW."{name}" IS DISTINCT FROM OLD."{name}"' for name in FACTS)
    body = " ".join(map(_ending, ENDINGS))
    new, old = _told("''", 'NEW."id"::text'), _told("''", 'OLD."id"::text')
    return (
        'CREATE OR REPLACE FUNCTION "auth"."user_changed"() RETURNS trigger'
        f" {_OPTIONS} AS $body$ BEGIN {body} IF {facts} THEN {new} END IF;"
        f' IF NEW."id" <> OLD."id" THEN {old} END IF; RETURN NULL; END $body$'
    )


def _gone(name: str, session: str, user: str) -> str:
    return (
        f'CREATE OR REPLACE FUNCTION "auth"."{name}"() RETURNS trigger'
        f" {_OPTIONS} AS $body$ BEGIN {_told(session, user)} RETURN NULL; END $body$"
    )


_NUMBER = f"""
CREATE OR REPLACE FUNCTION "auth"."number_revocations"() RETURNS bigint
{_OPTIONS} AS $body$
DECLARE base bigint; found bigint;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM "auth"."revocations" WHERE "number" IS NULL) THEN
    RETURN (SELECT "newest" FROM "auth"."revocations_newest");
  END IF;
  SELECT "newest" INTO base FROM "auth"."revocations_newest" FOR UPDATE;
  WITH placed AS (SELECT "seq", row_number() OVER (ORDER BY "seq") AS place
    FROM "auth"."revocations" WHERE "number" IS NULL)
  UPDATE "auth"."revocations" AS r SET "number" = base + placed.place
    FROM placed WHERE placed."seq" = r."seq";
  GET DIAGNOSTICS found = ROW_COUNT;
  UPDATE "auth"."revocations_newest" SET "newest" = base + found;
  DELETE FROM "auth"."revocations" WHERE "number" <= base + found - {REVOCATIONS_KEPT};
  RETURN base + found;
END $body$
"""

_KINDS = {
    "app_metadata": "jsonb",
    "user_metadata": "jsonb",
    "is_anonymous": "boolean",
    "banned_until": "timestamptz",
    "deleted_at": "timestamptz",
}
_TOLD_COLUMNS = ", ".join(f'"{name}" {_KINDS.get(name, "text")}' for name in FACTS)
_FACTS = ", ".join(f'u."{name}"' for name in FACTS)

#: How session and user stand is read after the numbers were given, by a statement of its own: an
#: older snapshot would tell a change with the facts of before it.
_TOLD_SINCE = f"""
CREATE OR REPLACE FUNCTION "auth"."changed_since"("after" bigint, "most" bigint) RETURNS TABLE (
  "number" bigint, "session_id" text, "user_id" text, "session" uuid, "user" uuid, {_TOLD_COLUMNS},
  "aal" text, "amr" jsonb)
{_OPTIONS} AS $body$
#variable_conflict use_column
BEGIN
  PERFORM "auth"."number_revocations"();
  RETURN QUERY SELECT r."number", r."session_id", r."user_id", s."id", u."id", {_FACTS},
      s."aal", s."amr"
    FROM "auth"."revocations" AS r
    LEFT JOIN "auth"."sessions" AS s ON s."id" = nullif(r."session_id", '')::uuid
    LEFT JOIN "auth"."users" AS u ON u."id" = r."user_id"::uuid
    WHERE r."number" > "changed_since"."after" ORDER BY r."number" LIMIT "changed_since"."most";
END $body$
"""

_TABLES = (
    'CREATE TABLE IF NOT EXISTS "auth"."revocations" ('
    '"seq" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "number" bigint UNIQUE,'
    ' "session_id" text NOT NULL, "user_id" text NOT NULL)',
    'CREATE INDEX IF NOT EXISTS "revocations_unnumbered" ON "auth"."revocations" ("seq")'
    ' WHERE "number" IS NULL',
    'CREATE TABLE IF NOT EXISTS "auth"."revocations_newest" ('
    '"one" boolean PRIMARY KEY DEFAULT TRUE CHECK ("one"), "newest" bigint NOT NULL)',
    'INSERT INTO "auth"."revocations_newest" ("newest") VALUES (0) ON CONFLICT DO NOTHING',
)

_SECOND = ", ".join(map(text_literal, SECOND_FACTORS))
_FACTOR_GONE = f"""
CREATE OR REPLACE FUNCTION "auth"."factor_gone"() RETURNS trigger
{_OPTIONS} AS $body$
BEGIN
  UPDATE "auth"."sessions" SET "aal" = 'aal1', "factor_id" = NULL,
    "amr" = CASE WHEN jsonb_typeof("amr") = 'array' THEN coalesce((
      SELECT jsonb_agg(m.value ORDER BY m.ordinality)
      FROM jsonb_array_elements("amr") WITH ORDINALITY AS m
      WHERE m.value ->> 'method' NOT IN ({_SECOND})), '[]') ELSE '[]' END
    WHERE "factor_id" = OLD."id";
  RETURN NULL;
END $body$
"""

#: Trigger, function, event and table.
_TRIGGERS = (
    ("user_changed", "user_changed", "UPDATE", "users"),
    ("user_gone", "user_gone", "DELETE", "users"),
    ("session_ended", "session_ended", "DELETE", "sessions"),
    ("session_moved", "session_ended", 'UPDATE OF "id", "user_id"', "sessions"),
    ("session_assured", "session_ended", 'UPDATE OF "aal", "amr"', "sessions"),
    ("factor_gone", "factor_gone", "DELETE", "mfa_factors"),
)


def postgres_triggers() -> Iterator[str]:
    """Yield the statements that make the log of changes and what fills it."""
    yield from _TABLES
    yield _NUMBER
    yield _TOLD_SINCE
    yield _user_changed()
    yield _FACTOR_GONE
    yield _gone("user_gone", "''", 'OLD."id"::text')
    yield _gone("session_ended", 'OLD."id"::text', 'OLD."user_id"::text')
    for name, function, event, table in _TRIGGERS:
        yield (
            f'CREATE OR REPLACE TRIGGER "{name}" AFTER {event} ON "auth"."{table}"'
            f' FOR EACH ROW EXECUTE FUNCTION "auth"."{function}"()'
        )
