"""Access rules on the wire: who sees, writes and learns what; no rule means no."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.data_world import Schema, Serve, refused, table

from jotbase.testing import Client, TestBackend

MINE = "row.owner == user.id"
OWNER = {"type": "string", "format": "uuid", "references": "auth.users.id"}
NOTES = table(
    {
        "owner": OWNER | {"defaultExpression": "user.id"},
        "text": {"type": "string"},
        "shared": {"type": "boolean", "default": False},
    },
    access={
        "select": f"{MINE} or row.shared",
        "insert": "new.owner == user.id",
        "update": f"{MINE} and new.owner == row.owner",
        "delete": MINE,
    },
)


@pytest.fixture
def backend(serve: Serve) -> TestBackend:
    return serve({"notes": NOTES})


def texts(client: Client) -> list[str]:
    return [row["text"] for row in client.get("/notes", {"order": "id"}).json()]


def test_each_sees_what_the_rule_says(backend: TestBackend) -> None:
    """One's own and the shared ones; a visitor the shared ones; the service key all."""
    ada, ben = backend.user(), backend.user()
    ada.post("/notes", [{"text": "mine", "shared": False}, {"text": "ours", "shared": True}])
    ben.post("/notes", {"text": "yours"})

    assert texts(ada) == ["mine", "ours"]
    assert texts(ben) == ["ours", "yours"]
    assert texts(backend.anonymous) == ["ours"]
    assert texts(backend.service) == ["mine", "ours", "yours"]
    counted = ben.get("/notes", {"limit": "0"}, prefer="count=exact")
    assert counted.headers["content-range"] == "*/2"


def test_a_row_that_the_rule_forbids_is_refused_on_insert(backend: TestBackend) -> None:
    """403 for who is known, 401 for a visitor; nothing is stored."""
    ada, ben = backend.user(), backend.user()

    told = refused(ben.post("/notes", {"text": "x", "owner": ada.id}), 403, "42501")
    assert told["message"] == 'new row violates row-level security policy for table "notes"'
    visitor = backend.anonymous.post("/notes", {"text": "x", "owner": ada.id})
    refused(visitor, 401, "42501")
    assert visitor.headers["www-authenticate"] == "Bearer"
    assert texts(backend.service) == []


def test_what_may_not_be_changed_is_not_found(backend: TestBackend) -> None:
    """The rule on the old row hides it, as PostgreSQL's USING does: no error, no change."""
    ada, ben = backend.user(), backend.user()
    ada.post("/notes", {"text": "ours", "shared": True})

    changed = ben.patch("/notes", {"id": "eq.1"}, {"text": "mine now"})
    deleted = ben.delete("/notes", {"id": "eq.1"})

    assert (changed.status, changed.json()) == (200, [])
    assert (deleted.status, deleted.json()) == (200, [])
    assert texts(ada) == ["ours"]


def test_what_a_row_may_not_become_is_refused(backend: TestBackend) -> None:
    """The rule on the new row is a WITH CHECK: 42501, and the row stays."""
    ada, ben = backend.user(), backend.user()
    ada.post("/notes", {"text": "mine"})

    refused(ada.patch("/notes", {"id": "eq.1"}, {"owner": ben.id}), 403, "42501")

    assert texts(ada) == ["mine"]


def test_an_answer_shows_no_row_that_may_not_be_seen(serve: Serve) -> None:
    """With return=representation a written row must pass the select rule (RETURNING does)."""
    drop = table({"text": {"type": "string"}}, access={"insert": "True", "select": "False"})
    client = serve({"drop": drop}).anonymous

    refused(client.post("/drop", {"text": "x"}), 401, "42501")
    assert client.post("/drop", {"text": "y"}, prefer="return=minimal").status == 201
    assert client.get("/drop").json() == []


