"""The order of views: each behind what it reads."""

from tests.unit.schema.projects import ID, model, table_file

from jotbase.schema.ddl.view_order import views_in_order


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
