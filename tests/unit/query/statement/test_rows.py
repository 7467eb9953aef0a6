"""Rows as SQL: sources with their rules, filters, links, order and limits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.query.board import JOBS, OPEN, PEOPLE, HidingGuard, column, read_plan, table

from jotbase.expression.expr import And, Apply, Exists, Field
from jotbase.expression.operators import OPERATORS
from jotbase.expression.predicate import predicate
from jotbase.query.plan.nodes import Node, OrderBy, Value
from jotbase.query.statement.rows import (
    StatementContext,
    expression_sql,
    filtered_from,
    from_clause,
    limit_clause,
    order_by_clause,
)
from jotbase.schema.model.tables import Type
from jotbase.sql.dialect import SQLITE

FRAME = StatementContext(SQLITE, OPEN)


def test_a_table_comes_with_its_rule() -> None:
    """The source and the rule are one value; the rule is over the alias."""
    opened = from_clause(JOBS, "row.1", StatementContext(SQLITE, HidingGuard("jobs")))

    assert opened.sources.text == '"jobs" AS "row.1"'
    assert [one.text for one in opened.conditions] == ['("row.1"."id" = ?)']


def test_an_open_table_has_no_condition() -> None:
    """Where nothing is held back, nothing is asked."""
    assert from_clause(JOBS, "row", FRAME).conditions == ()


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("", ' ORDER BY "row"."id"'),
        ("order=id.desc", ' ORDER BY "row"."id" DESC'),
        ("order=title.desc", ' ORDER BY "row"."title" DESC, "row"."id"'),
        (
            "order=company_id.desc",
            ' ORDER BY "row"."company_id" DESC NULLS FIRST, "row"."id" DESC',
        ),
        ("order=salary", ' ORDER BY "row"."salary" NULLS LAST, "row"."id"'),
        ("order=salary.nullsfirst", ' ORDER BY "row"."salary", "row"."id"'),
        ("order=salary.desc", ' ORDER BY "row"."salary" DESC NULLS FIRST, "row"."id"'),
        ("order=salary.desc.nullslast", ' ORDER BY "row"."salary" DESC, "row"."id"'),
        (
            "order=data->a",
            ' ORDER BY jot_document_key(CASE WHEN json_valid("row"."data")'
            ' THEN "row"."data" -> ? END) NULLS LAST, "row"."id"',
        ),
    ],
)
def test_order(query: str, text: str) -> None:
    """Nulls stand where PostgreSQL has them; what is left open follows the order of insertion."""
    assert order_by_clause(read_plan(f"GET /jobs?{query}").node, FRAME).text == text


def test_a_view_has_no_order_of_its_own() -> None:
    """Without row numbers there is nothing to fall back on."""
    assert order_by_clause(read_plan("GET /open_jobs").node, FRAME).text == ""


def test_order_by_a_relation() -> None:
    """The related value is looked up, with the related table's rule."""
    node = read_plan("GET /jobs?select=companies(id)&order=companies(name)").node
    text = order_by_clause(node, StatementContext(SQLITE, HidingGuard("companies"))).text

    assert text.startswith(
        ' ORDER BY (SELECT "row.1"."name" FROM "companies" AS "row.1"'
        ' WHERE "row.1"."id" = "row"."company_id" AND ("row.1"."id" = ?) LIMIT 1) NULLS LAST'
    )


@pytest.mark.parametrize(
    ("query", "text"),
    [("", ""), ("limit=1", " LIMIT ?"), ("offset=1", " LIMIT ? OFFSET ?")],
)
def test_limits(query: str, text: str) -> None:
    """Only what is asked for is said."""
    assert limit_clause(read_plan(f"GET /jobs?{query}").node).text == text


