"""Advice: what is allowed and may not be meant, each with its code."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import pytest
from tests.unit.schema.projects import ID, TEXT, model, table_file

from jotbase.access.analysis.advice import ObservedSchema, advise
from jotbase.access.enforcement.policy import load_policy

OWNER = {"type": "string", "format": "uuid"}
T = {"id": ID, "owner": OWNER, "note": TEXT}
MINE = "row.owner == user.id"


def describe(
    access: dict[str, str], seen: ObservedSchema | None = None, **others: Any
) -> list[str]:
    """Return code and place of the advice on a table with these rules; others stand beside it."""
    more = {"properties": T, "primaryKey": ["id"], **others.pop("said", {})}
    files = {"t": {"type": "object", "access": access, **more}, **others}
    found = model(**files)
    advice = advise(found, load_policy(found), seen or ObservedSchema())
    return [f"{one.code} {PurePath(one.file).stem}{one.pointer}" for one in advice]


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        ({"select": "True"}, []),
        ({"insert": "new.owner == user.id", "update": MINE, "delete": MINE}, []),
        ({"insert": "user.id is not None"}, []),
        ({"insert": "True"}, ["anonymous-write t/access/insert"]),
        ({"insert": "new.note != 'x'"}, ["anonymous-write t/access/insert"]),
        ({"delete": f"{MINE} or row.note is None"}, ["anonymous-write t/access/delete"]),
        ({"update": "user.id is not None"}, ["stranger-write t/access/update"]),
        ({"delete": "user.role == 'authenticated'"}, ["stranger-write t/access/delete"]),
        ({"update": "'admin' in user.roles"}, []),
        (
            {"select": "user.claims['user_metadata']['team'] == row.note"},
            ["user-metadata-trusted t/access/select"],
        ),
    ],
)
def test_rules_that_let_more_through_than_may_be_meant(
    access: dict[str, str], expected: list[str]
) -> None:
    """By action, each once."""
    assert describe(access) == expected


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"insert": "new.member == user.id"}, ["self-granted"]),
        ({"insert": "user.id is not None"}, ["self-granted"]),
        ({"insert": "new.member == user.id and new.note.owner == user.id"}, []),
        ({"insert": "any(i.owner == user.id for i in t if i.id == new.note)"}, []),
        ({"insert": "'admin' in user.roles"}, []),
        ({"update": "row.member == user.id and new.member == row.member"}, ["self-granted"]),
        ({"update": "row.member == user.id and new.role == row.role and new.note == row.note"}, []),
        ({}, []),
    ],
)
def test_membership_that_is_taken_and_not_given(
    members: dict[str, str], expected: list[str]
) -> None:
    """A rule that asks a table into which the caller may write what the rule looks for."""
    note = {"type": "integer", "references": "t.id"}
    file = table_file({"note": note, "member": OWNER, "role": TEXT}, access=members)
    rule = "any(m.member == user.id and m.role == 'a' for m in members if m.note == row.id)"
    found = [one for one in describe({"select": rule}, members=file) if "self-granted" in one]
    assert found == [f"{code} t/access/select" for code in expected]


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        ({"insert": "user.id is not None", "update": MINE}, ["foreign-owner t/access/insert"]),
        ({"insert": "user.id is not None and new.note != 'x'", "delete": MINE}, ["foreign-owner"]),
        ({"insert": "user.id is not None", "delete": "row.note == user.email"}, ["foreign-owner"]),
        ({"insert": "new.owner == user.id", "update": MINE}, []),
        ({"insert": "'admin' in user.roles", "update": MINE}, []),
        ({"insert": "user.id is not None", "select": "row.note == user.role"}, []),
        (
            {"select": "True", "update": f"{MINE} and new.note != 'x'"},
            ["owner-given-away t/access/update"],
        ),
        ({"select": "True", "update": f"{MINE} and new.owner == row.owner"}, []),
        ({"select": "True", "update": f"{MINE} and new.owner == user.id"}, []),
        ({"select": "True", "update": MINE}, []),
        ({"select": MINE, "update": f"{MINE} and new.note != 'x'"}, []),
    ],
)
def test_rows_that_are_or_become_somebody_elses(
    access: dict[str, str], expected: list[str]
) -> None:
    """Added in another's name, or given away by a rule that asks of the old row alone."""
    found = describe(access)

    assert [one.split()[0] for one in found] == [one.split()[0] for one in expected]
    assert all(one in found for one in expected if " " in one)


def test_an_owner_that_nobody_can_write_is_nobody_elses() -> None:
    """What the server sets by itself cannot be forged."""
    said = {"properties": {**T, "owner": {**OWNER, "readOnly": True}}}
    access = {"select": "True", "insert": "user.id is not None", "update": f"{MINE} and new.id > 0"}
    assert describe(access, said=said) == []


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("True", ["open-rows t/access/select"]),
        ("row.id == 1 or True", ["open-rows t/access/select"]),
        ("row.note == 'public'", []),
        ("user.id is not None", []),
        (MINE, []),
    ],
)
def test_secret_columns_of_rows_that_are_everybodys(select: str, expected: list[str]) -> None:
    """`writeOnly` alone keeps what the rule lets everybody read."""
    said = {"properties": {**T, "code": {**TEXT, "writeOnly": True}}}
    assert describe({"select": select}, said=said) == expected


