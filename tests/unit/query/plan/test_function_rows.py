"""Rows that a function gave back, in a table's place."""

from __future__ import annotations

from typing import Any

from tests.unit.query.board import COMPANIES, JOBS

from jotbase.expression.expr import Context
from jotbase.query.plan.function_rows import as_function_rows, encode_rows, rows_source
from jotbase.sql.dialect import SQLITE


def test_rows_become_a_document_in_the_order_of_the_columns() -> None:
    """A column that a row lacks is null, and what is no column is left out."""
    rows: list[dict[str, Any]] = [{"name": "Acme", "id": 1}, {"id": 2, "odd": 3}]

    assert encode_rows(COMPANIES, rows) == '[[1,"Acme",null],[2,null,null]]'


def test_the_document_stands_behind_from() -> None:
    """As columns of its values, in their stored form, with the row's place as its number."""
    found = rows_source(as_function_rows(JOBS), "row", SQLITE)

    assert found.text.startswith('(SELECT key AS "_rowid_", (value ->> \'$[0]\') AS "id",')
    assert "nullif(value -> '$[5]', 'null') AS \"data\"" in found.text
    assert found.text.endswith(' FROM json_each(?)) AS "row"')
    assert [one.fill(Context(document="[]")) for one in found.params] == ["[]"]


def test_references_stay_and_indexes_go() -> None:
    """Rows of a function can be embedded in, but no index finds them."""
    rows = as_function_rows(COMPANIES)

    assert (rows.name, rows.unique, rows.foreign_keys) == ("companies", (), ())
    assert as_function_rows(JOBS).foreign_keys == JOBS.foreign_keys
