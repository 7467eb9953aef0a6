"""Values in their three forms: text, canonical JSON, stored."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.schema.projects import JSON

from jotbase.errors import RequestError
from jotbase.schema.model.tables import Column, Type
from jotbase.schema.values.convert import canonical, canonical_decimal, from_text, loaded, stored
from jotbase.sql.dialect import SQLITE


def column(kind: Type, item: Type | None = None) -> Column:
    """Return a column of that type."""
    return Column("c", kind, {}, nullable=True, item=item)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Type.INTEGER, " -42 ", -42),
        (Type.INTEGER, "9223372036854775807", 2**63 - 1),
        (Type.NUMBER, "1e3", 1000.0),
        (Type.NUMBER, ".5", 0.5),
        (Type.DECIMAL, "001.2500", "1.25"),
        (Type.DECIMAL, "-1e2", "-100"),
        (Type.DECIMAL, "-0.0", "0"),
        (Type.BOOLEAN, "t", True),
        (Type.BOOLEAN, " YES ", True),
        (Type.BOOLEAN, "on", True),
        (Type.BOOLEAN, "of", False),
        (Type.BOOLEAN, "0", False),
        (Type.TEXT, " as it is ", " as it is "),
        (
            Type.UUID,
            "{2EB8AA08-AA98-11EA-B4AA-73B441D16380}",
            "2eb8aa08-aa98-11ea-b4aa-73b441d16380",
        ),
        (
            Type.UUID,
            "2eb8aa08aa9811eab4aa73b441d16380",
            "2eb8aa08-aa98-11ea-b4aa-73b441d16380",
        ),
        (Type.TIMESTAMP, "2026-08-21", "2026-08-21T00:00:00+00:00"),
        (Type.DATE, "2026-08-21", "2026-08-21"),
        (Type.TIME, "10:11", "10:11:00"),
        (Type.BYTES, "\\x00ff", "AP8="),
        (Type.BYTES, "AP8=", "AP8="),
        (Type.JSON, '{"a": [1, null]}', {"a": [1, None]}),
    ],
)
def test_text_is_read_as_postgresql_reads_it(kind: Type, text: str, value: Any) -> None:
    """Each type has its spellings and one canonical value."""
    found = from_text(kind, text)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "text", "code", "message"),
    [
        (Type.INTEGER, "abc", "22P02", 'invalid input syntax for type integer: "abc"'),
        (Type.INTEGER, "", "22P02", 'invalid input syntax for type integer: ""'),
        (Type.INTEGER, "1.5", "22P02", 'invalid input syntax for type integer: "1.5"'),
        (Type.INTEGER, "١", "22P02", None),
        (
            Type.INTEGER,
            "9223372036854775808",
            "22003",
            'value "9223372036854775808" is out of range for type bigint',
        ),
        (Type.INTEGER, "9" * 5000, "22003", None),
        (Type.NUMBER, "x", "22P02", 'invalid input syntax for type double precision: "x"'),
        (Type.NUMBER, "NaN", "22P02", None),
        (Type.NUMBER, "1e999", "22003", '"1e999" is out of range for type double precision'),
        (Type.DECIMAL, "1,5", "22P02", 'invalid input syntax for type numeric: "1,5"'),
        (Type.DECIMAL, "1e99999999", "22003", "value overflows numeric format"),
        (Type.BOOLEAN, "maybe", "22P02", 'invalid input syntax for type boolean: "maybe"'),
        (Type.BOOLEAN, "o", "22P02", None),
        (Type.BOOLEAN, "", "22P02", None),
        (Type.UUID, "x", "22P02", 'invalid input syntax for type uuid: "x"'),
        (Type.DATE, "x", "22007", 'invalid input syntax for type date: "x"'),
        (Type.JSON, "{a}", "22P02", "invalid input syntax for type json"),
        (Type.BYTES, "\\xzz", "22P02", None),
        (Type.BYTES, "a", "22P02", None),
        (Type.TEXT, "a\x00", "22P05", "unsupported Unicode escape sequence"),
        (Type.JSON, '{"a": ["\\u0000"]}', "22P05", None),
        (Type.ARRAY, "{a", "22P02", 'malformed array literal: "{a"'),
    ],
)
def test_other_text_has_postgresqls_error(
    kind: Type, text: str, code: str, message: str | None
) -> None:
    """Code and words are those that clients know."""
    with pytest.raises(RequestError) as caught:
        from_text(kind, text)

    assert caught.value.code == code
    assert message in (None, caught.value.message)


@given(st.sampled_from(list(Type)), st.text())
def test_no_text_is_more_than_refused(kind: Type, text: str) -> None:
    """Whatever a caller sends, it is a value or a RequestError."""
    code = None
    try:
        from_text(kind, text)
    except RequestError as error:
        code = error.code
    assert code in (None, "22P02", "22003", "22007", "22008", "22P05")


def test_arrays_are_read_item_by_item() -> None:
    """JSON and PostgreSQL's literal come to the same."""
    assert from_text(Type.ARRAY, "{1,2}", Type.INTEGER) == [1, 2]
    assert from_text(Type.ARRAY, "[1, 2]", Type.INTEGER) == [1, 2]
    assert from_text(Type.ARRAY, "{a,b}") == ["a", "b"]
    assert from_text(Type.ARRAY, "{1,-2.5,01,a,NULL}") == [1, -2.5, "01", "a", None]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Type.INTEGER, 1.0, 1),
        (Type.NUMBER, 1, 1.0),
        (Type.DECIMAL, 1.50, "1.5"),
        (Type.DECIMAL, "1.50", "1.5"),
        (Type.UUID, "2EB8AA08-AA98-11EA-B4AA-73B441D16380", "2eb8aa08-aa98-11ea-b4aa-73b441d16380"),
        (Type.TIMESTAMP, "2026-08-21T12:00:00.10+02:00", "2026-08-21T10:00:00.1+00:00"),
        (Type.TEXT, None, None),
        (Type.JSON, {"a": 1.0}, {"a": 1.0}),
    ],
)
def test_json_that_passed_the_schema_has_one_form(kind: Type, value: Any, expected: Any) -> None:
    """Equal values are equal bytes afterwards."""
    found = canonical(column(kind), value)

    assert found == expected
    assert type(found) is type(expected)