def test_sql_that_shows_a_secret_column() -> None:
    """Computed columns and views may be read whose SQL names what is `writeOnly`."""
    secret = {**TEXT, "writeOnly": True}
    said = {"properties": {**T, "code": secret, "short": {**TEXT, "generated": "left(code, 2)"}}}
    seen = ObservedSchema(reads={"v": frozenset({"t"}), "w": frozenset({"t"})})
    view = table_file({"c": TEXT}, view="select code as c from t", access={"select": "True"})
    signed_in = {"select": "user.id is not None"}
    kept = table_file({"code": secret}, view="select code from t", access=signed_in)

    assert describe({"select": MINE}, seen, said=said, v=view, w=kept) == [
        "shown-secret t/properties/short/generated",
        "shown-secret v/view",
    ]
    assert describe({"insert": MINE.replace("row", "new")}, seen, said=said) == []


def test_a_key_that_is_computed_beside_rules_about_callers() -> None:
    """Rows that differ come to one key, of which a stranger's insert tells."""
    said = {
        "properties": {**T, "lowered": {**TEXT, "generated": "lower(note)"}},
        "unique": [["lowered"]],
    }
    assert describe({"select": MINE}, said=said) == ["generated-unique t/unique"]
    assert describe({"select": "True"}, said=said) == []


def test_columns_and_keys_that_tell_too_much() -> None:
    """Names that sound secret, literals that look computed, keys over what is never sent."""
    said = {
        "properties": {
            **T,
            "api_key": TEXT,
            "password_hash": {**TEXT, "writeOnly": True},
            "made": {**TEXT, "default": "now()"},
            "spinner": TEXT,
        },
        "unique": [["password_hash"]],
    }
    access = {"select": "True", "insert": "new.owner == user.id"}
    assert describe(access, said=said) == [
        "open-rows t/access/select",
        "readable-secret t/properties/api_key",
        "text-default t/properties/made/default",
        "unique-secret t/unique",
    ]
    assert describe({"select": MINE}, said=said) == ["text-default t/properties/made/default"]


def test_what_only_the_database_and_the_settings_tell() -> None:
    """Keys that are not compared by bytes, views over accounts, scans, functions, addresses."""
    view = table_file({"id": TEXT}, view='select id from "auth.users"', access={"select": "True"})
    seen = ObservedSchema(
        reads={"v": frozenset({"auth.users"})},
        nonbinary_keys={"t": (("note",),)},
        scans=(("t", "select", "it looks through all of members"),),
        functions=("count_up",),
        unconfirmed_addresses=True,
    )
    assert describe({"select": f"{MINE} or row.note == user.email"}, seen, v=view) == [
        "unproven-email t/access/select",
        "rule-scans t/access/select",
        "nocase-unique t/unique",
        "accounts-in-view v/view",
        "open-function __init__/count_up",
    ]


def test_what_is_acknowledged_is_not_told_again() -> None:
    """And an acknowledgement of nothing is told, so that none outlives its reason."""
    known = {"acknowledges": {"anonymous-write": "a guestbook"}}
    assert describe({"insert": "True"}, said=known) == []
    assert describe({"insert": "new.owner == user.id"}, said=known) == [
        "stale-acknowledgement t/acknowledges/anonymous-write"
    ]


def test_a_number_is_nobodys_proof() -> None:
    """Nothing here sends a message to it."""
    assert describe({"select": "user.claims['phone'] == row.note"}) == [
        "unproven-phone t/access/select"
    ]


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("True", ["open-realtime t/realtime"]),
        ("row.note != 'draft'", []),
        ("user.id is not None", []),
        (MINE, []),
    ],
)
def test_a_table_that_everybody_may_follow(select: str, expected: list[str]) -> None:
    """Where no row is kept from anybody; without realtime it is what a public table is."""
    assert describe({"select": select}, said={"realtime": True}) == expected
    assert describe({"select": select}) == []


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("user.id is not None", True),
        ("user.role == 'authenticated'", True),
        ("user.id is not None and user.claims['is_anonymous'] == False", False),
        ("user.id is not None and user.claims['is_anonymous'] != True", False),
        ("user.claims['aal'] == 'aal2'", False),
        ("'admin' in user.roles", False),
        ("new.owner == user.id", False),
    ],
)
def test_rules_that_pass_whoever_signs_in_without_an_address(rule: str, expected: bool) -> None:
    """Only where that is possible; visitors, who may as well, have advice of their own."""
    told = ["anonymous-user t/access/insert"] if expected else []

    assert describe({"insert": rule}, ObservedSchema(anonymous_users=True)) == told
    assert describe({"insert": rule}) == []
    assert describe({"insert": "True"}, ObservedSchema(anonymous_users=True)) == [
        "anonymous-write t/access/insert"
    ]
