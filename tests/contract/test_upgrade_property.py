"""Any project with rows brought to any other: each row fits the new one, or nothing is changed."""

from typing import Any

import apsw
from hypothesis import event, given, settings
from hypothesis import strategies as st
from tests.contract.made import bring, made, rows
from tests.unit.schema.projects import ID, NUMBER, TEXT, model, table_file

from jotbase.errors import ProjectError, RequestError
from jotbase.schema.model.tables import Column, Model, Table
from jotbase.schema.rows.check import RowCheck
from jotbase.schema.values.convert import canonical, loaded, stored
from jotbase.sql.dialect import SQLITE
from jotbase.values import Row

TIME = {"type": "string", "format": "date-time"}
#: Columns by their names: each name has forms of one type, so that rows can be kept.
FORMS: dict[str, list[dict[str, Any]]] = {
    "n": [
        NUMBER,
        {**NUMBER, "minimum": 2},
        {**NUMBER, "default": 3},
        {"$ref": "#/$defs/n"},
        {"type": "number"},
        {**NUMBER, "generated": "id * 2"},
    ],
    "a": [
        TEXT,
        {"type": ["string", "null"]},
        {**TEXT, "maxLength": 2},
        {**TEXT, "pattern": "^(?!z)"},
        {**TEXT, "allOf": [{"$ref": "#/$defs/s"}]},
        {**TEXT, "default": "d"},
        {**TEXT, "generated": "coalesce(n, 0) || 'x'"},
    ],
    "l": [
        {"type": "array"},
        {"type": ["array", "object"]},
        {"type": "array", "items": TEXT},
        {"type": "array", "items": TIME},
        {"type": "array", "items": {**TEXT, "format": "uuid"}, "maxItems": 1},
    ],
    "at": [TIME, {**TIME, "defaultExpression": "now()"}, TEXT],
}
ROOTS: list[dict[str, Any]] = [
    {},
    {"dependentRequired": {"a": ["n"]}},
    {"if": {"properties": {"n": {"const": 1}}, "required": ["n"]}, "then": {"$ref": "#/$defs/r"}},
    {"anyOf": [{"required": ["n"]}, {"required": ["at"]}]},
    {"maxProperties": 3},
]
DEFINITIONS: dict[str, list[dict[str, Any]]] = {
    "s": [{}, {"minLength": 2}],
    "n": [NUMBER, {**NUMBER, "maximum": 5}],
    "r": [{}, {"required": ["a"]}],
}
VALUES: dict[str, list[Any]] = {
    "a": [None, "x", "zz", "long"],
    "n": [None, 1, 7],
    "l": [None, "[]", '["2026-01-01T01:00:00+01:00"]', '["x"]', "[1, 2]"],
    "at": [None, "2026-01-01T00:00:00+00:00"],
}


@st.composite
def projects(draw: st.DrawFn, fewest: int = 1) -> Model:
    """Make a project of one table, with the first columns at least, in either spelling."""
    count = draw(st.integers(fewest, len(FORMS)))
    columns = {name: draw(st.sampled_from(FORMS[name])) for name in list(FORMS)[:count]}
    required = [name for name in columns if draw(st.integers(0, 3)) == 0]
    definitions = {name: draw(st.sampled_from(forms)) for name, forms in DEFINITIONS.items()}
    said = table_file(
        {"id": ID, **columns},
        primaryKey=["id"],
        required=required,
        **{"$defs": definitions},
        **draw(st.sampled_from(ROOTS)),
    )
    return model(**{draw(st.sampled_from(["t", "t", "T"])): said})


def held(connection: apsw.Connection, table: Table) -> list[Row]:
    """Return the rows as JSON Schema is to see them."""
    columns = ", ".join(f'"{one.name}"' for one in table.columns)
    return [
        {
            column.name: loaded(column.type, value, SQLITE)
            for column, value in zip(table.columns, found, strict=True)
            if value is not None or column.null_is_value
        }
        for found in rows(connection, f'SELECT {columns} FROM "{table.name}" ORDER BY id')
    ]


def as_written(column: Column, value: Any) -> Any:
    """Return a value as a write of the API stores it; what has no such form as it is."""
    try:
        found = canonical(column, loaded(column.type, value, SQLITE))
    except RequestError:
        return value
    return stored(column.type, found, SQLITE)


def fill(connection: apsw.Connection, table: Table, choices: list[dict[str, Any]]) -> None:
    """Put in the rows that fit the table's schema."""
    check = RowCheck(table)
    for row in choices:
        own = [one.name for one in table.columns if one.generated is None and one.name in row]
        given = {name: as_written(table.by_name[name], row[name]) for name in own}
        names, marks = "".join(f", {name}" for name in given), ", ?" * len(given)
        try:
            connection.execute(
                f"INSERT INTO t (id{names}) VALUES (NULL{marks})", list(given.values())
            )
        except apsw.ConstraintError:
            continue
        if check.faults(held(connection, table)[-1]):
            connection.execute("DELETE FROM t WHERE id = (SELECT max(id) FROM t)")


ROWS = st.lists(
    st.fixed_dictionaries({name: st.sampled_from(few) for name, few in VALUES.items()}),
    min_size=1,
    max_size=4,
)


@settings(max_examples=250, deadline=None)
@given(projects(), projects(4), ROWS)
def test_every_row_fits_the_new_model_or_nothing_is_changed(
    old: Model, new: Model, choices: list[dict[str, Any]]
) -> None:
    """No value is lost, none stays in a form that the new model does not have."""
    (before,), (after,) = old, new
    connection = made(old)
    fill(connection, before, choices)
    was, texts = held(connection, before), rows(connection, "SELECT * FROM t ORDER BY id")
    try:
        bring(connection, new)
    except ProjectError as error:
        assert rows(connection, "SELECT * FROM t ORDER BY id") == texts
        event("refused: " + error.faults[0].reason.partition(" ")[2][:25])
        return
    now, check = held(connection, after), RowCheck(after)
    event("applied, with rows" if now else "applied")
    assert [check.faults(row) for row in now] == [[] for _ in was]
    for one, other in zip(was, now, strict=True):
        own = [name for name in one if before.by_name[name].generated is None]
        kept = {name: one[name] for name in own if one[name] is not None}
        assert {name: other.get(name) for name in kept} == {
            name: canonical(after.by_name[name], value) for name, value in kept.items()
        }
