"""Statements that change rows, and rows as they come back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.query.board import COMPANIES, JOBS, OPEN_JOBS, PEOPLE

from jotbase.expression.expr import Context, RequestValue
from jotbase.query.write.identity import sequence_value
from jotbase.query.write.storing import (
    CHUNKS,
    MAX_VALUES,
    are_known,
    changed_keys,
    delete_statement,
    insert_rows,
    insert_statements,
    insert_unread,
    load_returned,
    returning_list,
    statement_of,
    update_statement,
)
from jotbase.schema.model.tables import Type
from jotbase.sql.dialect import POSTGRES, SQLITE
from jotbase.sql.fragment import bound
from jotbase.sql.units import Rows, Runnable
from jotbase.values import Row

BACK = '"id", "id", "name", "secret"'


def test_rows_are_inserted_together() -> None:
    """Rows of the same columns are one statement, and all of each row comes back."""
    rows: list[Row] = [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]
    one, *rest = insert_statements(COMPANIES, rows, SQLITE)

    assert one.text == (
        f'INSERT INTO "companies" ("id", "name") VALUES (?, ?), (?, ?) RETURNING {BACK}'
    )
    assert (one.params, one.unnumbered) == ([1, "a", 2, "b"], 0)
    assert rest == []


def test_rows_of_other_columns_are_another_statement() -> None:
    """Order is kept where rows differ."""
    rows: list[Row] = [{"name": "a"}, {"name": "b", "id": 5}, {"name": "c"}]

    assert [one.params for one in insert_statements(COMPANIES, rows, SQLITE)] == [
        ["a"],
        [5, "b"],
        ["c"],
    ]


def test_many_rows_are_several_statements() -> None:
    """They have a few sizes, so that their texts are prepared once, and the rows' order."""
    large, small = CHUNKS
    rows: list[Row] = [{"id": n, "name": str(n)} for n in range(large * 2 + small + 1)]
    statements = list(insert_statements(COMPANIES, rows, SQLITE))

    assert [len(one.params) // 2 for one in statements] == [large, large, small, 1]
    assert statements[0].text == statements[1].text
    assert [n for one in statements for n in one.params[::2]] == list(range(len(rows)))


def test_wide_rows_are_fewer_a_statement() -> None:
    """Of more values than fit a text that is kept, the small size is taken at once."""
    large, small = CHUNKS
    columns = dict.fromkeys((f"c{number}" for number in range(MAX_VALUES // large + 1)), 1)
    table = replace(
        COMPANIES, columns=tuple(replace(COMPANIES.columns[0], name=n) for n in columns)
    )
    statements = list(insert_statements(table, [columns] * large, SQLITE))

    assert [len(one.params) // len(columns) for one in statements] == [small] * (large // small)


def test_rows_without_a_number_are_given_the_next() -> None:
    """The table's own sequence counts them, whatever numbers rows have."""
    (one,) = insert_statements(COMPANIES, [{"name": "a"}], SQLITE)
    (two,) = insert_statements(COMPANIES, [{"name": "a"}, {"name": "b"}], SQLITE)

    assert one.text == (
        f'INSERT INTO "companies" ("id", "name") VALUES ({sequence_value(COMPANIES)}, ?)'
        f" RETURNING {BACK}"
    )
    assert two.text == (
        f'INSERT INTO "companies" ("id", "name") VALUES (?, ?), (?, ?) RETURNING {BACK}'
    )
    assert (one.params, one.unnumbered, two.params, two.unnumbered) == (["a"], 1, ["a", "b"], 2)


def test_the_numbers_of_several_rows_are_read_once() -> None:
    """They follow the sequence's last; a sequence that is not there leaves them to SQLite."""

    def checked(found: Rows) -> Runnable:
        unit = insert_rows(COMPANIES, [{"name": "a"}, {"name": "b"}], SQLITE)
        assert next(unit).params == ["companies"]
        return unit.send(found)

    assert checked([(6,)]).params == [7, "a", 8, "b"]
    assert checked([]).params == [None, "a", None, "b"]


def test_many_rows_of_all_columns_are_known() -> None:
    """What is stored of them need not be fetched: not of few, of others, or by PostgreSQL."""
    rows: list[Row] = [{"name": str(n), "secret": None} for n in range(CHUNKS[-1] + 1)]

    assert are_known(COMPANIES, rows, SQLITE)
    assert not are_known(COMPANIES, rows[1:], SQLITE)
    assert not are_known(COMPANIES, [*rows, {"name": "a"}], SQLITE)
    assert not are_known(COMPANIES, [*rows, {"id": 1, "name": "a", "secret": None}], SQLITE)
    assert not are_known(COMPANIES, rows, POSTGRES)


def test_rows_that_are_known_are_stored_with_the_sequences_next_numbers() -> None:
    """Nothing is returned for each: they are what was bound, whatever triggers insert beside."""
    unit = insert_unread(COMPANIES, [{"name": "a"}, {"name": "b"}], SQLITE)
    assert next(unit).params == ["companies"]
    insert = unit.send([(6,)])
    assert insert.text == 'INSERT INTO "companies" ("id", "name") VALUES (?, ?), (?, ?)'
    assert insert.params == [7, "a", 8, "b"]
    with pytest.raises(StopIteration) as over:
        unit.send([])

    assert over.value.value == [{"name": "a", "id": 7}, {"name": "b", "id": 8}]


def test_the_first_rows_of_a_table_tell_their_numbers() -> None:
    """There is no sequence yet that could tell them."""
    unit = insert_unread(COMPANIES, [{"name": "a"}, {"name": "b"}], SQLITE)
    assert [next(unit).params, unit.send([]).params] == [["companies"], ["companies"]]
    assert unit.send([]).text.endswith(f"RETURNING {BACK}")
    with pytest.raises(StopIteration) as over:
        unit.send([(1, 1, "a", None), (2, 2, "b", None)])

    assert [row["id"] for row in over.value.value] == [1, 2]


def test_a_row_of_defaults_alone() -> None:
    """A row that says nothing is all defaults, and cannot clash."""
    (one,) = insert_statements(PEOPLE, [{}], SQLITE, " ON CONFLICT (id) DO NOTHING")

    assert one.text.startswith('INSERT INTO "people" DEFAULT VALUES RETURNING')


def test_values_are_stored_in_the_databases_form() -> None:
    """A boolean is 0 or 1, a document its text."""
    (one,) = insert_statements(JOBS, [{"remote": True, "data": {"a": [1]}}], SQLITE)

    assert one.params == ['{"a":[1]}', 1]


def test_rows_come_back_in_canonical_form() -> None:
    """Row numbers and rows are told apart, booleans and documents read."""
    found = [(7, 1, "a", None, 5, 1, '{"a":[1]}', None)]
    numbers, rows = load_returned(JOBS, found, SQLITE)

    assert numbers == [7]
    assert rows[0]["remote"] is True
    assert rows[0]["data"] == {"a": [1]}


def test_a_view_has_no_row_numbers() -> None:
    """Only a table's rows are numbered; a view's are told apart by all that they hold."""
    assert returning_list(OPEN_JOBS, SQLITE) == '"id", "firm"'
    assert load_returned(OPEN_JOBS, [(1, 2)], SQLITE) == ([(1, 2)], [{"id": 1, "firm": 2}])


def test_without_row_numbers_the_key_is_taken_from_the_columns() -> None:
    """It has the values as they are stored, one alone or several together."""
    one = replace(COMPANIES, primary_key=("name",), without_rowid=True)
    two = replace(COMPANIES, primary_key=("name", "id"), without_rowid=True)
    found = [(1, "a", None)]

    assert returning_list(one, SQLITE, "r") == '"r"."id", "r"."name", "r"."secret"'
    assert load_returned(one, found, SQLITE) == (["a"], [{"id": 1, "name": "a", "secret": None}])
    assert load_returned(two, found, SQLITE)[0] == [("a", 1)]


def test_update_and_delete_go_by_row_number() -> None:
    """One row is looked up, several are listed."""
    one = update_statement(COMPANIES, {"name": "b"}, [7], SQLITE)
    several = delete_statement(COMPANIES, [7, 8], SQLITE)

    assert one.text == f'UPDATE "companies" SET "name" = ? WHERE "id" = ? RETURNING {BACK}'
    assert one.params == ["b", 7]
    assert several.text == (
        'DELETE FROM "companies" WHERE "id" IN (SELECT value FROM json_each(?)) RETURNING "id"'
    )
    assert several.params == ("[7,8]",)


def test_slots_are_filled() -> None:
    """A statement leaves with values alone."""
    statement = statement_of(
        bound(RequestValue(0, int, Type.INTEGER)) + bound("x"), Context(values=("5",))
    )

    assert statement.params == [5, "x"]


def test_the_keys_that_rows_have_once_they_are_changed() -> None:
    """What is no part of the key leaves it as it is."""
    two = replace(COMPANIES, primary_key=("name", "id"), without_rowid=True)
    one = replace(COMPANIES, primary_key=("name",), without_rowid=True)

    assert changed_keys(COMPANIES, [7, 8], {"name": "b"}, SQLITE) == [7, 8]
    assert changed_keys(two, [("a", 1), ("c", 2)], {"name": "b"}, SQLITE) == [("b", 1), ("b", 2)]
    assert changed_keys(one, ["a"], {"name": "b"}, SQLITE) == ["b"]