@pytest.mark.parametrize("access", [{"access": {}}, {}])
def test_no_rule_means_no(serve: Serve, access: Schema) -> None:
    """Reads find nothing, writes are refused; the service key passes."""
    closed = table({"text": {"type": "string"}}) | {"access": None} | access
    schema = {word: said for word, said in closed.items() if said is not None}
    backend = serve({"closed": schema})
    assert backend.service.post("/closed", {"text": "x"}).status == 201
    user = backend.user()

    assert (user.get("/closed").status, user.get("/closed").json()) == (200, [])
    refused(user.post("/closed", {"text": "y"}), 403, "42501")
    assert user.patch("/closed", {"id": "eq.1"}, {"text": "z"}).json() == []
    assert user.delete("/closed", {"id": "eq.1"}).json() == []
    assert backend.service.get("/closed").json() == [{"id": 1, "text": "x"}]


TEAMS = {
    "teams": table(
        {"owner": OWNER},
        access={"select": "True", "insert": "new.owner == user.id"},
    ),
    "members": table(
        {"team": {"type": "integer", "references": "teams.id"}, "user": OWNER},
        access={"insert": "new.team.owner == user.id", "select": "row.team.owner == user.id"},
    ),
    "posts": table(
        {"team": {"type": "integer", "references": "teams.id"}, "text": {"type": "string"}},
        access={
            "select": "any(m.user == user.id for m in members if m.team == row.team)",
            "insert": "any(m.user == user.id for m in members if m.team == new.team)",
        },
    ),
}


def test_a_rule_follows_references_and_asks_other_tables(serve: Serve) -> None:
    """A member posts and reads, though the members themselves are hidden; an outsider does not."""
    backend = serve(TEAMS)
    owner, member, outsider = backend.user(), backend.user(), backend.user()
    owner.post("/teams", {"owner": owner.id})

    refused(outsider.post("/members", {"team": 1, "user": outsider.id}), 403, "42501")
    assert owner.post("/members", {"team": 1, "user": member.id}).status == 201
    assert member.post("/posts", {"team": 1, "text": "hello"}).status == 201
    refused(outsider.post("/posts", {"team": 1, "text": "spam"}), 403, "42501")

    assert [row["text"] for row in member.get("/posts").json()] == ["hello"]
    assert outsider.get("/posts").json() == owner.get("/posts").json() == []
    assert member.get("/members").json() == []
    owner.delete("/members", {"id": "eq.1"})
    assert len(owner.get("/members").json()) == 1  # no rule for delete
    backend.service.delete("/members", {"id": "eq.1"})
    assert member.get("/posts").json() == []


KINDS = {
    "name": {"type": ["string", "null"]},
    "size": {"type": ["integer", "null"]},
    "part": {"type": ["number", "null"]},
    "price": {"type": ["string", "null"], "format": "decimal"},
    "made": {"type": ["string", "null"], "format": "date-time"},
    "key": {"type": ["string", "null"], "format": "uuid"},
    "open": {"type": ["boolean", "null"]},
    "tags": {"type": ["array", "null"], "items": {"type": "string"}},
    "doc": {"type": ["object", "null"]},
    "closed": {"type": "boolean"},
}
OPERATORS = (
    *("eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch", "in", "is"),
    *("isdistinct", "cs", "cd", "ov", "sl", "sr", "nxr", "nxl", "adj", "fts", "plfts", "wfts"),
    *("eq(any)", "eq(all)", "neq(any)", "like(any)", "like(all)", "gt(any)", "match(all)"),
)
OPERANDS = (
    *("1", "a", "null", "true", "(1)", "(a,b)", "{1}", "{a,b}", '{"a":1}'),
    *("2026-01-01T00:00:00Z", "00000000-0000-4000-8000-000000000000"),
)


