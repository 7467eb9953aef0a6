"""The change log in PostgreSQL: which tables are followed, and what numbers their changes."""

from tests.unit.schema.projects import TEXT, model, table_file

from jotbase.schema.ddl.postgres.changelog import CREATE_LOG, followed, unfollowed

TABLES = model(
    t=table_file({"a": TEXT}, realtime=True),
    u=table_file({"a": TEXT}),
).tables


def test_a_followed_table_has_a_trigger_for_rows_and_one_for_truncate() -> None:
    """TRUNCATE fires no row's trigger."""
    rows, whole = followed(TABLES["t"])

    assert 'AFTER INSERT OR UPDATE OR DELETE ON "t" FOR EACH ROW' in rows
    assert 'BEFORE TRUNCATE ON "t" FOR EACH STATEMENT' in whole


def test_a_table_that_is_not_followed_has_none() -> None:
    """Nothing is noted of it."""
    assert list(followed(TABLES["u"])) == []


def test_triggers_are_dropped_by_their_names() -> None:
    """Both of them, if they are there."""
    assert list(unfollowed(TABLES["t"])) == [
        'DROP TRIGGER IF EXISTS "jotbase.log" ON "t"',
        'DROP TRIGGER IF EXISTS "jotbase.log_truncate" ON "t"',
    ]


def test_numbers_are_given_to_what_waits_in_the_order_of_last_changes() -> None:
    """One reader at a time has the row of the log locked."""
    (number,) = (text for text in CREATE_LOG if "number_changes" in text)

    assert 'FROM "jotbase"."log" FOR UPDATE' in number
    assert 'max("seq") OVER (PARTITION BY "transaction")' in number
    assert 'row_number() OVER (ORDER BY "end", "seq")' in number
