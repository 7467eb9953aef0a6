"""Filters, logic trees, orders and lists of names, read and refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.query.board import code_of

from jotbase.errors import RequestError
from jotbase.query.request.filter_grammar import (
    list_items,
    parse_filter,
    parse_list,
    parse_logic,
    parse_names,
    parse_order,
    parse_path,
)
from jotbase.query.request.intent import (
    Condition,
    FieldPath,
    JsonStep,
    Logic,
    OrderTerm,
    Placeholder,
)
from jotbase.query.request.scanner import Fault, Scanner

ID = FieldPath("id")


def test_a_path_through_relations() -> None:
    """Dots lead through embedded relations, arrows into JSON."""
    assert parse_path("a.b.data->>x") == (
        ("a", "b"),
        FieldPath("data", (JsonStep("x", True),)),
    )
    assert parse_path('"a.b"') == ((), FieldPath("a.b"))


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("eq.5", Condition(ID, "eq", "5")),
        ("not.eq.5", Condition(ID, "eq", "5", negated=True)),
        ("like(any).{a,b}", Condition(ID, "like", "{a,b}", quantifier="any")),
        ("fts(english).a b", Condition(ID, "fts", "a b", config="english")),
        ("is.NULL", Condition(ID, "is", "null")),
        ("not.is.not_null", Condition(ID, "is", "not_null", negated=True)),
        ('in.(1,"a,b")', Condition(ID, "in", '(1,"a,b")')),
        ("eq.", Condition(ID, "eq", "")),
    ],
)
def test_one_filter(text: str, condition: Condition) -> None:
    """Operator, negation, quantifier and operand are told apart."""
    assert parse_filter(ID, text) == condition


def test_a_value_may_stand_elsewhere() -> None:
    """A shape leaves the operator alone; the value is found at its place."""
    assert parse_filter(ID, "not.gt.", Placeholder(3)) == Condition(
        ID, "gt", Placeholder(3), negated=True
    )


def test_what_is_no_operator() -> None:
    """PostgREST's words for the commonest mistake."""
    with pytest.raises(RequestError) as caught:
        parse_filter(ID, "0")

    assert caught.value.message == '"failed to parse filter (0)" (line 1, column 1)'
    assert caught.value.details == 'unexpected "0" expecting "not" or operator (eq, gt, ...)'


@pytest.mark.parametrize(
    "text", ["", "eq", "eq(some).1", "in(any).(1)", "is.nil", "in.1", "in.(1", "nope.1", "not.5"]
)
def test_what_is_no_filter(text: str) -> None:
    """Unknown operators, quantifiers and constants are refused."""
    with pytest.raises(RequestError) as caught:
        parse_filter(ID, text)

    assert caught.value.code == "PGRST100"


def test_a_logic_tree() -> None:
    """Trees nest, negate, and quote values that hold commas."""
    found = parse_logic("or", False, '(id.eq.1,not.and(id.gt.2,id.lt."a,b"), id.in.(1,2))')

    assert found == Logic(
        "or",
        (
            Condition(ID, "eq", "1"),
            Logic("and", (Condition(ID, "gt", "2"), Condition(ID, "lt", "a,b")), negated=True),
            Condition(ID, "in", "(1,2)"),
        ),
    )


def test_a_value_of_a_tree_that_only_looks_quoted_is_taken_as_it_is() -> None:
    """A quote without an end is a character; in quotes, blanks are kept."""
    found = parse_logic("or", False, '(id.eq." ",id.eq.",id.eq."a"b)')

    operands = [part.operand for part in found.parts if isinstance(part, Condition)]
    assert operands == [" ", '"', '"a"b']


def test_a_column_may_be_called_like_an_operator() -> None:
    """`or.eq.1` inside a tree is a filter on the column `or`."""
    assert parse_logic("and", True, "(or.eq.1)") == Logic(
        "and", (Condition(FieldPath("or"), "eq", "1"),), negated=True
    )


@pytest.mark.parametrize("text", ["", "()", "(id.eq.1", "(id.eq.1))", "(id)", "id.eq.1"])
def test_what_is_no_tree(text: str) -> None:
    """Parentheses must match and hold at least one filter."""
    with pytest.raises(RequestError) as caught:
        parse_logic("or", False, text)

    assert caught.value.code == "PGRST100"


def test_trees_nest_only_so_deep() -> None:
    """A tree that would exhaust the reader is refused."""
    with pytest.raises(RequestError) as caught:
        parse_logic("or", False, "(or" * 80 + "(id.eq.1)" + ")" * 80)

    assert caught.value.code == "54001"


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("()", []),
        ("(   )", []),
        ('(" ")', [" "]),
        ('("")', [""]),
        ('( ,"")', ["", ""]),
        ("(1,2)", ["1", "2"]),
        ('("a,b",c)', ["a,b", "c"]),
        ('(")', ['"']),
        ('(Double"Quote"McGraw")', ['Double"Quote"McGraw"']),
        (r'("\\")', ["\\"]),
        ("(,)", ["", ""]),
    ],
)
def test_lists(text: str, items: list[str]) -> None:
    """Elements are parted by commas; what only looks quoted is taken as it is."""
    assert list_items(text) == items


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("id", OrderTerm(ID)),
        ("id.asc", OrderTerm(ID)),
        ("id.desc.nullslast", OrderTerm(ID, descending=True, nulls_first=False)),
        ("id.nullsfirst", OrderTerm(ID, nulls_first=True)),
        ("firms(id).desc", OrderTerm(ID, "firms", descending=True)),
        ("id->k.desc", OrderTerm(FieldPath("id", (JsonStep("k", False),)), descending=True)),
    ],
)
def test_order(text: str, term: OrderTerm) -> None:
    """Direction, place of nulls and a related column are told apart."""
    assert parse_order(text) == (term,)


