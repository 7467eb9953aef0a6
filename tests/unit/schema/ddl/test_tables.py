"""The statements that make tables."""

from typing import Any

import pytest
from tests.unit.schema.projects import ID, NUMBER, TEXT, model, table, table_file

from jotbase.schema.ddl.tables import (
    create,
    create_indexes,
    create_table,
    create_view,
    default_sql,
    probe_view,
)
from jotbase.sql.dialect import POSTGRES, SQLITE


def test_a_table_is_made_with_all_its_constraints() -> None:
    """Types, NOT NULL, DEFAULT, CHECK and keys, each with PostgreSQL's name."""
    jobs = table_file(
        {
            "id": ID,
            "title": {"type": "string", "maxLength": 9, "default": "it's"},
            "company": {**TEXT, "references": "companies.handle", "onDelete": "set null"},
        },
        primaryKey=["id"],
        unique=[["company", "title"]],
    )
    companies = table_file({"handle": TEXT}, primaryKey=["handle"])
    made = model(companies=companies, jobs=jobs).tables

    assert create_table(made["jobs"]) == (
        'CREATE TABLE "jobs" ("id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,'
        " \"title\" TEXT NOT NULL DEFAULT 'it''s'"
        ' CONSTRAINT "jobs_title_check" CHECK (length("title") <= 9), "company" TEXT,'
        ' CONSTRAINT "jobs_company_title_key" UNIQUE ("company", "title"),'
        ' CONSTRAINT "jobs_company_fkey" FOREIGN KEY ("company")'
        ' REFERENCES "companies" ("handle") ON DELETE SET NULL) STRICT'
    )
    assert create_table(made["companies"]) == (
        'CREATE TABLE "companies" ("handle" TEXT NOT NULL,'
        ' CONSTRAINT "companies_pkey" PRIMARY KEY ("handle")) STRICT'
    )


def test_a_number_that_is_given_does_not_become_the_rows_number() -> None:
    """INT keeps the rows in the order of insertion, where INTEGER would sort them."""
    assert create_table(table({"id": NUMBER}, primaryKey=["id"])) == (
        'CREATE TABLE "t" ("id" INT NOT NULL, CONSTRAINT "t_pkey" PRIMARY KEY ("id")) STRICT'
    )


def test_a_numbered_column_beside_the_key_makes_the_key_unique() -> None:
    """SQLite numbers its own row number alone."""
    assert create_table(table({"n": ID, "a": TEXT}, primaryKey=["a"])) == (
        'CREATE TABLE "t" ("n" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "a" TEXT NOT NULL,'
        ' CONSTRAINT "t_pkey" UNIQUE ("a")) STRICT'
    )


def test_names_are_quoted() -> None:
    """Quotes in a name are doubled."""
    odd = model(**{'a"b': table_file({'c"d': TEXT})}).tables['a"b']

    assert create_table(odd) == 'CREATE TABLE "a""b" ("c""d" TEXT) STRICT'


def test_decimals_keep_a_table_from_being_strict() -> None:
    """SQLite has no strict NUMERIC."""
    money = create_table(table({"a": {"type": "number", "format": "decimal"}}))

    assert money.startswith('CREATE TABLE "t" ("a" NUMERIC CONSTRAINT "t_a_check" CHECK (')
    assert not money.endswith("STRICT")


def test_generated_columns_are_stored() -> None:
    """Their expression is the file's own SQL."""
    made = create_table(table({"a": NUMBER, "b": {**NUMBER, "generated": '"a" * 2'}}))

    assert '"b" INT GENERATED ALWAYS AS ("a" * 2) STORED' in made


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (TEXT, None),
        ({**TEXT, "default": "x"}, "'x'"),
        ({"type": ["string", "null"], "default": None}, None),
        ({**TEXT, "defaultExpression": "user.id"}, None),
        ({"type": "string", "format": "date", "defaultExpression": "now()"}, "(date('now'))"),
    ],
)
def test_sqlite_fills_what_it_can(schema: dict[str, object], text: str | None) -> None:
    """A write from outside gets the defaults that need nobody to be asked."""
    assert default_sql(table({"a": schema}).by_name["a"]) == text


