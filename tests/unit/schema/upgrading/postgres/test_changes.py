"""What ALTER TABLE does of a changed table in PostgreSQL, and what is refused."""

from typing import Any

import pytest
from tests.unit.schema.projects import TEXT, model, table_file

from jotbase.schema.model.tables import Table
from jotbase.schema.upgrading.postgres.changes import Altered, altered, rekeyed


def table(columns: dict[str, Any], **more: Any) -> Table:
    """Return the table `t`."""
    return model(t=table_file(columns, **more)).tables["t"]


def change(before: dict[str, Any], after: dict[str, Any], *permits: str) -> Altered:
    """Return what changes the one table to the other."""
    return altered(table(before), table(after), frozenset(permits))


@pytest.mark.parametrize(
    ("after", "statements"),
    [
        ({"a": TEXT}, []),
        ({"a": TEXT, "b": TEXT}, ['ALTER TABLE "t" ADD COLUMN "b" text COLLATE "C"']),
        (
            {"a": TEXT | {"minLength": 1}},
            [
                'ALTER TABLE "t" DROP CONSTRAINT IF EXISTS "t_a_check"',
                'ALTER TABLE "t" ADD CONSTRAINT "t_a_check" CHECK (length("a") >= 1)',
            ],
        ),
        (
            {"a": TEXT | {"default": "x"}},
            [
                'UPDATE "t" SET "a" = \'x\' WHERE "a" IS NULL',
                'ALTER TABLE "t" ALTER COLUMN "a" SET NOT NULL',
                'ALTER TABLE "t" ALTER COLUMN "a" SET DEFAULT \'x\'',
            ],
        ),
    ],
)
def test_columns_are_changed_in_place(after: dict[str, Any], statements: list[str]) -> None:
    """PostgreSQL holds the rows that are there against what is new."""
    assert change({"a": TEXT}, after).statements == statements


def test_a_column_goes_only_where_that_is_permitted() -> None:
    """Its values would be lost."""
    assert len(change({"a": TEXT, "b": TEXT}, {"a": TEXT}).refused) == 1
    assert change({"a": TEXT, "b": TEXT}, {"a": TEXT}, "drop t.b").statements == [
        'ALTER TABLE "t" DROP COLUMN "b"'
    ]


def test_another_type_is_refused() -> None:
    """It says which it was, and what to do."""
    (fault,) = change({"a": TEXT}, {"a": {"type": "integer"}}).refused

    assert fault.reason == "the column's type would change from text to int8"


def test_keys_and_indexes_come_and_go() -> None:
    """Each under its own name."""
    before, after = table({"a": TEXT}, unique=[["a"]]), table({"a": TEXT}, indexes=[["a"]])

    assert altered(before, after, frozenset()).statements == [
        'ALTER TABLE "t" DROP CONSTRAINT IF EXISTS "t_a_key"',
        'CREATE INDEX "t_a_idx" ON "t" ("a")',
    ]


def test_a_wider_type_takes_the_values_along() -> None:
    """Times as text in JSON's form; defaults and CHECKs of the old type go first."""
    moment = {"type": "string", "format": "date-time"}

    assert change({"a": moment}, {"a": TEXT | {"maxLength": 40}}).statements == [
        'ALTER TABLE "t" DROP CONSTRAINT IF EXISTS "t_a_check"',
        'ALTER TABLE "t" ALTER COLUMN "a" DROP DEFAULT',
        'ALTER TABLE "t" ALTER COLUMN "a" TYPE text COLLATE "C" USING to_json("a") #>> \'{}\'',
        'ALTER TABLE "t" ADD CONSTRAINT "t_a_check" CHECK (length("a") <= 40)',
    ]


def test_another_primary_key_takes_the_place_of_the_old_one() -> None:
    """The old one goes before columns may be NULL, the new one comes after they may not."""
    before = table({"a": TEXT, "b": TEXT}, primaryKey=["a"])
    after = table({"a": TEXT, "b": TEXT}, primaryKey=["b"])

    assert altered(before, after, frozenset()).statements == [
        'ALTER TABLE "t" DROP CONSTRAINT IF EXISTS "t_pkey"',
        'ALTER TABLE "t" ALTER COLUMN "a" DROP NOT NULL',
        'ALTER TABLE "t" ALTER COLUMN "b" SET NOT NULL',
        'ALTER TABLE "t" ADD CONSTRAINT "t_pkey" PRIMARY KEY ("b")',
    ]


def test_foreign_keys_make_way_for_another_key() -> None:
    """They go before all else, and come again in the end."""
    parts = {"t": {**TEXT, "references": "t.a"}}
    old = model(t=table_file({"a": TEXT, "b": TEXT}, primaryKey=["a"]), u=table_file(parts))
    new = model(
        t=table_file({"a": TEXT, "b": TEXT}, primaryKey=["b"], unique=[["a"]]), u=table_file(parts)
    )
    found = altered(old.tables["u"], new.tables["u"], frozenset(), frozenset({"t"}))

    assert rekeyed(old.tables["t"], new.tables["t"])
    assert not rekeyed(old.tables["u"], new.tables["u"])
    assert (found.first, found.statements, found.last) == (
        ['ALTER TABLE "u" DROP CONSTRAINT IF EXISTS "u_t_fkey"'],
        [],
        [
            'ALTER TABLE "u" ADD CONSTRAINT "u_t_fkey" FOREIGN KEY ("t")'
            ' REFERENCES "t" ("a") DEFERRABLE'
        ],
    )
    assert found.told == []


def test_a_column_may_be_called_as_a_mark() -> None:
    """Its name does not end the block that looks at its values."""
    whole, number = {"type": "integer"}, {"type": "number"}
    (looked,) = [
        one for one in change({"a$$b": whole}, {"a$$b": number}).statements if one.startswith("DO")
    ]

    assert looked == (
        'DO $_$ BEGIN IF EXISTS (SELECT 1 FROM "t" WHERE'
        ' "a$$b"::double precision::numeric <> "a$$b") THEN'
        " RAISE 'integers beyond 2^53 would be rounded'; END IF; END $_$"
    )
