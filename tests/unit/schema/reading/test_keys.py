"""Keys, indexes and references between tables."""

from typing import Any

import pytest
from tests.unit.schema.projects import ID, NUMBER, TEXT, faults, model, table, table_file

from jotbase.schema.model.tables import ForeignKey, Index, Unique

COMPANIES = table_file(
    {"id": ID, "handle": TEXT, "name": TEXT}, primaryKey=["id"], unique=[["handle"]]
)


def told(**schemas: Any) -> list[tuple[str, str, str | None]]:
    """Return place, reason and hint of each fault."""
    return [(fault.pointer, fault.reason, fault.hint) for fault in faults(**schemas)]


def test_keys_have_postgresqls_names() -> None:
    """A second one of the same columns is numbered."""
    jobs = table({"a": TEXT, "b": TEXT}, unique=[["a", "b"], ["b"]], indexes=[["a"], ["b", "a"]])

    assert jobs.unique == (Unique("t_a_b_key", ("a", "b")), Unique("t_b_key", ("b",)))
    assert jobs.indexes == (Index("t_a_idx", ("a",)), Index("t_b_a_idx", ("b", "a")))


def test_an_indexs_name_is_nobody_elses() -> None:
    """SQLite and PostgreSQL keep tables and indexes in one list of names."""
    both = model(
        t=table_file({"a_b": TEXT}, indexes=[["a_b"]]),
        t_a=table_file({"b": TEXT}, indexes=[["b"]]),
        t_a_b_idx=table_file({"x": TEXT}),
    )

    assert [index.name for one in both for index in one.indexes] == ["t_a_b_idx1", "t_a_b_idx2"]


def test_a_reference_is_short_for_a_foreign_key() -> None:
    """Both ways of writing give the same, and the first of two has the plain name."""
    jobs = table_file(
        {
            "a": {**TEXT, "references": "companies.handle", "onDelete": "cascade"},
            "b": {**NUMBER, "references": "companies.id"},
        },
        foreignKeys=[
            {"columns": ["b"], "references": {"table": "companies", "columns": ["id"]}},
            {
                "name": "named",
                "columns": ["b"],
                "references": {"table": "companies", "columns": ["id"]},
                "onUpdate": "set null",
            },
        ],
    )

    assert model(companies=COMPANIES, jobs=jobs).tables["jobs"].foreign_keys == (
        ForeignKey("jobs_a_fkey", ("a",), "companies", ("handle",), "cascade"),
        ForeignKey("jobs_b_fkey", ("b",), "companies", ("id",)),
        ForeignKey("jobs_b_fkey1", ("b",), "companies", ("id",)),
        ForeignKey("named", ("b",), "companies", ("id",), "no action", "set null"),
    )


def test_tables_may_refer_to_each_other_and_to_themselves() -> None:
    """Rings are no fault, whatever the order of the files."""
    both = model(
        a=table_file(
            {
                "id": ID,
                "b": {**NUMBER, "references": "b.id"},
                "up": {**NUMBER, "references": "a.id"},
            },
            primaryKey=["id"],
        ),
        b=table_file({"id": ID, "a": {**NUMBER, "references": "a.id"}}, primaryKey=["id"]),
    )

    assert {key.target for one in both for key in one.foreign_keys} == {"a", "b"}


def test_accounts_can_be_referred_to() -> None:
    """auth.users is the one table with a dot in its name."""
    uuid = {"type": "string", "format": "uuid", "references": "auth.users.id"}

    assert table({"who": uuid}).foreign_keys == (
        ForeignKey("t_who_fkey", ("who",), "auth.users", ("id",)),
    )


@pytest.mark.parametrize(
    ("reference", "reason", "hint"),
    [
        ("company.handle", 'there is no table "company"', 'did you mean "companies"?'),
        (
            "companies.handel",
            'the table "companies" has no column "handel"',
            'did you mean "handle"?',
        ),
        (
            "companies.name",
            '"name" of "companies" is neither its primary key nor unique',
            'add "unique": [["name"]] to schemas/companies.json',
        ),
        (
            "companies.id",
            "a is text, and companies.id is int8",
            "give both the same type and format",
        ),
        ("auth.user.id", 'there is no table "auth"', 'write "auth.users.id"'),
        (
            "auth.users.role",
            'the table "auth.users" has no column "role"',
            "its columns: id, email",
        ),
    ],
)
def test_a_reference_to_nothing_fitting_is_a_fault(
    reference: str, reason: str, hint: str | None
) -> None:
    """Table, column, key and type must be right."""
    jobs = table_file({"a": {**TEXT, "references": reference}})

    assert told(companies=COMPANIES, jobs=jobs) == [("/properties/a/references", reason, hint)]


