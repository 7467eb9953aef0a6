"""The grammar: which parameter and header means what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.query.board import asked, code_of

from jotbase.errors import RequestError
from jotbase.query.request.grammar import is_root
from jotbase.query.request.intent import (
    Condition,
    FieldPath,
    Logic,
    OrderTerm,
    Placeholder,
    SelectField,
)

ID = FieldPath("id")


def test_a_plain_read() -> None:
    """Without parameters everything of the table is meant."""
    intent = asked("GET /jobs")

    assert (intent.action, intent.target, intent.head, intent.selected) == (
        "read",
        "jobs",
        False,
        False,
    )
    assert intent.select == (SelectField(FieldPath("*")),)


@pytest.mark.parametrize(
    ("method", "action"),
    [
        ("GET", "read"),
        ("HEAD", "read"),
        ("POST", "insert"),
        ("PATCH", "update"),
        ("PUT", "put"),
        ("DELETE", "delete"),
    ],
)
def test_methods(method: str, action: str) -> None:
    """Each method is one action."""
    assert asked(f"{method} /jobs").action == action


def test_filters_are_gathered_by_path() -> None:
    """Filters of one table are all to hold, those of embedded ones stand apart."""
    intent = asked("GET /jobs?id=eq.1&id=not.gt.2&firm.id=is.null&firm.or=(id.eq.1,id.eq.2)")

    assert intent.filters[()] == (
        Condition(ID, "eq", Placeholder(0)),
        Condition(ID, "gt", Placeholder(1), negated=True),
    )
    assert intent.filters["firm",] == (
        Condition(ID, "is", "null"),
        Logic("or", (Condition(ID, "eq", "1"), Condition(ID, "eq", "2"))),
    )


@pytest.mark.parametrize(
    ("name", "path", "negated"),
    [("or", (), False), ("not.or", (), True), ("a.or", ("a",), False), ("a.not.or", ("a",), True)],
)
def test_where_a_tree_stands(name: str, path: tuple[str, ...], negated: bool) -> None:
    """`not.` and the names of relations stand before `or`."""
    tree = Logic("or", (Condition(ID, "eq", "1"),), negated)

    assert asked(f"GET /jobs?{name}=(id.eq.1)").filters == {path: (tree,)}


def test_order_and_limits() -> None:
    """Order, limit and offset are by path too; digits are values."""
    intent = asked("GET /jobs?order=id.desc&a.b.order=id&limit=3&a.limit=4&offset=-2")

    assert intent.order == {
        (): (OrderTerm(ID, descending=True),),
        ("a", "b"): (OrderTerm(ID),),
    }
    assert intent.limit == {(): Placeholder(0), ("a",): Placeholder(1)}
    assert intent.offset == {(): -1}


@pytest.mark.parametrize(
    ("header", "found"),
    [("0-9", (0, 9)), ("5-", (5, None)), ("items=1-2", (1, 2)), ("x", None), ("-5", None)],
)
def test_the_range_header(header: str, found: tuple[int, int | None] | None) -> None:
    """A range of items counts; what is none is passed over."""
    assert asked("GET /jobs", range=header).range == found


def test_a_range_of_another_unit_is_passed_over() -> None:
    """Bytes of a page are not rows."""
    assert asked("GET /jobs", range="0-9", range_unit="bytes").range is None


def test_what_a_write_names() -> None:
    """Columns of the body and of a conflict are lists of names."""
    intent = asked('POST /jobs?columns=id,"a,b"&on_conflict=id')

    assert intent.columns == ("id", "a,b")
    assert intent.on_conflict == ("id",)


def test_a_function_call() -> None:
    """What has no operator in a GET of a function is an argument."""
    intent = asked("GET /rpc/add?a=1&b=2&id=eq.3")

    assert (intent.action, intent.target) == ("call", "add")
    assert intent.arguments == (("a", Placeholder(0)), ("b", Placeholder(1)))
    assert intent.filters == {(): (Condition(ID, "eq", Placeholder(2)),)}


def test_names_are_decoded() -> None:
    """A table's and a column's name may hold any character."""
    intent = asked("GET /Server%20Today?Just%20A=eq.1")

    assert intent.target == "Server Today"
    assert intent.filters == {(): (Condition(FieldPath("Just A"), "eq", Placeholder(0)),)}


@pytest.mark.parametrize(
    ("line", "headers", "code"),
    [
        ("TRACE /jobs", {}, "PGRST117"),
        ("GET /a/b", {}, "PGRST125"),
        ("GET /", {}, "PGRST125"),
        ("DELETE /rpc/f", {}, "PGRST101"),
        ("GET /jobs", {"accept_profile": "private"}, "PGRST106"),
        ("GET /jobs", {"accept": "image/png"}, "PGRST107"),
        ("POST /jobs", {"content_type": "image/png"}, "PGRST102"),
        ("GET /jobs", {"prefer": "handling=strict, odd"}, "PGRST122"),
        ("GET /jobs?id=5", {}, "PGRST100"),
        ("GET /jobs?select=(", {}, "PGRST100"),
        ("GET /jobs?order=", {}, "PGRST100"),
        ("GET /jobs?select=firms(*)&firms.order=", {}, "PGRST100"),
        ("POST /jobs?columns=", {}, "PGRST100"),
    ],
)
def test_what_is_refused(line: str, headers: dict[str, str], code: str) -> None:
    """Each nonsense has its code."""
    with pytest.raises(RequestError) as caught:
        asked(line, **headers)

    assert caught.value.code == code


@given(st.text(max_size=60), st.text(max_size=30), st.text(max_size=30))
def test_any_request_is_read_or_refused(query: str, prefer: str, accept: str) -> None:
    """Whatever a caller sends, the answer is an intent or one of our errors."""
    found = code_of(lambda: asked(f"GET /jobs?{query}", prefer=prefer, accept=accept))

    assert found is None or found in {"PGRST100", "PGRST107", "PGRST122", "22P05", "54001"}


@pytest.mark.parametrize(
    ("path", "expected"), [("/rest/v1/", True), ("/rest/v1", True), ("/rest/v1/jobs", False)]
)
def test_the_root_is_the_api_itself(path: str, expected: bool) -> None:
    """A table's path is none."""
    assert is_root(path) is expected


def test_the_first_of_two_selects_counts() -> None:
    """PostgREST looks a parameter up by its name, and finds the first."""
    assert asked("GET /jobs?select=id&select=title").select == (SelectField(ID),)
