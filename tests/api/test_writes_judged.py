"""Rules that look into other rows see the state before the statement, under whatever name."""

from __future__ import annotations

import pytest
from tests.api.data_world import KEYED, Schema, Serve, refused, table

from jotbase.testing import TestBackend
from jotbase.testing.client import Client

UUID: Schema = {"type": "string", "format": "uuid"}
COLUMNS: Schema = {"team": {"type": "integer"}, "person": UUID, "role": {"type": "string"}}
SHOWN = "return=representation"
ADMIN_OF_TABLE = (
    "any(m.person == user.id and m.role == 'admin' for m in members if m.team == new.team)"
)
ADMIN_OF_VIEW = "any(a.person == user.id for a in admins if a.team == new.team)"
#: Two tables away, and back to the members.
ADMIN_OF_TEAM = (
    "any(any(a.person == user.id for a in admins if a.team == t.id) for t in teams"
    " if t.id == new.team)"
)
RULES = [ADMIN_OF_TABLE, ADMIN_OF_VIEW, ADMIN_OF_TEAM]


def served(serve: Serve, rule: str, *, keyed: bool = True) -> tuple[TestBackend, Client]:
    """Return a backend of one team whose members obey the rule, and a user who is none."""
    access = {"select": "True", "insert": rule, "update": f"row.person == user.id and {rule}"}
    columns = KEYED | COLUMNS if keyed else COLUMNS
    members: Schema = {"type": "object", "properties": columns, "access": access}
    keys: Schema = {"primaryKey": ["id"], "unique": [["team", "person"]]} if keyed else {}

    def view(text: str, rules: Schema) -> Schema:
        return {"type": "object", "properties": columns, "view": text, "access": rules}

    backend = serve(
        {
            "teams": table({"name": {"type": "string"}}),
            "members": members | keys,
            "admins": view("select * from members where role = 'admin'", {"select": "True"}),
            "faces": view("select * from members", access),
        }
    )
    backend.service.post("/teams", [{"name": "one"}])
    return backend, backend.user()


def row_of(person: Client, role: str = "admin") -> Schema:
    return {"team": 1, "person": person.id, "role": role}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("path", ["/members", "/faces"])
def test_a_new_row_does_not_justify_itself(serve: Serve, rule: str, path: str) -> None:
    """Whoever is no admin of a team makes himself none, by whatever name the rule looks."""
    backend, person = served(serve, rule)

    for prefer in ("return=minimal", SHOWN):
        refused(person.post(path, row_of(person), prefer=prefer), 403, "42501")
    assert backend.service.get("/members").json() == []


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("path", ["/members", "/faces"])
def test_a_row_without_a_key_does_not_justify_itself(serve: Serve, rule: str, path: str) -> None:
    """What tells rows apart has no part in it: new, two of one request, changed, by a view."""
    backend, person = served(serve, rule, keyed=False)

    assert person.post(path, row_of(person)).status in (403, 405)
    assert person.post(path, [row_of(person), row_of(person)]).status in (403, 405)
    assert backend.service.get("/members").json() == []
    backend.service.post("/members", [row_of(person, "guest"), row_of(person, "guest")])
    changed = person.patch(path, {"person": f"eq.{person.id}"}, {"role": "admin"})
    assert changed.status in (403, 405)
    assert {one["role"] for one in backend.service.get("/members").json()} == {"guest"}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("path", ["/members", "/faces"])
def test_a_changed_row_does_not_justify_itself(serve: Serve, rule: str, path: str) -> None:
    """A member makes himself no admin."""
    backend, person = served(serve, rule)
    backend.service.post("/members", row_of(person, "guest"))

    refused(person.patch(path, {"person": f"eq.{person.id}"}, {"role": "admin"}), 403, "42501")
    assert [one["role"] for one in backend.service.get("/members").json()] == ["guest"]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("path", ["/members", "/faces"])
