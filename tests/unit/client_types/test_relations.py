"""Relations: what rows, inserts and updates have, and what clients embed by."""

from __future__ import annotations

import json
from typing import Any

from jotbase.client_types.relations import Relation, described
from jotbase.client_types.shapes import Enumeration, Members, Null, Scalar, either
from jotbase.query.plan.functions import Function, Parameter, Returns
from jotbase.query.plan.relations import with_view_columns
from jotbase.schema.model.tables import Column, Computed, Model, Type
from jotbase.schema.reading.read import read_leniently

TEAMS = {"type": "object", "properties": {"name": {"type": "string"}}, "primaryKey": ["name"]}
PEOPLE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "integer", "identity": True, "readOnly": True},
        "team": {"type": "string", "references": "teams.name"},
        "mood": {"type": "string", "enum": ["good", "bad"]},
        "pin": {"type": "string", "writeOnly": True},
        "seen": {"type": "boolean", "default": False},
        "loud": {"type": "string", "generated": "upper(mood)"},
    },
    "required": ["mood", "pin", "seen"],
    "primaryKey": ["id"],
}


def model(**schemas: Any) -> Model:
    files = {f"{name}.json": json.dumps(schema).encode() for name, schema in schemas.items()}
    found, faults = read_leniently(files)
    assert faults == []
    return found


def relation(found: Model, name: str) -> Relation:
    return next(one for one in described(found, {}).relations if one.name == name)


def test_rows_inserts_and_updates_differ() -> None:
    """What is never sent is not read, what the server fills is not written."""
    people = relation(model(people=PEOPLE, teams=TEAMS), "people")

    assert [one.name for one in people.row] == ["id", "team", "mood", "seen", "loud"]
    assert [(one.name, one.required) for one in people.insert or ()] == [
        ("team", False),
        ("mood", True),
        ("pin", True),
        ("seen", False),
    ]
    assert not any(one.required for one in people.update or ())
    assert people.filled == ("id", "loud")
    assert people.row[1].shape == either((Scalar(Type.TEXT), Null()))


def test_enumerations_have_names_of_their_own() -> None:
    """Two columns whose names run together to one are told apart."""
    moods = {"type": "object", "properties": {"c": {"enum": ["x"], "type": "string"}}}
    longer = {"type": "object", "properties": {"b_c": {"enum": ["y"], "type": "string"}}}

    found = described(model(a_b=moods, a=longer), {})

    assert found.enumerations == (Enumeration("a_b_c", ("y",)), Enumeration("a_b_c_2", ("x",)))


def test_views_pass_references_on() -> None:
    """A view embeds by the keys behind it, and takes writes where one table is behind it."""
    view = {
        "type": "object",
        "properties": {"team": {"type": "string"}, "n": {"type": "integer"}},
        "view": "SELECT team, count(*) AS n FROM people GROUP BY team",
    }
    found = model(people=PEOPLE, teams=TEAMS, sizes=view)
    found = with_view_columns(found, {"sizes": {"team": ("people", "team")}})

    sizes = relation(found, "sizes")

    assert [(one.target.name, one.pairs) for one in sizes.keys] == [("teams", (("team", "name"),))]
    assert (sizes.insert, sizes.update) == (None, None)


def test_functions_have_arguments_and_results() -> None:
    """A function of rows, and a computed relationship, return rows of their table."""
    teams = model(teams=TEAMS)
    column = Column("mates", Type.JSON, {}, nullable=True)
    computed = {"teams": {"mates": Computed("teams.mates", column, "teams")}}
    size = Parameter("size", Type.INTEGER, schema={"type": "integer"}, required=False)
    functions = {
        "of": (Function("of", (size,), Returns("rows", table="teams"), lambda _: [], lambda _: []),)
    }

    of, mates = described(Model(teams.tables, computed), functions).functions

    assert isinstance(of.arguments, Members)
    assert [(one.name, one.required) for one in of.arguments.members] == [("size", False)]
    assert (mates.name, mates.origin, mates.returns.table) == ("mates", "teams", "teams")