@pytest.mark.parametrize("column", [*KINDS, "doc->a", "doc->>a", "tags->0"])
def test_no_filter_opens_what_a_rule_closes(serve: Serve, column: str) -> None:
    """Every operator over every type, negated or not: no SQL of a filter reaches over the rule."""
    access = dict.fromkeys(("select", "update", "delete"), "not row.closed")
    backend = serve({"things": table(KINDS, access=access)})
    full = {"name": "a", "size": 1, "tags": ["a"], "doc": {"a": 1}, "closed": True}
    assert backend.service.post("/things", [full, {"closed": True}], MISSING).status == 201
    answered = 0

    for operator in OPERATORS:
        for operand in OPERANDS:
            for negation in ("", "not."):
                params = {column: f"{negation}{operator}.{operand}"}
                answer = backend.anonymous.get("/things", params)
                assert answer.json() == [] if answer.status == 200 else answer.status < 500, params
                if answer.status == 200:
                    answered += 1
                    assert backend.anonymous.delete("/things", params).json() == [], params

    assert answered > 10
    assert len(backend.service.get("/things").json()) == 2


MISSING = {"columns": ",".join(KINDS)}


def test_roles_come_from_the_token_that_only_the_service_can_fill(serve: Serve) -> None:
    """`user.role` and `user.roles` are claims; what users say of themselves is not among them."""
    access = {"insert": "user.role == 'authenticated'", "select": "'admin' in user.roles"}
    backend = serve({"log": table({"text": {"type": "string"}}, access=access)})

    refused(backend.anonymous.post("/log", {"text": "x"}, prefer="return=minimal"), 401, "42501")
    user = backend.user()
    assert user.post("/log", {"text": "x"}, prefer="return=minimal").status == 201
    user.request("PUT", "/auth/v1/user", None, {"data": {"roles": ["admin"]}})
    assert user.get("/log").json() == []


SECRET = table(
    {
        "name": {"type": "string"},
        "pin": {"type": "string", "writeOnly": True},
        "made": {
            "type": "string",
            "format": "date-time",
            "readOnly": True,
            "defaultExpression": "now()",
        },
    }
)


@pytest.fixture
def vault(serve: Serve) -> Client:
    client = serve({"vault": SECRET}).anonymous
    assert client.post("/vault", {"name": "a", "pin": "4711"}).status == 201
    return client


def test_what_is_write_only_is_in_no_answer(vault: Client) -> None:
    """Neither of a read nor of a write."""
    for answer in (
        vault.get("/vault"),
        vault.get("/vault", {"select": "*"}),
        vault.get("/vault", accept="text/csv"),
        vault.post("/vault", {"name": "b", "pin": "4711"}),
        vault.patch("/vault", {"name": "eq.a"}, {"pin": "4711"}),
        vault.delete("/vault", {"name": "eq.a"}),
    ):
        assert answer.status < 300
        assert "4711" not in answer.text
        assert "pin" not in answer.text


@pytest.mark.parametrize(
    "params",
    [
        {"select": "pin"},
        {"select": "p:pin"},
        {"select": "pin::text"},
        {"pin": "eq.4711"},
        {"pin": "not.is.null"},
        {"pin": "like.4*"},
        {"or": "(pin.eq.4711,name.eq.x)"},
        {"order": "pin"},
        {"select": "name,pin.max()"},
    ],
)
def test_nothing_can_be_asked_of_what_is_write_only(vault: Client, params: Schema) -> None:
    """A filter or an order would tell its value bit by bit; it is as if it were not there."""
    answer = vault.get("/vault", params)

    assert answer.status == 400, answer.text
    assert "4711" not in answer.text


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_no_write_can_be_filtered_by_what_is_write_only(vault: Client, method: str) -> None:
    """The number of rows touched would tell, too."""
    answer = vault.request(method, "/rest/v1/vault", {"pin": "eq.4711"}, {"name": "x"})

    assert answer.status == 400, answer.text
    assert vault.get("/vault", {"select": "name"}).json() == [{"name": "a"}]


def test_what_is_read_only_is_refused_from_a_client(vault: Client) -> None:
    """428C9, as PostgreSQL says it of a generated column; the service is a client, too."""
    made = {"made": "2000-01-01T00:00:00Z"}

    refused(vault.post("/vault", {"name": "b"} | made), 400, "428C9")
    refused(vault.patch("/vault", {"name": "eq.a"}, made), 400, "428C9")
    [row] = vault.get("/vault").json()
    assert not row["made"].startswith("2000")


