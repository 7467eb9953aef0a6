"""What an index is asked for; tests/contract/test_searches.py holds it against the search."""

from __future__ import annotations

import pytest
from tests.unit.schema.projects import TEXT, table

from jotbase.expression.expr import And, Apply, Context, Expr, Field, Literal, Not, Or, RequestValue
from jotbase.query.plan.nodes import Combined
from jotbase.query.statement.narrowing import fts5_query, index_condition
from jotbase.schema.model.tables import Type

POSTS = table(
    {"id": TEXT, "a": TEXT, "b": TEXT, "c": TEXT},
    primaryKey=["id"],
    indexes=[{"columns": ["a", "b"], "kind": "fulltext"}],
)


def search(column: str, config: str = "english", query: Expr | None = None) -> Apply:
    """Return a search for cats in a column."""
    asked = query or Literal("cats", Type.TEXT)
    text = Field("row", column, Type.TEXT)
    return Apply("wfts", (text, asked, Literal(config, Type.TEXT)))


OTHER = Apply("eq", (Field("row", "c", Type.TEXT), Literal("x", Type.TEXT)))


@pytest.mark.parametrize(
    ("form", "text", "asked"),
    [
        ("fts", "cats & dogs:*", 'c0 : (("cat" AND "dog"*))'),
        ("fts", "cat | dog & !rat", 'c0 : (("cat" OR ("dog")))'),
        ("fts", "!cat", '""'),
        ("fts", "the", '""'),
        ("phfts", "cats of dogs", 'c0 : (("cat" AND "dog"))'),
        ("wfts", "cat or -dog", '""'),
        ("plfts", "Été 7", 'c0 : (("été" AND "7"))'),
    ],
)
def test_queries_in_the_words_of_fts5(form: str, text: str, asked: str) -> None:
    """What must be there is asked for, negations and distances are not."""
    assert fts5_query(form, text, "english", "c0") == asked


def test_long_and_deep_queries_are_asked_in_part() -> None:
    """What all must be there may be asked in part; of alternatives, none may lack."""
    both = fts5_query("plfts", " ".join(f"w{n}" for n in range(500)), "simple", "c0")
    either = fts5_query("wfts", " or ".join(f"w{n}" for n in range(500)), "simple", "c0")

    assert both.count('"') == 2 * 64
    assert either == '""'


@pytest.mark.parametrize(
    ("where", "helps"),
    [
        (search("b"), True),
        (search("c"), False),
        (search("a", "german"), False),
        (And((OTHER, search("a"))), True),
        (Or((OTHER, search("a"))), False),
        (Or((search("b"), search("a"))), True),
        (Not(search("a")), False),
        (Combined("and", (OTHER, search("a"))), True),
        (Combined("and", (OTHER, search("a")), negated=True), False),
        (OTHER, False),
    ],
)
def test_where_an_index_helps(where: Expr | Combined, helps: bool) -> None:
    """It does where what it finds is all that the whole condition can find."""
    assert (index_condition(where, POSTS, "row") is not None) is helps


def test_a_request_fills_in_what_is_asked_for() -> None:
    """One plan serves all queries of a shape; what the index cannot tell makes it ask all rows."""
    few = index_condition(search("a", query=RequestValue(0, str, Type.TEXT)), POSTS, "row")
    assert few is not None

    def filled(text: str) -> list[object]:
        return [slot.fill(Context(values=(text,))) for slot in few.params]

    assert filled("cats") == ['c0 : ("cat")', 0]
    assert filled("-cats") == ['""', 1]
    assert filled("the") == ['""', 0]