def test_a_foreign_key_has_an_index_to_be_found_by() -> None:
    """One that begins with its columns, in any order, is enough."""
    up = {**NUMBER, "references": "t.id"}
    columns = {"id": ID, "up": up, "other": up, "third": up}
    made = create_indexes(
        table(columns, primaryKey=["id"], indexes=[["up", "id"]], unique=[["other"]])
    )

    assert made == {
        "t_up_id_idx": 'CREATE INDEX "t_up_id_idx" ON "t" ("up", "id")',
        "jotbase.t.third": 'CREATE INDEX "jotbase.t.third" ON "t" ("third")',
    }


def test_a_view_is_its_select() -> None:
    """Its columns bear the names that the SELECT gives, and are asked for once."""
    view = model(v=table_file({"n": NUMBER, "m": NUMBER}, view=" select 1 as m, 2 as n; "))

    assert create_view(view.tables["v"]) == 'CREATE VIEW "v" AS select 1 as m, 2 as n'
    assert probe_view(view.tables["v"]) == 'EXPLAIN SELECT "n", "m" FROM "v"'


def test_a_model_is_made_in_an_order_that_works() -> None:
    """The server's own tables come first and views last."""
    made = model(a=table_file({"n": NUMBER}, view="select n from b"), b=table_file({"n": NUMBER}))
    texts = [fragment.text.partition(" (")[0] for fragment in create(made, SQLITE)]

    assert texts == [
        'CREATE TABLE IF NOT EXISTS "jotbase.meta"',
        'CREATE TABLE IF NOT EXISTS "jotbase.changes"',
        'CREATE TABLE IF NOT EXISTS "jotbase.transactions"',
        'CREATE TABLE IF NOT EXISTS "jotbase.replaced"',
        'CREATE TABLE IF NOT EXISTS "jotbase.epochs"',
        'CREATE TABLE IF NOT EXISTS "jotbase.migrations"',
        'CREATE TABLE IF NOT EXISTS "jotbase.tasks"',
        'CREATE TABLE IF NOT EXISTS "jotbase.hooks"',
        'CREATE TABLE IF NOT EXISTS "jotbase.schedules"',
        'CREATE TABLE IF NOT EXISTS "jotbase.runner"',
        'CREATE INDEX IF NOT EXISTS "jotbase.tasks_due" ON "jotbase.tasks"',
        'INSERT INTO "jotbase.runner"',
        'CREATE TABLE "b"',
        'CREATE VIEW "a" AS select n from b',
    ]


def test_other_databases_are_not_guessed_at() -> None:
    """What is not written yet says so."""
    with pytest.raises(ValueError, match="postgres"):
        create(model(), POSTGRES)


def test_a_table_without_row_numbers_is_made_so() -> None:
    """Strict as any other."""
    kv = table({"k": TEXT, "v": TEXT}, primaryKey=["k"], withoutRowid=True)

    assert create_table(kv).endswith(' PRIMARY KEY ("k")) STRICT, WITHOUT ROWID')


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({**TEXT, "defaultExpression": "'it''s'"}, "'its'"),
        ({**TEXT, "defaultExpression": " 'open' "}, "'open'"),
        ({**TEXT, "defaultExpression": "user.id"}, None),
        ({**TEXT, "defaultExpression": "1"}, None),
        ({"type": "integer", "defaultExpression": "-1"}, "-1"),
        ({"type": "integer", "defaultExpression": "True"}, None),
        ({"type": "number", "defaultExpression": "1"}, "1.0"),
        ({"type": "boolean", "defaultExpression": "True"}, "1"),
        ({**TEXT, "format": "date", "defaultExpression": "'2026-01-01'"}, "'2026-01-01'"),
        ({**TEXT, "format": "date", "defaultExpression": "'soon'"}, None),
        ({**TEXT, "format": "date", "defaultExpression": "today()"}, "(date('now'))"),
    ],
)
def test_what_sqlite_can_fill_it_fills(schema: dict[str, Any], expected: str | None) -> None:
    """A literal, whether or not it is called an expression, and the clock's day."""
    assert default_sql(table({"a": schema}).columns[0]) == expected
