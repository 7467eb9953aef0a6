"""The facts about a database: what stands for nothing being known."""

from jotbase.sql.catalog import Catalog, ReflectedColumn, ReflectedTable, StoredValues


def test_a_column_without_a_declaration_is_any_column() -> None:
    """SQLite lets a column be a name and nothing else."""
    column = ReflectedColumn("a")

    assert (column.declared, column.not_null, column.default, column.key) == ("", False, None, 0)
    assert column.statistics == StoredValues(frozenset(), frozenset(), 0, nulls=False)


def test_a_database_that_was_never_served_has_nothing_noted() -> None:
    """Its tables have row numbers unless they are said not to."""
    catalog = Catalog((ReflectedTable("t", "table", "CREATE TABLE t (a)"),))

    assert catalog.stored_model is None
    assert catalog.tables[0].row_numbers is True
