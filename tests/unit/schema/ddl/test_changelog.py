"""The change log's triggers, and its rows read back."""

from tests.unit.schema.projects import NUMBER, TEXT, table

from jotbase.schema.ddl.changelog import logged_row, trigger_names, triggers


def test_a_table_that_is_not_followed_has_no_triggers() -> None:
    """Only `realtime: true` costs a write its log."""
    assert list(triggers(table({"a": TEXT}))) == []


def test_each_kind_of_change_has_its_trigger() -> None:
    """An update is logged with both rows, a delete with the old one."""
    insert, update, delete = triggers(table({"a": TEXT, "it's": NUMBER}, realtime=True))

    assert insert == (
        'CREATE TRIGGER "jotbase.insert.t" AFTER INSERT ON "t" BEGIN'
        ' INSERT INTO "jotbase.changes" ("table", "kind", "old") SELECT "table", \'DELETE\', "old"'
        ' FROM "jotbase.replaced" WHERE "table" = \'t\';'
        ' DELETE FROM "jotbase.replaced" WHERE "table" = \'t\';'
        ' INSERT INTO "jotbase.changes" ("table", "kind", "new")'
        " VALUES ('t', 'INSERT', json_object('a', NEW.\"a\", 'it''s', NEW.\"it's\")); END"
    )
    assert '("table", "kind", "old", "new")' in update
    assert update.index("OLD.") < update.index("NEW.")
    assert "NEW." not in delete


def test_the_names_of_triggers_cannot_be_a_users() -> None:
    """They hold a dot, which no table's name may."""
    assert trigger_names("t") == [
        "jotbase.insert.t",
        "jotbase.update.t",
        "jotbase.delete.t",
        "jotbase.before insert.t",
        "jotbase.before update.t",
    ]


def test_a_wide_row_is_put_together_from_several_objects() -> None:
    """SQLite's functions take no more than 127 arguments everywhere."""
    insert = next(triggers(table({f"c{n}": TEXT for n in range(130)}, realtime=True)))

    assert insert.count("json_object(") == 6
    assert max(part.count("NEW.") for part in insert.split("json_object(")) == 60


def test_a_logged_row_is_in_canonical_form() -> None:
    """Bytes are logged in hex and decimals as text."""
    columns = {
        "bytes": {"type": "string", "contentEncoding": "base64"},
        "exact": {"type": "number", "format": "decimal"},
        "flag": {"type": "boolean"},
        "list": {"type": "array", "items": {"type": "integer"}},
    }
    logged = '{"bytes":"00FF","exact":"1.50","flag":true,"list":[1]}'

    assert logged_row(table(columns), logged) == {
        "bytes": "AP8=",
        "exact": "1.5",
        "flag": True,
        "list": [1],
    }


def test_a_row_logged_before_a_change_of_columns_fits_todays_table() -> None:
    """What was added since is null, and what is gone is left out."""
    assert logged_row(table({"a": TEXT, "new": TEXT}), '{"a":"x","gone":1}') == {
        "a": "x",
        "new": None,
    }
