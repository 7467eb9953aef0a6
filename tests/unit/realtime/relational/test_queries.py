"""The question that a relational rule becomes, and the answer to it."""

from tests.unit.realtime.tables import ANA, TEAMS, USER_ID, note

from jotbase.expression.expr import Apply, Exists, Field
from jotbase.realtime.matching.matches import OldAndNew
from jotbase.realtime.matching.rules import select_rule
from jotbase.realtime.relational.queries import missing_facts, verdict_query, verdicts
from jotbase.schema.model.tables import Type
from jotbase.sql.dialect import SQLITE
from jotbase.values import Change, Row

IN_TEAM = Exists(TEAMS, "t", Apply("eq", (Field("t", "id", Type.INTEGER), USER_ID)))


def asked(old: Row | None, new: Row | None) -> tuple[str, tuple[object, ...]]:
    """Return the SQL and the values of the question about a change."""
    change = Change(1, "notes", "UPDATE", old, new, "")
    fragment = verdict_query(change, select_rule(IN_TEAM), [b"[1]", b"[2]"], SQLITE)
    return fragment.text, fragment.params


def test_the_callers_come_as_one_value() -> None:
    """However many they are, the statement is the same, and a fact is a part of theirs."""
    text, values = asked(None, note(1))

    assert values == ("[[1],[2]]",)
    assert text == (
        'SELECT "~caller".key, 1 FROM json_each(?) AS "~caller" WHERE EXISTS (SELECT 1 FROM "teams"'
        ' AS "t" WHERE "t"."id" = json_extract("~caller".value, \'$[0]\'))'
    )


def test_a_row_that_is_not_there_is_not_asked_about() -> None:
    """An insert has no old row, a delete no new one, an update both."""
    assert asked(None, note(1))[0].count("json_each") == 1
    assert asked(note(1, ANA), None)[0].startswith('SELECT "~caller".key, 0 ')
    assert asked(note(1), note(2))[0].count("json_each") == 2


def test_an_answer_names_what_is_true() -> None:
    """By the number of the facts and the side of the row; all else is not."""
    assert verdicts([b"[1]", b"[2]"], [(0, 1), (1, 0), (1, 1)]) == {
        b"[1]": OldAndNew(old=False, new=True),
        b"[2]": OldAndNew(old=True, new=True),
    }


def test_only_what_is_not_known_is_asked() -> None:
    """Each facts once; the service role has none to ask about."""
    assert missing_facts([b"[1]", None, b"[2]", b"[1]"], {b"[2]": True}) == [b"[1]"]