def test_without_row_numbers_the_key_orders() -> None:
    """Rows alike follow the primary key, which is how they are kept."""
    pair = table(
        "pair", column("a"), column("b", nullable=False), primary_key=("b", "a"), without_rowid=True
    )
    plain = Node(pair, "row", ())
    backwards = OrderBy(Value("row", pair.by_name["b"]), descending=True, nulls_first=True)

    assert order_by_clause(plain, FRAME).text == ' ORDER BY "row"."b", "row"."a"'
    assert order_by_clause(replace(plain, order=(backwards,)), FRAME).text == (
        ' ORDER BY "row"."b" DESC, "row"."b" DESC, "row"."a" DESC'
    )


@pytest.mark.parametrize("operator", OPERATORS)
def test_no_spelling_meets_a_rule_bare(operator: str) -> None:
    """Whatever an operator is spelled, an OR in it does not reach over what it is joined with."""
    kind = Type.JSON if Type.JSON in OPERATORS[operator].types else Type.TEXT
    column = Field("row", "data", kind)
    holds = Apply(operator, (column,) * len(OPERATORS[operator].takes))

    text = expression_sql(holds, FRAME).text

    assert text == f"({predicate(holds, SQLITE).text})"


def conditions(query: str, *hidden: str) -> list[str]:
    """Return what the rows of a query over the jobs must fulfil, where rules hide some."""
    node = read_plan(f"GET /{query}").node
    context = StatementContext(SQLITE, HidingGuard(*hidden))
    opened = filtered_from(node, from_clause(node.table, node.alias, context), context)
    return [one.text for one in opened.conditions]


RULE = '("row"."id" = ?)'
LIKE = """("row"."title" LIKE ? ESCAPE '\\' AND (? IS NULL OR jot_like("row"."title", ?)))"""


def test_what_leaks_stands_behind_the_rule() -> None:
    """An index serves the rule and what is compared; a pattern meets what the rule shows."""
    assert conditions("jobs?title=like.a*&salary=gt.1", "jobs") == [
        RULE,
        '("row"."salary" > ?)',
        f"CASE WHEN {RULE} THEN CASE WHEN {LIKE} THEN TRUE END END",
    ]


def test_without_a_rule_there_is_no_barrier() -> None:
    """Nothing is hidden from anybody."""
    assert conditions("jobs?title=like.a*") == [LIKE]


def test_a_view_is_a_barrier_too() -> None:
    """Whatever rows it leaves out, no pattern of a caller's meets them."""
    node = read_plan("GET /open_jobs?firm=eq(any).{1,2}&id=eq.1&or=(id.is.null)").node
    dear = replace(node, table=replace(node.table, origins={}))
    context = StatementContext(SQLITE, HidingGuard("open_jobs"))
    opened = filtered_from(dear, from_clause(dear.table, "row", context), context)

    assert opened.sources.text == (
        '(SELECT "row".* FROM "open_jobs" AS "row" WHERE ("row"."id" = ?) LIMIT ?) AS "row"'
    )
    assert len(opened.conditions) == 3


def test_what_others_are_asked_of_is_asked_once() -> None:
    """A rule that looks into another table stands in the barrier alone where there is one."""
    node = read_plan("GET /jobs?title=like.a*").node
    opened = from_clause(node.table, "row", FRAME).under(MEMBER, FRAME)

    assert [one.text for one in filtered_from(node, opened, FRAME).conditions] == [
        f'CASE WHEN EXISTS (SELECT 1 FROM "people" AS "p" WHERE TRUE) THEN CASE WHEN {LIKE}'
        " THEN TRUE END END"
    ]


MEMBER = Exists(PEOPLE, "p", And(()))


def test_what_a_pattern_begins_with_stands_beside_the_rule() -> None:
    """Where an index has the column; a pattern alone would look into all rows."""
    begun = """"row"."name" LIKE ? ESCAPE '\\'"""

    assert conditions("companies?name=like.a*", "companies")[:2] == [RULE, begun]
    assert begun not in conditions("companies?name=like.a*")
    assert len(conditions("companies?name=not.like.a*", "companies")) == 2
