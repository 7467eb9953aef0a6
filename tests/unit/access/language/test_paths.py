"""Twin of jotbase.access.language.paths."""

from __future__ import annotations

import ast

import pytest
from tests.unit.access.board import BOARD, COMPANIES, JOBS, MEMBERS

from jotbase.access.language.paths import (
    claim,
    column,
    find_table,
    json_path,
    split_path,
    steps,
    subscript,
    suggestion,
    user_fact,
)
from jotbase.access.language.syntax_errors import RuleError
from jotbase.expression.expr import Apply, Fact, Field, Follow, Literal
from jotbase.schema.model.tables import USERS, Type

NODE = ast.parse("x", mode="eval").body


def test_a_column_is_a_field_of_its_row() -> None:
    """Type and item type come from the model."""
    assert column("row", JOBS, ["tags"], BOARD, NODE) == Field("row", "tags", Type.ARRAY, Type.TEXT)


def test_references_are_followed_to_any_depth() -> None:
    """Each step is a row of the table that the reference leads to."""
    owner = Field("m>job>company", "owner", Type.UUID)
    company = Follow(
        Field("m>job", "company", Type.TEXT), COMPANIES, "m>job>company", "handle", owner
    )

    found = column("m", MEMBERS, ["job", "company", "owner"], BOARD, NODE)

    assert found == Follow(Field("m", "job", Type.INTEGER), JOBS, "m>job", "id", company)


def test_references_may_lead_to_the_accounts() -> None:
    """The accounts show a rule their id and email."""
    found = column("row", JOBS, ["posted_by", "email"], BOARD, NODE)

    assert isinstance(found, Follow)
    assert found.table is USERS
    assert find_table("auth.users", BOARD) is USERS
    assert find_table("nothing", BOARD) is None


@pytest.mark.parametrize(
    ("names", "reason", "hint"),
    [
        (["titel"], "row has no column 'titel' (table jobs)", "Did you mean title?"),
        (["company", "ownr"], "row.company has no column 'ownr' (table companies)", "Did you mean"),
        (["title", "x"], "row.title refers to no table, so it has no 'x'", 'Give the column "ref'),
        (["settings", "x"], "row.settings refers to no table", "Write row.settings['x']"),
        (["posted_by", "encrypted_password"], "row.posted_by has no column", "Known: id, email."),
    ],
)
def test_a_path_that_leads_nowhere_is_refused(names: list[str], reason: str, hint: str) -> None:
    """The reason names the path as far as it is good."""
    with pytest.raises(RuleError) as caught:
        column("row", JOBS, names, BOARD, NODE)

    assert caught.value.reason.startswith(reason)
    assert (caught.value.hint or "").startswith(hint)


def test_facts_about_the_caller() -> None:
    """The caller has an id, a role, an email and roles; claims are named."""
    found = [user_fact(name, NODE) for name in ("id", "role", "email", "roles")]

    kinds = [fact.type for fact in found if isinstance(fact, Fact)]
    assert kinds == [Type.TEXT, Type.TEXT, Type.TEXT, Type.ARRAY]
    with pytest.raises(RuleError, match="whole token"):
        user_fact("claims", NODE)
    with pytest.raises(RuleError, match="user has no 'name'"):
        user_fact("name", NODE)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("a['b']['c']", ["b", "c"]),
        ("a.get('b').get('c')", ["b", "c"]),
        ("a['b'][0][-1]", ["b", 0, -1]),
        ("a[b]", None),
        ("a[True]", None),
        ("a[1:2]", None),
        ("a.get('b', 'c')", None),
    ],
)
def test_brackets_hold_literal_keys(text: str, keys: list[str | int] | None) -> None:
    """Brackets and .get() are read alike, and nothing computed is."""
    node = ast.parse(text, mode="eval").body
    assert isinstance(node, ast.Subscript | ast.Call)

    found = subscript(node)

    assert (found and found[1]) == keys


def test_claims_and_json_are_looked_into() -> None:
    """A claim's type is open; what lies in a JSON column is JSON."""
    settings = Field("row", "settings", Type.JSON)
    fact = claim(["a", "b"], NODE)

    assert isinstance(fact, Fact)
    assert (fact.path, fact.type) == (("claims", "a", "b"), None)
    assert json_path(settings, ["a", 0], NODE) == Apply("json_get", (settings, Literal(("a", 0))))


def test_wrong_keys_are_refused() -> None:
    """Claims have names, JSON paths no quotation marks, and other columns no inside."""
    with pytest.raises(RuleError, match="named by text"):
        claim(["a", 0], NODE)
    with pytest.raises(RuleError, match="quotation mark"):
        json_path(Field("row", "settings", Type.JSON), ['a"b'], NODE)
    with pytest.raises(RuleError, match="JSON columns"):
        json_path(Field("row", "title", Type.TEXT), ["a"], NODE)


def test_a_suggestion_is_near_or_lists_what_is_known() -> None:
    """A name like none of the known ones gets them all."""
    assert suggestion("titel", ["title", "id"]) == "Did you mean title?"
    assert suggestion("zzzzz", ["title", "id"]) == "Known: title, id."
    assert suggestion("x", []) is None


@pytest.mark.parametrize(
    ("text", "names", "keys"),
    [
        ("row.title", ["title"], []),
        ("row['title']", ["title"], []),
        ("row['company'].owner", ["company", "owner"], []),
        ("row['company']['owner']", ["company", "owner"], []),
        ("row.settings['a'][0]", ["settings"], ["a", 0]),
        ("row['settings'].get('a')", ["settings"], ["a"]),
        ("row.title['a']", ["title"], ["a"]),
        ("row[0]", [], [0]),
    ],
)
def test_columns_stand_in_brackets_too(text: str, names: list[str], keys: list[object]) -> None:
    """References are followed in either way; what lies inside JSON comes last."""
    found = steps(ast.parse(text, mode="eval").body)
    assert found is not None
    columns, inside = split_path(found[1], JOBS, BOARD)
    assert (found[0].id, columns, [one.key for one in inside]) == ("row", names, keys)


def test_what_no_name_begins_is_no_path() -> None:
    """A call's result, a literal."""
    assert steps(ast.parse("len(row.tags).x", mode="eval").body) is None
    assert steps(ast.parse("'text'[0]", mode="eval").body) is None
