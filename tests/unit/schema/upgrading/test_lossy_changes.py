"""The words of refusals: what would be lost, and the exact steps."""

from tests.unit.schema.projects import NUMBER, TEXT, table

from jotbase.schema.upgrading import lossy_changes

TABLE = table({"a'b": TEXT, "n": NUMBER, "up": {**NUMBER, "references": "t.n"}}, primaryKey=["n"])


def test_a_permit_names_a_table_or_a_column() -> None:
    """A table's name holds no dot, so the two cannot be taken for each other."""
    assert lossy_changes.permit("t") == "drop t"
    assert lossy_changes.permit("t", "a.b") == "drop t.a.b"


def test_the_steps_for_a_dropped_column_are_sql_as_it_is_typed() -> None:
    """Names are quoted in it, so that it can be copied."""
    fault = lossy_changes.dropped_column(TABLE, "a'b", ["c", "d"])

    assert (fault.file, fault.pointer) == ("schemas/t.json", "/properties")
    assert fault.reason == 'the column "a\'b" is gone, and with it all its values would be lost'
    assert fault.hint == (
        'put it back; or, if it is called otherwise now, write "renamedFrom": "a\'b" in'
        " the new column (c, d?);"
        " or let the values go: INSERT INTO \"jotbase.meta\" VALUES ('drop t.a''b', '');"
        " then start again"
    )


def test_the_steps_for_a_dropped_table_keep_it_rename_it_or_let_it_go() -> None:
    """All three ways are shown."""
    hint = lossy_changes.dropped_table(TABLE).hint or ""

    assert "put the file back" in hint
    assert 'write "renamedFrom": "t" in the new file' in hint
    assert "INSERT INTO \"jotbase.meta\" VALUES ('drop t', '');" in hint


def test_rows_in_the_way_can_be_found() -> None:
    """The hint has the SELECT or UPDATE that mends them."""
    column, key = TABLE.by_name["n"], TABLE.foreign_keys[0]

    assert 'UPDATE "t" SET "n" = …' in (lossy_changes.missing_values(TABLE, column).hint or "")
    assert 'GROUP BY "n" HAVING' in (lossy_changes.duplicates(TABLE, ["n"], "unique").hint or "")
    assert lossy_changes.orphans(TABLE, key).pointer == "/properties/up/references"
    assert 'WHERE "up" = parent."n"' in (lossy_changes.orphans(TABLE, key).hint or "")


def test_a_type_is_changed_step_by_step() -> None:
    """Both types are told."""
    fault = lossy_changes.changed_type(TABLE, TABLE.by_name["n"], table({"n": TEXT}).by_name["n"])

    assert fault.reason == "the column is int8 in the database and would become text"
    assert 'add a column "n_new"' in (fault.hint or "")


def test_other_refusals_name_what_they_are_about() -> None:
    """Each has its file, a reason and a hint."""
    found = [
        lossy_changes.table_becomes_view(TABLE),
        lossy_changes.unfilled_column(TABLE, TABLE.by_name["n"]),
        lossy_changes.broken_rows(TABLE, 2, "n 1: /a is too long"),
    ]

    assert [fault.pointer for fault in found] == ["/view", "/properties/n", ""]
    assert all(fault.file == "schemas/t.json" and fault.reason and fault.hint for fault in found)
