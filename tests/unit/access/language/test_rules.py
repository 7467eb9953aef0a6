"""Twin of jotbase.access.language.rules."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.access.board import BOARD, JOBS, column, faults, text

from jotbase.access.language.rules import (
    Action,
    parse_conjuncts,
    parse_default,
    parse_rule,
    parse_view_rule,
)
from jotbase.errors import ProjectError
from jotbase.expression.expr import TRUE, Fact, NewUuid, Now
from jotbase.schema.model.tables import Column, Table, Type


@pytest.mark.parametrize(
    ("rule", "written"),
    [
        ("True", "TRUE"),
        ("row.open", "row.open"),
        ("not row.open", "NOT (row.open)"),
        ("row.posted_by == user.id", "row.posted_by = ?"),
        ("user.id != row.posted_by", "? <> row.posted_by"),
        ("1 < row.salary <= 5", "(? < row.salary) AND (row.salary <= ?)"),
        ("row.title is None", "row.title IS NULL"),
        ("row.title is not None", "NOT (row.title IS NULL)"),
        ("row.open is True", "row.open IS TRUE"),
        ("row.created_at < now()", "row.created_at < ?"),
        ("lower(row.title) == row.title.lower()", "(lower(row.title)) = (lower(row.title))"),
        (
            "len(row.tags) > 0",
            "(CASE WHEN json_valid(row.tags) THEN json_array_length(row.tags) END) > ?",
        ),
        ("row.fee == 1.5", "row.fee = CAST(? AS NUMERIC)"),
        ("row.open and\n row.salary == -1", "row.open AND (row.salary = ?)"),
        ("row.open or row.open", "row.open OR row.open"),
        ("user.claims['org']['admin']", "?"),
        ("row.settings['a'][0] is None and True", None),
    ],
)
def test_a_rule_becomes_an_expression(rule: str, written: str | None) -> None:
    """What a rule says in Python is what its SQL says."""
    found = text(parse_rule(rule, JOBS, "select", BOARD))

    assert written is None or found == written


@pytest.mark.parametrize(
    ("action", "rule", "reason", "hint"),
    [
        ("select", "row.titel == 'a'", "column 1: row has no column 'titel' (table jobs)", "title"),
        ("select", "new.title == 'a'", "column 1: nothing is written here: say row", None),
        ("insert", "row.title == 'a'", "column 1: an insert has no stored row: say new", None),
        ("select", "", "column 1: the text is empty", "Write True"),
        ("select", "row.open and (", "column 14: syntax: '(' was never closed", None),
        ("select", "row.open && row.open", "column 11: syntax: invalid syntax", "`and`"),
        ("select", "é == row.title", "column 1: unknown name 'é'", None),
        ("select", "row.from == 1", "column 5: syntax: invalid syntax", "row['from']"),
        ("select", "today() < now()", "column 1: a date is compared", "today() is the date of"),
        ("select", "row['titel'] == 'a'", "column 1: row has no column 'titel'", "title"),
        ("select", "row['title']['a'] == 'a'", "column 1: only user.claims and JSON", None),
        ("select", "  row.id == nul", "column 13: unknown name 'nul'", None),
        ("select", "not " * 70 + "True", "column 1: the rule is too large", "Split"),
        ("select", "True or " * 1500 + "True", "column 1: the text is longer than", None),
        ("select", "(" * 5000, "column 201: syntax: too many nested parentheses", None),
    ],
)
def test_a_fault_says_where_and_what_to_do(
    action: Action, rule: str, reason: str, hint: str | None
) -> None:
    """Each fault names the file, the place in the file and in the text, and a way out."""
    with pytest.raises(ProjectError) as caught:
        parse_rule(rule, JOBS, action, BOARD)

    fault = caught.value.faults[0]
    assert (fault.file, fault.pointer) == ("schemas/jobs.json", f"/access/{action}")
    assert fault.reason.startswith(reason)
    assert hint is None or hint in (fault.hint or "")


def test_every_fault_of_a_rule_is_told() -> None:
    """Faults in several parts, nested ones too, come out together."""
    rule = "row.a == 1 and (row.b or row.open and row.c is None)"

    with pytest.raises(ProjectError) as caught:
        parse_rule(rule, JOBS, "select", BOARD)

    describe = [reason[:9] for reason, _ in faults(caught.value)]
    assert describe == ["column 1:", "column 17", "column 39"]


def test_conjuncts_keep_their_text() -> None:
    """The parts of a rule's `and` are had one by one, as they are written."""
    parts = parse_conjuncts("row.open and (row.id == 1 and new.id == 2)", JOBS, "update", BOARD)

    assert [part.text for part in parts] == ["row.open", "row.id == 1", "new.id == 2"]


