"""The document: which paths and operations there are, for whom."""

from dataclasses import replace
from typing import Any

from tests.unit.schema.projects import ID, TEXT, model, table_file

from jotbase.query.openapi.document import document
from jotbase.query.plan.guarding import RuleAction
from jotbase.query.plan.nodes import Root
from jotbase.schema.model.tables import Model, Table

ALL = dict.fromkeys(("select", "insert", "update", "delete"), "True")


def everything(table: Table, action: RuleAction) -> bool:
    """Let the caller do anything."""
    return True


def ruled(table: Table, action: RuleAction) -> bool:
    """Let the caller do what has a rule."""
    return action in table.access


def project(**access: dict[str, str]) -> Model:
    """Return a model of keyed tables with those rules."""
    files = {
        name: table_file({"id": ID, "a": TEXT}, primaryKey=["id"], access=rules)
        for name, rules in access.items()
    }
    return model(**files)


def methods(model_: Model, visible: Any = ruled) -> dict[str, list[str]]:
    """Return the methods of each path but the root."""
    paths = document(model_, visible, Root("http://x", "1"))["paths"]
    return {path: list(item) for path, item in paths.items() if path != "/"}


def test_an_action_without_a_rule_is_left_out() -> None:
    """No rule means no; a table with none at all is not mentioned anywhere."""
    tables = project(open=ALL, shown={"select": "True"}, shut={})

    told = document(tables, ruled, Root("http://x", "1"))

    assert methods(tables) == {
        "/open": ["get", "post", "put", "patch", "delete"],
        "/shown": ["get"],
    }
    assert "shut" not in str(told)
    assert [tag["name"] for tag in told["tags"]] == ["open", "shown"]


def test_the_service_role_sees_all() -> None:
    """A table without rules is open to it."""
    assert list(methods(project(shut={}), everything)) == ["/shut"]


def test_rows_that_cannot_be_seen_cannot_be_changed() -> None:
    """PATCH, DELETE and PUT look at rows first; POST does not."""
    blind = {action: rule for action, rule in ALL.items() if action != "select"}

    assert methods(project(drop_box=blind)) == {"/drop_box": ["post"]}


def test_put_needs_a_primary_key() -> None:
    """Without one, no row can be named."""
    keyless = model(t=table_file({"a": TEXT}, access=ALL))

    assert "put" not in methods(keyless)["/t"]


def test_a_view_is_written_only_if_it_can_be() -> None:
    """A simple one passes writes on to its table, an aggregating one does not."""
    tables = model(
        t=table_file({"id": ID, "a": TEXT}, primaryKey=["id"], access=ALL),
        v=table_file({"a": TEXT}, view="select a from t", access=ALL),
        w=table_file({"a": TEXT}, view="select max(a) as a from t", access=ALL),
    )
    shown = {"a": ("t", "a")}
    behind = {
        name: replace(one, origins=shown) if one.view else one
        for name, one in tables.tables.items()
    }

    found = methods(Model(behind))

    assert found["/v"] == ["get", "post", "patch", "delete"]
    assert found["/w"] == ["get"]


def test_a_path_is_percent_encoded() -> None:
    """Braces would be a template, a slash another path."""
    odd = project(**{"a b{c}é": {"select": "True"}})

    assert list(methods(odd)) == ["/a%20b%7Bc%7D%C3%A9"]


def test_the_document_says_where_and_how_to_ask() -> None:
    """Server, security and a filter for each column but those that other parameters are named."""
    tables = model(t=table_file({"a": TEXT, "order": TEXT}, access=ALL))

    told = document(tables, ruled, Root("http://x/", "1.2.3"))

    assert told["openapi"] == "3.1.0"
    assert told["servers"] == [{"url": "http://x/rest/v1"}]
    assert told["info"]["version"] == "1.2.3"
    assert {} in told["security"]
    named = [one["$ref"].split("/")[-1] for one in told["paths"]["/t"]["get"]["parameters"]]
    assert named[:4] == ["filter.t.a", "and", "or", "select"]


def test_each_operation_has_its_own_name() -> None:
    """Generators of clients call functions after it."""
    paths = document(project(a=ALL, b=ALL), ruled, Root("http://x", "1"))["paths"]
    names = [one["operationId"] for item in paths.values() for one in item.values()]

    assert len(names) == len(set(names)) == 12
    assert "read_a" in names