def test_rows_of_one_upsert_do_not_justify_each_other(serve: Serve, rule: str, path: str) -> None:
    """Neither a new row and a merged one, nor two new ones."""
    backend, person = served(serve, rule)
    other = backend.user()
    backend.service.post("/members", row_of(person, "guest"))
    rows = [row_of(person), row_of(other)]

    merge = f"resolution=merge-duplicates,{SHOWN}"
    answer = person.post(path, rows, {"on_conflict": "team,person"}, prefer=merge)
    refused(answer, 403, "42501")
    refused(person.post(path, [row_of(other), row_of(backend.user())]), 403, "42501")
    assert [one["role"] for one in backend.service.get("/members").json()] == ["guest"]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("path", ["/members", "/faces"])
def test_who_is_admin_already_may(serve: Serve, rule: str, path: str) -> None:
    """The state before the statement has the row that lets him."""
    backend, person = served(serve, rule)
    backend.service.post("/members", row_of(person))
    other = backend.user()
    merge = f"resolution=merge-duplicates,{SHOWN}"

    assert person.post(path, row_of(other, "guest"), prefer=SHOWN).status == 201
    again = [row_of(person, "guest"), row_of(backend.user(), "guest")]
    merged = person.post(path, again, {"on_conflict": "team,person"}, prefer=merge)
    assert [one["role"] for one in merged.json()] == ["guest", "guest"]
    refused(person.post(path, row_of(backend.user())), 403, "42501")


def test_numbers_and_computed_columns_are_judged_as_they_will_be(serve: Serve) -> None:
    """A rule may look at what only the database knows: rows are stored on trial for it."""
    columns: Schema = {
        "size": {"type": "integer"},
        "twice": {"type": "integer", "generated": "size * 2"},
    }
    rule = "new.twice < 10 and not any(True for b in boxes if b.twice == new.twice)"
    access = {"select": "True", "insert": rule, "update": f"row.id > 0 and {rule}"}
    person = serve({"boxes": table(columns, access=access)}).user()

    assert person.post("/boxes", {"size": 1}, prefer=SHOWN).json() == [
        {"id": 1, "size": 1, "twice": 2}
    ]
    refused(person.post("/boxes", {"size": 1}), 403, "42501")
    refused(person.post("/boxes", {"size": 5}), 403, "42501")
    assert person.post("/boxes", {"size": 2}, prefer=SHOWN).json()[0]["id"] == 2
    refused(person.patch("/boxes", {"id": "eq.2"}, {"size": 1}), 403, "42501")
    assert person.patch("/boxes", {"id": "eq.2"}, {"size": 3}).status in (200, 204)


def test_what_a_statement_drags_along_justifies_nothing(serve: Serve) -> None:
    """An update that cascades into the table that the rule asks finds it as it was."""
    teams = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "owner": UUID},
        "required": ["name"],
        "primaryKey": ["name"],
        "access": {
            "select": "True",
            "update": "any(s.person == user.id for s in seats if s.team == new.name)"
            " and row.owner == user.id",
        },
    }
    reference = {"type": "string", "references": "teams.name", "onUpdate": "cascade"}
    seats = table({"team": reference, "person": UUID}, access={"select": "True"})
    backend = serve({"teams": teams, "seats": seats})
    person = backend.user()
    backend.service.post("/teams", [{"name": "mine", "owner": person.id}])
    backend.service.post("/seats", [{"team": "mine", "person": person.id}])

    refused(person.patch("/teams", {"name": "eq.mine"}, {"name": "theirs"}), 403, "42501")
    assert backend.service.get("/seats").json()[0]["team"] == "mine"


def test_an_operation_of_a_batch_sees_those_before_it(serve: Serve) -> None:
    """It is judged as if it had come by itself: after them, and before its own rows."""
    guest = "new.role == 'guest' or any(m.person == user.id for m in members)"
    members = table(COLUMNS, access={"select": "True", "insert": guest})
    backend = serve({"members": members})
    person = backend.user()
    first, second = (
        {"method": "POST", "path": "/members", "body": row_of(person, role)}
        for role in ("guest", "admin")
    )

    refusal = person.request("POST", "/rest/v1/", None, [second, first])
    assert (refusal.status, refusal.json()["operation"]) == (403, 0)
    assert person.request("POST", "/rest/v1/", None, [first, second]).status == 200
    assert [one["role"] for one in backend.service.get("/members").json()] == ["guest", "admin"]
