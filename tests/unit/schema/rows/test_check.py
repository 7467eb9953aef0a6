"""Rows held against their JSON Schema."""

from typing import Any

import pytest
from tests.unit.schema.projects import ID, NUMBER, TEXT, model, table, table_file

from jotbase.schema.rows.check import RowCheck, checker, validator


def check(properties: dict[str, Any], **keywords: Any) -> RowCheck:
    """Return the check of a table with these columns."""
    return RowCheck(table(properties, **keywords))


def test_each_fault_is_told_with_its_place_and_keyword() -> None:
    """All faults of all given columns are found at once."""
    jobs = check(
        {
            "title": {"type": "string", "minLength": 3},
            "pay": {"type": "integer", "minimum": 0},
            "tags": {"type": "array", "items": {"type": "string"}},
        }
    )

    assert jobs.column_faults({"title": "ab", "pay": -1, "tags": ["a", 5]}) == [
        {
            "pointer": "/title",
            "keyword": "minLength",
            "message": "the value is shorter than 3 characters",
        },
        {
            "pointer": "/pay",
            "keyword": "minimum",
            "message": "the value is less than the minimum of 0",
        },
        {"pointer": "/tags/1", "keyword": "type", "message": 'the value is not of type "string"'},
    ]


def test_columns_that_are_not_given_are_no_fault() -> None:
    """The server fills them, or says which is missing in its own words."""
    jobs = check({"id": ID, "title": TEXT}, required=["id", "title"], primaryKey=["id"])

    assert jobs.column_faults({}) == []
    assert [fault["keyword"] for fault in jobs.faults({"id": 1})] == ["required"]


def test_no_message_tells_a_value() -> None:
    """A row may hold what the reader of the message may not see."""
    whole = check(
        {"secret": {**TEXT, "writeOnly": True}, "a": {"type": "string", "pattern": "^x"}},
        minProperties=5,
    )
    told = str(whole.faults({"secret": "hidden", "a": "hidden"}))

    assert "hidden" not in told
    assert "minProperties" in told


@pytest.mark.parametrize(
    ("keywords", "needed"),
    [
        ({}, False),
        ({"required": ["a"], "additionalProperties": False, "description": "x"}, False),
        ({"access": {"select": "True"}, "unique": [["a"]], "realtime": True}, False),
        ({"x-mine": 1}, False),
        ({"if": {"required": ["a"]}}, True),
        ({"dependentRequired": {"a": ["b"]}}, True),
        ({"minProperties": 1}, True),
        ({"allOf": [{"required": ["a"]}]}, True),
        ({"not": {"required": ["a"]}}, True),
        ({"propertyNames": {"maxLength": 3}}, True),
        ({"additionalProperties": {"type": "string"}}, True),
    ],
)
def test_a_row_is_looked_at_whole_only_where_that_says_more(
    keywords: dict[str, Any], needed: bool
) -> None:
    """What columns say alone is checked before the row is stored."""
    assert check({"a": TEXT, "b": TEXT}, **keywords).needs_whole_row is needed


def test_conditions_between_columns_are_checked_on_the_whole_row() -> None:
    """if, then and dependentRequired see all of the row."""
    jobs = check(
        {"remote": {"type": "boolean"}, "place": TEXT},
        **{"if": {"properties": {"remote": {"const": False}}}, "then": {"required": ["place"]}},
    )

    assert jobs.faults({"remote": True}) == []
    assert jobs.faults({"remote": False}) == [
        {"pointer": "", "keyword": "required", "message": '"place" is a required property'}
    ]
    assert jobs.column_faults({"remote": False}) == []


def test_references_into_other_files_hold() -> None:
    """A column may be what another file says it is."""
    companies = table_file({"handle": {"type": "string", "minLength": 2}})
    jobs = table_file({"company": {"$ref": "companies.json#/properties/handle"}})
    against = RowCheck(model(companies=companies, jobs=jobs).tables["jobs"])

    assert against.column_faults({"company": "ab"}) == []
    assert [fault["pointer"] for fault in against.column_faults({"company": "a"})] == ["/company"]


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date-time", "2026-08-21T10:11:12Z", "2026-08-21 10:11:12"),
        ("date", "2024-02-29", "2023-02-29"),
        ("time", "10:11:12", "10:11"),
        ("email", "ada@example.com", "Ada <ada@example.com>"),
        ("uuid", "2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2eb8aa08"),
        ("uri", "https://example.com/a", "/a"),
        ("hostname", "example.com", "-example"),
        ("ipv4", "127.0.0.1", "127.0.0.256"),
        ("ipv6", "::1", "::x"),
        ("duration", "P1D", "1 day"),
        ("json-pointer", "/a", "a"),
        ("regex", "a+", "("),
        ("uri-template", "{a}", "{a"),
        ("decimal", "1.50", "1,50"),
    ],
)
def test_formats_are_asserted(name: str, good: str, bad: str) -> None:
    """A format is no mere annotation."""
    against = check({"a": {"type": "string", "format": name}})

    assert against.column_faults({"a": good}) == []
    assert [fault["keyword"] for fault in against.column_faults({"a": bad})] == ["format"]