@pytest.mark.parametrize("text", ["id.up", "id,", "id.desc.asc", "firms(id", ""])
def test_what_is_no_order(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(RequestError):
        parse_order(text)


def test_names() -> None:
    """A list of columns, quoted where need be."""
    assert parse_names('id, "a,b"', "columns parameter") == ("id", "a,b")
    with pytest.raises(RequestError):
        parse_names("id,,", "columns parameter")


@given(st.text(alphabet='a1(),.{}"\\ not', max_size=40))
def test_any_text_gives_a_tree_or_an_error(text: str) -> None:
    """No text upsets the reader."""
    found = code_of(lambda: parse_logic("or", False, text))

    assert found in {None, "PGRST100", "54001"}


_DIRECTIONS = '"asc", "desc", "nullsfirst" or "nullslast"'
_PLACES = '"nullsfirst" or "nullslast"'


@pytest.mark.parametrize(
    ("text", "column", "details"),
    [
        ("noop.0", 1, 'unexpected "o" expecting "not" or operator (eq, gt, ...)'),
        ("", 1, 'unexpected end of input expecting "not" or operator (eq, gt, ...)'),
        ("eq", 3, "unexpected end of input expecting operator (eq, gt, ...)"),
        ("eq().value", 4, 'unexpected ")" expecting operator (eq, gt, ...)'),
        ("fts().value", 5, 'unexpected ")" expecting operator (eq, gt, ...)'),
        ("is().value", 3, 'unexpected "(" expecting operator (eq, gt, ...)'),
        ("in().value", 3, 'unexpected "(" expecting operator (eq, gt, ...)'),
        ("liked.x", 5, 'unexpected "d" expecting operator (eq, gt, ...)'),
        ("not.x.1", 5, 'unexpected "x" expecting operator (eq, gt, ...)'),
        ("is.nope", 6, 'unexpected "p" expecting isVal: (null, not_null, true, false, unknown)'),
        ("in.1", 4, 'unexpected "1" expecting "("'),
        ("in.(1,2", 8, 'unexpected end of input expecting "," or ")"'),
    ],
)
def test_what_is_no_filter_is_told_as_by_postgrest(text: str, column: int, details: str) -> None:
    """The place is the furthest that an attempt came to (Parsec); QueryParams.hs has examples."""
    with pytest.raises(RequestError) as caught:
        parse_filter(ID, text)

    expected = f'"failed to parse filter ({text})" (line 1, column {column})'
    assert (caught.value.message, caught.value.details) == (expected, details)


@pytest.mark.parametrize(
    ("text", "column", "details"),
    [
        ("id.ac", 4, f'unexpected "c" expecting {_DIRECTIONS}'),
        ("id.nulsfist", 4, f'unexpected "n" expecting {_DIRECTIONS}'),
        ("id.descc", 8, "unexpected 'c' expecting delimiter (.), \",\" or end of input"),
        ("id.nullslasttt", 13, "unexpected 't' expecting \",\" or end of input"),
        ("id.asc.nlsfst", 8, f'unexpected "l" expecting {_PLACES}'),
        ("id.asc.desc", 8, f'unexpected "d" expecting {_PLACES}'),
        (
            "clients(name,id)",
            8,
            'unexpected \'(\' expecting letter, digit, "-", "->>", "->", delimiter (.), ","'
            " or end of input",
        ),
    ],
)
def test_what_is_no_order_is_told_as_by_postgrest(text: str, column: int, details: str) -> None:
    """Two directions are none, either."""
    with pytest.raises(RequestError) as caught:
        parse_order(text)

    expected = f'"failed to parse order ({text})" (line 1, column {column})'
    assert (caught.value.message, caught.value.details) == (expected, details)


@pytest.mark.parametrize(
    ("text", "column", "details"),
    [
        ("(id.in.1,2,id.eq.3)", 10, 'unexpected "1" expecting "("'),
        (")(", 3, 'unexpected ")" expecting "("'),
        ("(ord(id.eq.1,id.eq.1),id.eq.2)", 6, 'unexpected "d" expecting "("'),
        ("(id.eq.1,not.xor(id.eq.2))", 16, 'unexpected "x" expecting logic operator (and, or)'),
        ("(id.eq.1", 11, 'unexpected end of input expecting "," or ")"'),
        (
            "(foo(id.eq.1))",
            7,
            'unexpected "(" expecting letter, digit, "-", "->>", "->" or delimiter (.)',
        ),
    ],
)
def test_what_is_no_logic_is_told_as_by_postgrest(text: str, column: int, details: str) -> None:
    """What begins as a group is told as none."""
    with pytest.raises(RequestError) as caught:
        parse_logic("or", False, text)

    expected = f'"failed to parse logic tree ({text})" (line 1, column {column})'
    assert (caught.value.message, caught.value.details) == (expected, details)


def test_names_that_begin_as_operators_are_names() -> None:
    """Columns may be called `orders`, `and_x` or `not_yet`."""
    read = parse_logic("and", False, "(orders.eq.1,and_x.eq.2,not_yet.is.null)")

    assert [part.field.name for part in read.parts if isinstance(part, Condition)] == [
        "orders",
        "and_x",
        "not_yet",
    ]


@given(st.text(alphabet='(),"\\ \ta1.', max_size=12))
def test_a_list_is_what_its_scanner_finds(inside: str) -> None:
    """Lists that commas alone divide are divided without the scanner, into the same elements."""
    try:
        listed: list[str] | None = list_items(f"({inside})")
    except RequestError:
        listed = None
    scanner = Scanner(f"({inside})", "filter")
    try:
        scanned: list[str] | None = parse_list(scanner)
    except Fault:
        scanned = None

    assert listed == (scanned if scanner.at_end() else None)