def test_items_of_an_array_have_their_form_too() -> None:
    """Null items stay, and an item that is none of the type is left as it is."""
    times = column(Type.ARRAY, Type.TIMESTAMP)

    assert canonical(column(Type.ARRAY, Type.INTEGER), [1.0, None]) == [1, None]
    assert canonical(times, ["2026-08-21T00:00:00Z"]) == ["2026-08-21T00:00:00+00:00"]


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        (Type.INTEGER, 2**63, "22003"),
        (Type.INTEGER, 1e30, "22003"),
        (Type.NUMBER, 10**400, "22003"),
        (Type.TEXT, "a\x00b", "22P05"),
        (Type.JSON, {"a\x00": 1}, "22P05"),
        (Type.JSON, [[{"a": "\x00"}]], "22P05"),
        (Type.JSON, [2**64], "22003"),
        (Type.ARRAY, ["\x00"], "22P05"),
        (Type.TIMESTAMP, "0000-01-01T00:00:00Z", "22008"),
    ],
)
def test_what_no_database_holds_is_refused(kind: Type, value: Any, code: str) -> None:
    """Huge numbers, U+0000 anywhere and impossible times have their codes."""
    with pytest.raises(RequestError) as caught:
        canonical(column(kind), value)

    assert caught.value.code == code


@given(JSON)
def test_json_comes_back_from_the_database(value: Any) -> None:
    """Stored and loaded, any JSON is what it was."""
    if value is not None:
        assert loaded(Type.JSON, stored(Type.JSON, value, SQLITE), SQLITE) == value


@pytest.mark.parametrize(
    ("kind", "value", "bound"),
    [
        (Type.BOOLEAN, True, 1),
        (Type.BYTES, "AP8=", b"\x00\xff"),
        (Type.ARRAY, ["a", 1], '["a",1]'),
        (Type.TEXT, "a", "a"),
        (Type.DECIMAL, "1.25", "1.25"),
    ],
)
def test_the_stored_form_is_sqlites(kind: Type, value: Any, bound: Any) -> None:
    """What is bound comes back as the canonical value."""
    assert stored(kind, value, SQLITE) == bound
    assert loaded(kind, bound, SQLITE) == value


def test_null_is_null_in_every_form() -> None:
    """No type makes something of nothing."""
    assert [loaded(kind, stored(kind, None, SQLITE), SQLITE) for kind in Type] == [None] * len(Type)


def test_a_decimal_that_would_lose_digits_is_refused() -> None:
    """SQLite keeps 15 digits; zeros at either end are none of them."""
    assert stored(Type.DECIMAL, "123456789012345000", SQLITE) == "123456789012345000"
    with pytest.raises(RequestError) as caught:
        stored(Type.DECIMAL, "12345678901234.56", SQLITE)

    assert caught.value.code == "22003"


def test_decimals_come_back_from_numbers() -> None:
    """SQLite gives integers and doubles for what was bound as text."""
    assert loaded(Type.DECIMAL, 5, SQLITE) == "5"
    assert loaded(Type.DECIMAL, 0.1, SQLITE) == "0.1"
    assert loaded(Type.DECIMAL, 1e20, SQLITE) == canonical_decimal("100000000000000000000")
