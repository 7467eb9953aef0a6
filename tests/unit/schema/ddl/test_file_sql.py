"""SQL in schema files ends where it is said to end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.schema.projects import ID, TEXT, faults, model, table_file

from jotbase.schema.ddl.file_sql import (
    expression_fault,
    in_parentheses,
    select_fault,
    views_in_order,
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("select 1 as id; delete from a", "the view holds more than one statement"),
        ("select 1;; select 2", "the view holds more than one statement"),
        ("select ') ; (' as a", None),
        ("select 1 as id -- ; one\n;", None),
        ("select 1) as x", "its parentheses do not match"),
        ("select 'a", "a quote is opened and not closed"),
        ('select "a', "a quote is opened and not closed"),
        ("select 1 /* and", "a comment is opened and not closed"),
        ("select 1 /*/", "a comment is opened and not closed"),
        ("select 1 /* and */", None),
        ("select 1\x00", "SQL holds no U+0000"),
    ],
)
def test_a_view_is_one_statement(text: str, reason: str | None) -> None:
    """A semicolon in text, a name or a comment is none."""
    assert (select_fault(text) or (None,))[0] == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a) STORED, x TEXT DEFAULT (1", "its parentheses do not match"),
        ("a; drop table t", "an expression holds no statement"),
        ("/* nothing */", "the expression is empty"),
        ("a || '", "a quote is opened and not closed"),
        ("a /* ", "a comment is opened and not closed"),
        ("a /**/ /*/ ", "a comment is opened and not closed"),
        ("a -- ", None),
        ("datetime('now')", "datetime('now') asks for the time or the zone"),
        ("iif(a > 1, strftime('%Y', ' NOW '), '')", "strftime(' NOW ') asks for the time"),
        ("date(a, 'localtime')", "date('localtime') asks for the time or the zone"),
        ("datetime()", "datetime() asks for the time or the zone"),
        ("coalesce(a, current_date)", "current_date asks for the time or the zone"),
        ("date(a, '+1 day') || 'now'", None),
        ("datetime(a, iif(b = 'utc', '+0 hours', '+1 hours'))", None),
        ("date(coalesce(a, 'now'))", "date('now') asks for the time or the zone"),
        ("strftime('%Y', a)", None),
    ],
)
def test_a_computed_column_is_one_expression(text: str, reason: str | None) -> None:
    """It stays within its parentheses, and asks no clock."""
    found = (expression_fault(text) or ("",))[0]
    assert found.startswith(reason or "")
    assert bool(found) is bool(reason)


@given(st.text(alphabet="a1'\"[]`()-/*;\n ", max_size=12))
def test_what_passes_never_leaves_its_parentheses(text: str) -> None:
    """Whatever stands behind is still read: the text takes nothing along, and opens nothing."""
    if expression_fault(text) is None:
        assert select_fault(f"select {in_parentheses(text)}, (1)") is None
        assert expression_fault(f"{in_parentheses(text)} = (b") is not None


def test_files_with_torn_sql_are_refused_with_their_place() -> None:
    """View and column."""
    wrong = faults(
        t=table_file({"a": TEXT, "b": {**TEXT, "generated": "a) STORED, c TEXT AS (a"}}),
        v=table_file({"a": TEXT}, view="select a from t; delete from t"),
    )
    assert [(one.file, one.pointer) for one in wrong] == [
        ("schemas/t.json", "/properties/b/generated"),
        ("schemas/v.json", "/view"),
    ]


def _order(**views: str) -> list[str]:
    files = {name: table_file({"id": ID}, view=text) for name, text in views.items()}
    return [view.name for view in views_in_order(model(t=table_file({"id": ID}), **files))]


def test_views_stand_behind_those_that_they_read() -> None:
    """Their names say nothing of it; tables are none of the list."""
    assert _order(
        a="select id from C join b using (id)",
        b='select id from "d"',
        c="select id from b",
        d="select id from t where 'a' = ''",
        e="select id from t",
    ) == ["d", "b", "c", "a", "e"]


def test_a_circle_has_an_order_too() -> None:
    """The database tells it; a view that names itself as a column is no circle."""
    assert _order(a="select id from b", b="select id from a", c="select id as c from t") == [
        "b",
        "a",
        "c",
    ]
