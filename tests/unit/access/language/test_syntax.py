"""Twin of jotbase.access.language.syntax."""

from __future__ import annotations

import ast

import pytest
from tests.unit.access.board import BOARD, JOBS, MEMBERS, text

from jotbase.access.language.syntax import Reader
from jotbase.access.language.syntax_errors import RuleError, RuleErrors
from jotbase.expression.expr import Apply, Exists, Field, Follow, Not, Or
from jotbase.schema.model.tables import Type

READER = Reader(BOARD, {"row": JOBS}, {"new": "no new row here"})


def condition(rule: str) -> object:
    """Return what a text means."""
    return READER.condition(ast.parse(rule, mode="eval").body)


def refused(rule: str) -> tuple[str, str | None]:
    """Return the reason and hint of the one error."""
    with pytest.raises(RuleError) as caught:
        condition(rule)
    return caught.value.reason, caught.value.hint


def test_a_loop_looks_for_a_row() -> None:
    """any(…) becomes Exists, its limits first."""
    found = condition("any(m.user is None for m in members if m.job == row.id)")

    job = Apply("eq", (Field("m", "job", Type.INTEGER), Field("row", "id", Type.INTEGER)))
    assert isinstance(found, Exists)
    assert (found.table, found.scope) == (MEMBERS, "m")
    assert str(job) in str(found.where)


def test_loops_stand_in_loops() -> None:
    """A loop's condition may look at the variables of the loops around it."""
    nested = condition("any(any(n.id == m.id for n in members) for m in members)")
    joined = condition("any(n.id == m.id for m in members for n in members)")

    assert nested == joined


def test_a_loop_may_go_over_the_accounts() -> None:
    """The accounts' table is called auth.users in loops as in references."""
    found = condition("any(u.id == row.posted_by for u in auth.users)")

    assert isinstance(found, Exists)
    assert found.table.name == "auth.users"


def test_references_are_followed_inside_loops() -> None:
    """A loop's variable has references of its own."""
    found = condition("any(m.job.company.owner == user.id for m in members)")

    assert isinstance(found, Exists)
    assert isinstance(found.where, Apply)
    assert isinstance(found.where.arguments[0], Follow)


def test_not_in_and_is_not_are_negations() -> None:
    """Both are Python's words for not."""
    assert isinstance(condition("row.title not in ['a']"), Not)
    assert isinstance(condition("row.title is not None"), Not)
    assert isinstance(condition("row.open or not row.open"), Or)


def test_a_json_column_says_yes_where_it_holds_true() -> None:
    """A place inside JSON is a condition by itself, and null there counts as absent."""
    assert text(READER.condition(ast.parse("row.settings['on']", mode="eval").body)) == (
        "jot_compare((CASE WHEN json_valid(row.settings) THEN row.settings -> ? END), ?) = 0"
    )


@pytest.mark.parametrize(
    ("rule", "reason", "hint"),
    [
        ("row.title", "a rule must say yes or no, and this gives text", "is not None"),
        ("row", "row alone is no value", "row.id"),
        ("new.id == 1", "no new row here", None),
        ("user", "user alone is no value", "user.id"),
        ("title == 'a'", "unknown name 'title'", "row.title"),
        ("true", "unknown name 'true'", "True"),
        ("row.id + 1 == 2", "arithmetic is not part of the rule language", None),
        ("-row.id == 2", "arithmetic is not part of the rule language", None),
        ("row.open if row.open else row.open", "`if … else` is not part", "`and`"),
        ("(lambda: True)()", "only functions named here can be called", None),
        ("f'{row.id}' == 'a'", "formatted text is not part", None),
        ("[1]", "a list stands only right of `in`", None),
        ("(row.open, row.open)", "a comma makes no sense here", "`and`"),
        ("row.id in {1}", "sets are not part", "list"),
        ("row.title is 'a'", "`is` asks for None, True or False alone", "=="),
        ("row.title == None", "nothing equals None", "is None"),
        ("any(True)", "any() takes one loop", None),
        ("any(True for m in membrs)", "unknown table 'membrs'", "members"),
        ("any(True for m in row.tags)", "a loop goes over a table", "in row.column"),
        ("any(True for row in members)", "the name 'row' is taken", None),
        ("any(any(True for m in jobs) for m in members)", "the name 'm' is taken", None),
        ("any(True for a, b in members)", "a loop has one variable", None),
        ("(x for x in members)", "a loop stands only inside any(…)", None),
        ("user.email.domain == 'a'", "user.email has no 'domain'", None),
        ("user.claims.org == 'a'", "user.claims has no 'org'", "user.claims['…']"),
        ("user.claims['a'].b == 'a'", "nothing is known of .b here", None),
        ("row.tags[row.id] == 'a'", "brackets hold one literal key", None),
        ("row.tags[0] == 'a'", "only user.claims and JSON columns", None),
        ("b'a' == row.logo", "b'a' is no value of JSON", None),
        ("row.id == 1j", "1j is no value of JSON", None),
    ],
)
def test_what_is_not_of_the_language_is_refused(rule: str, reason: str, hint: str | None) -> None:
    """The reason says what is wrong, the hint what to write instead."""
    found = refused(rule)

    assert found[0].startswith(reason)
    assert hint is None or hint in (found[1] or "")


def test_several_refusals_come_together() -> None:
    """Each part of and/or is read, whatever is wrong with the others."""
    with pytest.raises(RuleErrors) as caught:
        condition("row.a == 1 or row.b == 2 or row.id")

    assert len(caught.value.errors) == 3


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("now", "Write now()."),
        ("current_timestamp", "Write now()."),
        ("today", "Write today()."),
        ("current_date", "Write today()."),
    ],
)
def test_times_are_functions(name: str, hint: str) -> None:
    """A name that other languages have for the time is told what it is here."""
    assert refused(f"row.id > {name}") == (f"unknown name {name!r}", hint)
