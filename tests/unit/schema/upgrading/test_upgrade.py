"""Bringing a database to a model, as a conversation: statements out, rows in."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from tests.unit.schema.projects import ID, NUMBER, TEXT, model, table_file

from jotbase.errors import ProjectError
from jotbase.schema.model.serialization import dump
from jotbase.schema.model.tables import Model, Type
from jotbase.schema.upgrading.upgrade import UpgradeResult, reconcile, upgrade

T = table_file({"id": ID, "a": TEXT}, primaryKey=["id"])


def converse(
    wanted: Model, answers: Mapping[str, list[Any]], pages: Sequence[list[Any]] = ()
) -> tuple[UpgradeResult, list[str]]:
    """Return the outcome and the statements; each is answered by the first beginning it has, and
    questions for rows by one page after the other.
    """
    unit, left = upgrade(wanted), list(pages)
    said: list[str] = []
    statement = next(unit)
    try:
        while True:
            said.append(statement.text)
            fitting = (
                descriptions
                for text, descriptions in answers.items()
                if statement.text.startswith(text)
            )
            asks = statement.text.startswith('SELECT "id"')
            statement = unit.send(left.pop(0) if asks and left else next(fitting, []))
    except StopIteration as stop:
        return stop.value, said


def there(noted: Model, columns: list[tuple[str, str]], *meta: tuple[str, str]) -> dict[str, Any]:
    """Return the answers of a database that was made from a model and has these columns."""
    return {
        'SELECT "key", "value"': [("model", dump(noted)), *meta],
        "SELECT m.name": columns,
    }


def test_an_empty_database_is_filled() -> None:
    """The server's tables, the project's, and the note of what they were made from."""
    outcome, said = converse(model(t=T), {})

    assert outcome == UpgradeResult(fresh=True, descriptions=())
    assert [text for text in said if text.startswith('CREATE TABLE "t"')] != []
    assert said[-1].startswith('INSERT OR REPLACE INTO "jotbase.meta"')


def test_a_database_that_fits_is_looked_at_and_left_alone() -> None:
    """Two questions, besides the tables of the server, are all that a usual start costs."""
    outcome, said = converse(model(t=T), there(model(t=T), [("t", "id"), ("t", "a")]))

    assert outcome == UpgradeResult(fresh=False, descriptions=())
    assert [text.split()[0] for text in said] == [*["CREATE"] * 11, "INSERT", *["SELECT"] * 2]


def test_what_would_lose_values_is_refused_before_anything_is_done() -> None:
    """No statement but questions was sent."""
    smaller = model(t=table_file({"id": ID}, primaryKey=["id"]))

    with pytest.raises(ProjectError, match='"a" is gone'):
        converse(smaller, there(model(t=T), [("t", "id"), ("t", "a")]))


def test_a_permit_is_taken_from_the_database_and_used_up() -> None:
    """It stands beside the model."""
    smaller = model(t=table_file({"id": ID}, primaryKey=["id"]))
    answers = there(model(t=T), [("t", "id"), ("t", "a")], ("drop t.a", ""))
    outcome, said = converse(smaller, answers)

    assert "t: column a dropped, as allowed" in outcome.descriptions
    assert said[-1] == 'DELETE FROM "jotbase.meta" WHERE "key" = ?'


def test_rows_in_the_way_are_counted() -> None:
    """The count stands in the fault."""
    answers = there(model(t=T), [("t", "id"), ("t", "a")])
    answers["SELECT count(*)"] = [(3,)]

    with pytest.raises(ProjectError, match=r"3 row\(s\) have no value in \"a\""):
        converse(model(t={**T, "required": ["a"]}), answers)


def test_rows_that_the_new_schema_refuses_are_shown() -> None:
    """The first is told with its key, place and fault, and not its value."""
    answers = there(model(t=T), [("t", "id"), ("t", "a")])
    patterned = table_file({"id": ID, "a": {**TEXT, "pattern": "^a"}}, primaryKey=["id"])

    with pytest.raises(ProjectError) as caught:
        converse(model(t=patterned), answers, [[(1, "abc", 1), (2, "xyz", 2)], []])
    assert [fault.reason for fault in caught.value.faults] == [
        '1 row(s) do not fit the changed schema; the first: id 2: /a the value does not match "^a"'
    ]


def test_a_note_of_another_version_is_not_guessed_at() -> None:
    """The project is refused instead."""
    with pytest.raises(ProjectError, match="cannot be read"):
        converse(model(t=T), {'SELECT "key", "value"': [("model", '{"form": 99}')]})


def test_what_was_dropped_by_hand_is_not_missed() -> None:
    """The old model is what is in the database."""
    old = reconcile(model(t=T, u=T), model(t=T), {"t": ("id",)}, {})

    assert list(old.tables) == ["t"]
    assert list(old.tables["t"].by_name) == ["id"]


def test_a_table_made_by_hand_may_lack_row_numbers() -> None:
    """Its rows are told apart by the primary key that the database has."""
    old = reconcile(model(), model(t=T), {"t": ("id",)}, {"t": ("id",)})

    assert old.tables["t"].row_key == ("id",)


def test_what_was_made_or_renamed_by_hand_is_taken_over() -> None:
    """A column that the file knows by now has its type there, and its values are to be checked."""
    new = model(t=table_file({"id": ID, "b": NUMBER}, primaryKey=["id"]))
    old = reconcile(model(t=T), new, {"t": ("id", "b", "c"), "other": ("x",)}, {})
    columns = old.tables["t"].by_name

    assert list(old.tables) == ["t"]
    assert [(one.name, one.type) for one in columns.values()] == [
        ("id", Type.INTEGER),
        ("b", Type.INTEGER),
        ("c", Type.TEXT),
    ]