def test_a_token_ends_at_once_with_its_session(backend: TestBackend) -> None:
    """After sign-out the same token is refused by the data API."""
    user = backend.user()
    assert user.get("/notes").status == 200

    assert user.request("POST", "/auth/v1/logout").status == 204

    told: Any = refused(user.get("/notes"), 401, "PGRST301")
    assert told["message"] == "The session of this token has ended"


def test_the_rule_refuses_before_missing_values_and_taken_keys(serve: Serve) -> None:
    """As in PostgreSQL: nobody learns which keys are taken by rows that no rule lets in."""
    rules = {"select": "True", "insert": "new.kind == 'a'", "update": "new.kind == 'a'"}
    kinds = table(
        {"kind": {"type": "string"}, "code": {"type": "string"}, "size": {"type": "integer"}},
        required=["code"],
        unique=[["code"]],
        access=rules,
    )
    visitor = serve({"kinds": kinds}).anonymous
    visitor.post("/kinds", [{"kind": "a", "code": "x"}, {"kind": "a", "code": "y"}])

    refused(visitor.post("/kinds", {"kind": "b", "code": "x"}), 401, "42501")
    refused(visitor.post("/kinds", {"kind": "a", "code": "x"}), 409, "23505")
    refused(visitor.post("/kinds", {"kind": "b"}), 401, "42501")
    refused(visitor.post("/kinds", {"kind": "a"}), 400, "23502")
    one = {"id": "eq.1"}
    refused(visitor.patch("/kinds", one, {"kind": "b", "code": "y"}), 401, "42501")
    refused(visitor.patch("/kinds", one, {"kind": "a", "code": "y"}), 409, "23505")
    refused(visitor.patch("/kinds", one, {"kind": "b", "code": None}), 401, "42501")
    refused(visitor.patch("/kinds", one, {"code": None}), 400, "23502")


def test_names_that_are_no_words_stand_in_brackets_and_quotes(serve: Serve) -> None:
    """Columns, references through them, tables in loops; in SQL and in memory alike."""
    who = {"type": "string", "format": "uuid"}
    select = (
        "row['from'] == user.id or row['First Name'] == 'all' or row['parent']['from'] == user.id"
        " or any(i['order id'] == row.id and i['from'] == user.id for i in 'order-items')"
    )
    own = {"insert": "new['from'] is not None", "select": select}
    letters = table(
        {
            "from": who,
            "First Name": {"type": "string"},
            "parent": {"type": "integer", "references": "letters.id"},
        },
        access=own,
    )
    items = table({"order id": {"type": "integer"}, "from": who})
    backend = serve({"letters": letters, "order-items": items})
    ada, ben = backend.user(), backend.user()
    backend.service.post("/letters", [{"from": ada.id}, {"from": ben.id}])
    backend.service.post("/letters", {"from": ben.id, "parent": 1})
    backend.service.post("/letters", {"from": ben.id, "First Name": "all"})
    backend.service.post("/order-items", {"order id": 2, "from": ada.id})
    seen = [row["id"] for row in ada.get("/letters", {"select": "id", "order": "id"}).json()]
    assert seen == [1, 2, 3, 4]
    assert [row["id"] for row in backend.anonymous.get("/letters", {"select": "id"}).json()] == [4]


def test_a_date_is_held_against_today(serve: Serve) -> None:
    """In UTC; what began shows, and what is due today is accepted."""
    day = {"type": "string", "format": "date"}
    access = {"select": "row.begins <= today()", "insert": "new.begins >= today()"}
    columns = {"begins": {**day, "defaultExpression": "today()"}, "note": {"type": "string"}}
    backend = serve({"days": table(columns, access=access)})
    assert backend.anonymous.post("/days", {"note": "today"}).status == 201
    assert backend.anonymous.post("/days", {"begins": "9999-01-01"}).status == 401
    refused(backend.anonymous.post("/days", {"begins": "2020-01-01"}), 401, "42501")
    backend.service.post("/days", [{"begins": "2020-01-01"}, {"begins": "9999-01-01"}])
    assert len(backend.anonymous.get("/days").json()) == 2