def test_a_view_cannot_be_referred_to() -> None:
    """Databases refer to tables."""
    view = table_file({"id": NUMBER}, view="select 1 as id", primaryKey=["id"])
    jobs = table_file({"a": {**NUMBER, "references": "v.id"}})

    assert told(v=view, jobs=jobs) == [
        ("/properties/a/references", '"v" is a view', "refer to the table behind it")
    ]


def test_several_columns_refer_as_one() -> None:
    """As many must refer as are referred to, and together they must be a key."""
    target = table_file({"a": TEXT, "b": TEXT}, primaryKey=["a", "b"])
    key = {"columns": ["x", "y"], "references": {"table": "target", "columns": ["b", "a"]}}
    less = {"columns": ["x"], "references": {"table": "target", "columns": ["a", "b"]}}
    part = {"columns": ["x"], "references": {"table": "target", "columns": ["a"]}}

    def reasons(*keys: Any) -> list[str]:
        jobs = table_file({"x": TEXT, "y": TEXT}, foreignKeys=list(keys))
        return [reason for _, reason, _ in told(target=target, jobs=jobs)]

    assert reasons(key) == []
    assert reasons(less) == ["as many columns must refer as are referred to"]
    assert reasons(part) == ['"a" of "target" is neither its primary key nor unique']


@pytest.mark.parametrize(
    ("keywords", "at", "reason"),
    [
        ({"primaryKey": ["idd"]}, "/primaryKey/0", 'there is no column "idd"'),
        ({"unique": [["id"], ["x"]]}, "/unique/1/0", 'there is no column "x"'),
        ({"indexes": [["id", "x"]]}, "/indexes/0/1", 'there is no column "x"'),
        ({"required": ["x"]}, "/required/0", 'there is no column "x"'),
        ({"unique": [["id"], ["id"]]}, "/unique/1", "stands in the list twice"),
        (
            {"foreignKeys": [{"columns": ["x"], "references": {"table": "t", "columns": ["id"]}}]},
            "/foreignKeys/0/columns",
            'there is no column "x"',
        ),
    ],
)
def test_lists_of_columns_name_columns(keywords: dict[str, Any], at: str, reason: str) -> None:
    """Each name that is no column's is told with its place."""
    found = told(t=table_file({"id": ID}, **{"primaryKey": ["id"], **keywords}))

    assert [(place, why) for place, why, _ in found] == [(at, reason)]


@pytest.mark.parametrize(
    ("action", "required", "default", "count"),
    [
        ("set null", [], {}, 0),
        ("set null", ["a"], {}, 1),
        ("set null", [], {"default": "x"}, 1),
        ("set default", ["a"], {}, 1),
        ("set default", ["a"], {"default": "x"}, 0),
        ("cascade", ["a"], {}, 0),
    ],
)
def test_an_action_must_not_put_null_where_none_may_stand(
    action: str, required: list[str], default: dict[str, Any], count: int
) -> None:
    """Such a reference would make each delete fail."""
    column = {**TEXT, **default, "references": "companies.handle", "onDelete": action}
    found = told(companies=COMPANIES, jobs=table_file({"a": column}, required=required))

    assert [place for place, _, _ in found] == ["/properties/a/onDelete"] * count


def test_a_file_that_cannot_be_read_is_not_missed() -> None:
    """A reference to it is no second fault."""
    jobs = table_file({"a": {**TEXT, "references": "companies.handle"}})

    assert [fault.file for fault in faults(companies=b"{", jobs=jobs)] == ["schemas/companies.json"]


def test_a_name_is_given_to_one_foreign_key() -> None:
    """Clients choose relations by these names."""
    key = {"name": "k", "columns": ["a"], "references": {"table": "t", "columns": ["a"]}}
    found = told(t=table_file({"a": TEXT}, primaryKey=["a"], foreignKeys=[key, key]))

    assert found == [("/foreignKeys/1/name", 'the name "k" is taken', None)]
