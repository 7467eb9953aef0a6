"""The change log in PostgreSQL: what triggers note, and how it is given numbers.

Transactions commit in another order than they write in, so a number that a trigger draws says
nothing of the order of commits: a reader that goes by it skips what commits late. Here triggers
note changes without a number (`pending`), and whoever reads has them numbered first, in one
transaction at a time: what is there then has committed. The transactions among it are put in the
order of their last change. Of two that wrote one row, the second wrote it after the first had
committed, so it comes behind; and one that is seen is never without those that it waited for.

In charge of these tables and functions. Must not know who reads. The log is divided by number,
which rises with time: what is old goes by the partition.
"""

from __future__ import annotations

from collections.abc import Iterator

from jotbase.schema.model.tables import Table
from jotbase.sql.dialect import POSTGRES

#: Numbers a partition of the log has.
PARTITION = 65_536
#: On which whoever has numbered changes tells others the newest number.
CHANNEL = "jotbase"
#: The trigger's name on each followed table, and of the one for TRUNCATE.
TRIGGER, TRUNCATE_TRIGGER = "jotbase.log", "jotbase.log_truncate"

_NOTED = '"table", "kind", "old", "new"'

_LOG_CHANGE = f"""
CREATE OR REPLACE FUNCTION "jotbase"."log_change"() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET timezone = 'UTC'
SET extra_float_digits = 1 SET bytea_output = 'hex' AS $body$
BEGIN
  INSERT INTO "jotbase"."pending" ({_NOTED}) VALUES (TG_TABLE_NAME, TG_OP,
    CASE WHEN TG_OP <> 'INSERT' THEN row_to_json(OLD)::text END,
    CASE WHEN TG_OP <> 'DELETE' THEN row_to_json(NEW)::text END);
  RETURN NULL;
END $body$
"""

_LOG_TRUNCATE = f"""
CREATE OR REPLACE FUNCTION "jotbase"."log_truncate"() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET timezone = 'UTC'
SET extra_float_digits = 1 SET bytea_output = 'hex' AS $body$
BEGIN
  EXECUTE format('INSERT INTO "jotbase"."pending" ({_NOTED})'
    ' SELECT %L, ''DELETE'', row_to_json(t)::text, NULL FROM %I.%I AS t',
    TG_TABLE_NAME, TG_TABLE_SCHEMA, TG_TABLE_NAME);
  RETURN NULL;
END $body$
"""

_NUMBER_CHANGES = f"""
CREATE OR REPLACE FUNCTION "jotbase"."number_changes"() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $body$
DECLARE base bigint; edge bigint; waiting bigint;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM "jotbase"."pending") THEN
    RETURN (SELECT "newest" FROM "jotbase"."log");
  END IF;
  SELECT "newest", "divided" INTO base, edge FROM "jotbase"."log" FOR UPDATE;
  SELECT count(*) INTO waiting FROM "jotbase"."pending";
  WHILE edge <= base + waiting + {PARTITION} LOOP
    EXECUTE format('CREATE TABLE "jotbase".%I PARTITION OF "jotbase"."changes"'
      ' FOR VALUES FROM (%s) TO (%s)', 'changes_' || edge, edge, edge + {PARTITION});
    edge := edge + {PARTITION};
  END LOOP;
  WITH taken AS (DELETE FROM "jotbase"."pending" RETURNING *),
    ordered AS (SELECT *, max("seq") OVER (PARTITION BY "transaction") AS "end" FROM taken),
    placed AS (SELECT *, base + row_number() OVER (ORDER BY "end", "seq") AS "number" FROM ordered),
    whole AS (INSERT INTO "jotbase"."transactions" ("first", "last")
      SELECT min("number"), max("number") FROM placed GROUP BY "transaction" HAVING count(*) > 1)
  INSERT INTO "jotbase"."changes" ("number", {_NOTED}, "committed_at")
    SELECT "number", {_NOTED}, clock_timestamp() FROM placed;
  GET DIAGNOSTICS waiting = ROW_COUNT;
  UPDATE "jotbase"."log" SET "newest" = base + waiting, "divided" = edge;
  PERFORM pg_notify('{CHANNEL}', (base + waiting)::text);
  RETURN base + waiting;
END $body$
"""

#: `old` and `new` are rows as JSON; `table` and `kind` as in `values.Change`.
CREATE_LOG = (
    'CREATE TABLE IF NOT EXISTS "jotbase"."pending" ('
    '"seq" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,'
    ' "transaction" xid8 NOT NULL DEFAULT pg_current_xact_id(),'
    ' "table" text NOT NULL, "kind" text NOT NULL, "old" text, "new" text)',
    'CREATE TABLE IF NOT EXISTS "jotbase"."changes" ("number" bigint PRIMARY KEY,'
    ' "table" text NOT NULL, "kind" text NOT NULL, "old" text, "new" text,'
    ' "committed_at" timestamptz NOT NULL) PARTITION BY RANGE ("number")',
    'CREATE INDEX IF NOT EXISTS "changes_of_table" ON "jotbase"."changes" ("table", "number")',
    'CREATE TABLE IF NOT EXISTS "jotbase"."transactions"'
    ' ("last" bigint PRIMARY KEY, "first" bigint NOT NULL)',
    'CREATE TABLE IF NOT EXISTS "jotbase"."log" ('
    '"one" boolean PRIMARY KEY DEFAULT TRUE CHECK ("one"),'
    ' "newest" bigint NOT NULL, "divided" bigint NOT NULL)',
    'INSERT INTO "jotbase"."log" ("newest", "divided") VALUES (0, 0) ON CONFLICT DO NOTHING',
    'CREATE TABLE IF NOT EXISTS "jotbase"."epochs" ('
    '"id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,'
    ' "epoch" text NOT NULL UNIQUE, "after" bigint NOT NULL)',
    _LOG_CHANGE,
    _LOG_TRUNCATE,
    _NUMBER_CHANGES,
)


def followed(table: Table) -> Iterator[str]:
    """Yield the statements that have a followed table's changes noted; none if it is not."""
    if not table.realtime or table.view is not None:
        return
    on = POSTGRES.identifier(table.name)
    yield (
        f'CREATE TRIGGER "{TRIGGER}" AFTER INSERT OR UPDATE OR DELETE ON {on}'
        ' FOR EACH ROW EXECUTE FUNCTION "jotbase"."log_change"()'
    )
    yield (
        f'CREATE TRIGGER "{TRUNCATE_TRIGGER}" BEFORE TRUNCATE ON {on}'
        ' FOR EACH STATEMENT EXECUTE FUNCTION "jotbase"."log_truncate"()'
    )


def unfollowed(table: Table) -> Iterator[str]:
    """Yield the statements that end the noting of a table's changes."""
    on = POSTGRES.identifier(table.name)
    for name in (TRIGGER, TRUNCATE_TRIGGER):
        yield f'DROP TRIGGER IF EXISTS "{name}" ON {on}'