def test_a_rule_that_is_always_true_is_plain_true() -> None:
    """Nothing is added to a statement for a rule that holds nothing back."""
    assert parse_rule("True and True", JOBS, "select", BOARD) == TRUE


@pytest.mark.parametrize(
    ("default", "kind", "semantics"),
    [
        ("now()", Type.TIMESTAMP, Now()),
        ("now()", Type.DATE, Now()),
        ("today()", Type.DATE, Now(day=True)),
        ("today()", Type.TEXT, Now(day=True)),
        ("uuid()", Type.UUID, NewUuid()),
        ("uuid()", Type.TEXT, NewUuid()),
    ],
)
def test_a_default_is_an_expression(default: str, kind: Type, semantics: object) -> None:
    """Defaults share the rules' language, and have uuid() besides."""
    assert parse_default(default, column("x", kind), JOBS, BOARD) == semantics


def test_a_default_reads_facts_as_the_column_does() -> None:
    """The caller's id becomes a UUID in a column of UUIDs."""
    found = parse_default("user.id", column("x", Type.UUID), JOBS, BOARD)

    assert isinstance(found, Fact)
    assert found.read("ME") is None


@pytest.mark.parametrize(
    ("default", "kind", "reason"),
    [
        ("row.title", Type.TEXT, "column 1: a default cannot look at the row"),
        ("uuid()", Type.INTEGER, "column 1: the default of 'a/b' gives a UUID"),
        ("user.id", Type.BOOLEAN, "column 1: text is compared with true or false"),
        ("1.5", Type.INTEGER, "column 1: the default of 'a/b' gives a number"),
        ("'soon'", Type.TIMESTAMP, "column 1: 'soon' is not a date-time"),
    ],
)
def test_a_wrong_default_is_refused(default: str, kind: Type, reason: str) -> None:
    """A default that the column could not hold is found when files are read."""
    with pytest.raises(ProjectError) as caught:
        parse_default(default, column("a/b", kind), JOBS, BOARD)

    assert caught.value.faults[0].pointer == "/properties/a~1b/defaultExpression"
    assert caught.value.faults[0].reason.startswith(reason)


_LETTERS = st.sampled_from("row.titleusernew[]()'\" =<>!,:&|0 andorinfy\n\t\\é")


@given(st.text(_LETTERS, max_size=60))
def test_no_text_breaks_the_parser(rule: str) -> None:
    """Whatever stands in a file is read or refused, and nothing else."""
    with suppress(ProjectError):
        parse_rule(rule, JOBS, "update", BOARD)


VIEW = Table(
    "apply", (Column("job", Type.INTEGER, {}, nullable=False),), file="functions/__init__.py"
)


def test_the_rule_of_a_view_knows_its_arguments_and_tables() -> None:
    """`args` is what the view takes from its path; other tables are in reach."""
    assert text(parse_view_rule("args.job == 1", VIEW, BOARD)) == "args.job = ?"
    rule = "any(j.id == args.job for j in jobs) and user.id is not None"
    assert "EXISTS" in text(parse_view_rule(rule, VIEW, BOARD))


@pytest.mark.parametrize("rule", ["row.id == 1", "new.id == 1", "args.other == 1", "args.job =="])
def test_the_rule_of_a_view_has_no_row(rule: str) -> None:
    """Its faults name the file and the view."""
    with pytest.raises(ProjectError) as caught:
        parse_view_rule(rule, VIEW, BOARD)
    (fault,) = caught.value.faults
    assert (fault.file, fault.pointer) == ("functions/__init__.py", "/apply/requires")