def test_text_in_base64_is_asserted() -> None:
    """The keyword contentEncoding decides how the value is stored, so it must hold."""
    against = check({"a": {"type": "string", "contentEncoding": "base64"}})

    assert against.column_faults({"a": "AP8="}) == []
    assert against.column_faults({"a": "\\x00ff"}) == []
    assert against.column_faults({"a": "ünd"}) == [
        {
            "pointer": "/a",
            "keyword": "contentEncoding",
            "message": "the value is not encoded in base64",
        }
    ]


def test_a_decimal_is_a_number_to_its_schema() -> None:
    """Kept as exact text, it is compared as the number that it is, and so is a client's text."""
    against = check(
        {"a": {"type": "number", "format": "decimal", "maximum": 5, "multipleOf": 0.01}}
    )

    assert against.faults({"a": "1.23"}) == []
    assert [fault["keyword"] for fault in against.faults({"a": "5.01"})] == ["maximum"]
    for value, keywords in (
        (1.23, []),
        ("1.230", []),
        ("5.01", ["maximum"]),
        (1.234, ["multipleOf"]),
    ):
        assert [one["keyword"] for one in against.column_faults({"a": value})] == keywords
    assert [one["keyword"] for one in against.column_faults({"a": "x"})] == [
        "type",
        "format",
    ]


def test_a_decimal_that_is_text_is_compared_as_a_number() -> None:
    """Keywords for numbers hold for the text too, exactly, and a number is its own text."""
    said = {"type": "string", "format": "decimal", "minimum": 0.1, "exclusiveMaximum": 10}
    against = check({"a": said | {"multipleOf": 0.1}, "b": said | {"type": ["string", "null"]}})

    for value in ("0.3", 0.3, "0.30", 9.9, "1", 1):
        assert against.column_faults({"a": value, "b": None}) == []
        assert against.are_valid([{"a": value}])
    for value, keyword in ((0, "minimum"), ("10", "exclusiveMaximum"), ("0.35", "multipleOf")):
        assert not against.are_valid([{"a": value}])
        (fault,) = against.column_faults({"a": value})
        assert (fault["pointer"], fault["keyword"]) == ("/a", keyword)
        assert [one["keyword"] for one in against.faults({"a": str(value)})] == [keyword]
    assert [one["keyword"] for one in against.column_faults({"a": True})] == ["type"]
    assert [one["keyword"] for one in against.column_faults({"a": "1,5"})] == ["format"]


@pytest.mark.parametrize("name", ["a b", "a/b", "a~1", "ü", "a%25", '"', "$ref", "#", "a\\b"])
def test_columns_of_any_name_are_checked(name: str) -> None:
    """Names are escaped on their way into a reference."""
    against = check({name: NUMBER})

    assert against.column_faults({name: 1}) == []
    assert len(against.column_faults({name: "x"})) == 1


def test_keywords_are_named_where_validators_call_them_otherwise() -> None:
    """dependentRequired, propertyNames and false schemas are told as such."""
    against = check(
        {"a": TEXT, "bad": TEXT},
        dependentRequired={"a": ["bad"]},
        patternProperties={"^never": False},
    )

    assert [fault["keyword"] for fault in against.faults({"a": "x", "never": 1})] == [
        "dependentRequired",
        "falseSchema",
    ]


def test_a_pattern_costs_time_in_proportion_to_the_text() -> None:
    """What backtracks for ever elsewhere is done at once; lookaround is bounded in steps."""
    linear = validator({"pattern": "^(a+)+$"})
    bounded = validator({"pattern": "^(?=a)(a+)+$"})

    assert not linear.is_valid("a" * 50_000 + "b")
    assert not bounded.is_valid("a" * 50_000 + "b")
    assert bounded.is_valid("aaa")


@pytest.mark.parametrize(
    ("keywords", "early"),
    [
        ({"dependentRequired": {"a": ["b"]}}, ["dependentRequired"]),
        ({"dependentRequired": {"a": ["made"]}}, []),
        ({"if": {"required": ["a"]}, "then": {"required": ["b"]}}, ["required"]),
        ({"if": {"not": {"required": ["made"]}}, "then": {"required": ["b"]}}, []),
        ({"minProperties": 5}, []),
        ({"not": {"required": ["a"]}}, ["not"]),
        ({"$ref": "#/$defs/x", "$defs": {"x": {"required": ["b"]}}}, ["required"]),
        ({"$ref": "#/$defs/x", "$defs": {"x": {"required": ["made"]}}}, []),
    ],
)
def test_before_a_row_is_stored_only_what_it_has_is_held_against_it(
    keywords: dict[str, Any], early: list[str]
) -> None:
    """A keyword that may look at a column which the database is to fill says nothing yet."""
    row = check({"a": TEXT, "b": TEXT, "made": TEXT}, required=["made"], **keywords)

    assert [fault["keyword"] for fault in row.row_faults({"a": "x"}, {"made"})] == early


def test_the_faults_of_a_row_as_a_whole_are_not_those_of_its_columns() -> None:
    """What single columns say is told by `column_faults`; nothing is said without such keywords."""
    row = check(
        {"a": {"type": "string", "minLength": 2}, "b": TEXT}, dependentRequired={"a": ["b"]}
    )

    assert [one["keyword"] for one in row.row_faults({"a": ""})] == ["dependentRequired"]
    assert check({"a": {"type": "string", "minLength": 2}}).row_faults({"a": ""}) == []


def test_many_rows_are_held_against_their_columns_in_one_call() -> None:
    """`are_valid` says of all rows what `column_faults` says of each."""
    row = check(
        {
            "n": {"type": "integer", "minimum": 1},
            "file": {"type": "string", "contentEncoding": "base64"},
        }
    )

    assert row.are_valid([])
    assert row.are_valid([{"n": 1, "file": "AAEC"}, {}])
    assert not row.are_valid([{"n": 1}, {"n": 0}])
    assert not row.are_valid([{"file": "AAEC"}, {"file": "?"}])


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "string", "pattern": "^(?!draft)"}, "x", "draft x"),
        ({"type": "string", "pattern": "(?<=a)b"}, "ab", "b"),
        ({"type": "string", "pattern": r"^(.)\1$"}, "aa", "ab"),
        ({"type": "string", "pattern": "^(a+)+$(?!x)"}, "aa", "a" * 40 + "b"),
        (
            {"type": "object", "patternProperties": {"^(?!x)": {"type": "string"}}},
            {"x": 1},
            {"a": 1},
        ),
    ],
)
def test_patterns_look_around_and_back(schema: dict[str, Any], good: Any, bad: Any) -> None:
    """As ECMA-262 has it; what would take too many steps does not match."""
    one = table({"a": schema})
    assert RowCheck(one).column_faults({"a": good}) == []
    assert [fault["pointer"] for fault in RowCheck(one).column_faults({"a": bad})][:1] != []
    assert RowCheck(one).are_valid([{"a": good}])
    assert RowCheck(one).faults({"a": bad}) != []


def test_a_document_that_is_no_object_is_checked() -> None:
    """Faults of a list and of a scalar, at the root and within."""
    faults = checker({"type": "array", "items": {"type": "integer"}})

    assert faults([1, 2]) == []
    assert [(one["pointer"], one["keyword"]) for one in faults([1, "x"])] == [("/1", "type")]
    assert [(one["pointer"], one["keyword"]) for one in faults("x")] == [("", "type")]


def test_a_constant_of_a_decimal_is_a_number_however_it_is_written() -> None:
    """In `const` and `enum`, behind references and in branches, 1.50 is 1.5; text stays text."""
    price = {"type": "string", "format": "decimal"}
    prices = check(
        {
            "const": {**price, "const": "1.50"},
            "among": {"$ref": "#/$defs/among"},
            "list": {"type": "array", "items": {**price, "enum": ["2.0"]}},
            "text": {"type": "string", "enum": ["1.50"]},
            "note": {"type": "string"},
        },
        **{"$defs": {"among": {**price, "enum": ["1.50", "2"]}}},
        **{"if": {"properties": {"const": {"const": "1.50"}}}, "then": {"required": ["note"]}},
    )
    good = {"const": "1.5", "among": 1.5, "list": [2], "text": "1.50", "note": "x"}

    assert prices.faults(good) == []
    assert prices.faults(good | {"const": "1.50", "among": "2.00", "list": ["2.0"]}) == []
    assert [one["pointer"] for one in prices.faults(good | {"text": "1.5"})] == ["/text"]
    assert [one["pointer"] for one in prices.faults(good | {"among": "3"})] == ["/among"]
    assert [one["keyword"] for one in prices.faults({"const": "1.5"})] == ["required"]
