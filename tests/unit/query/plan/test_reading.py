"""Selects made sense of: keys, embeds, orders, and what paths may name."""

from __future__ import annotations

import pytest
from tests.unit.query.board import COMPANIES, GENEROUS, MODEL, asked, code_of, read_plan

from jotbase.query.plan.nodes import WHOLE, Embed, Item, PlanLimits, Value
from jotbase.query.plan.reading import Reading, read_node


def items(select: str) -> tuple[Item, ...]:
    """Return the items of a select on jobs."""
    return read_plan(f"GET /jobs?select={select}").node.items


def embed(select: str) -> Embed:
    """Return the only item of a select, which is a relation."""
    value = items(select)[0].value
    assert isinstance(value, Embed)
    return value


@pytest.mark.parametrize(
    ("select", "keys"),
    [
        ("id,title", ["id", "title"]),
        ("number:id", ["number"]),
        ("*", ["id", "title", "company_id", "salary", "remote", "data", "created_at"]),
        ("data->a->>b", ["b"]),
        ("data->0", ["data"]),
        ("data->a->0", ["a"]),
        ("salary.sum()", ["sum"]),
        ("count()", ["count"]),
        ("count", ["count"]),
        ("firm:companies(id)", ["firm"]),
        ("companies(id)", ["companies"]),
        ("", ["id", "title", "company_id", "salary", "remote", "data", "created_at"]),
    ],
)
def test_keys(select: str, keys: list[str]) -> None:
    """A key is the alias, else the aggregate, the path's last name, the column or relation."""
    assert [item.key for item in items(select)] == keys


def test_write_only_columns_are_never_among_all() -> None:
    """`*` leaves out what is never sent."""
    node = read_plan("GET /companies").node

    assert [item.key for item in node.items] == ["id", "name"]
    assert code_of(lambda: read_plan("GET /companies?select=secret")) == "42703"
    assert code_of(lambda: read_plan("GET /companies?order=secret")) == "42703"


def test_embeds() -> None:
    """A relation's table, link and options are resolved."""
    one = embed("companies!inner(id)")
    through = embed("people(id)")

    assert (one.node.table.name, one.link.to_one, one.required) == ("companies", True, True)
    assert one.link.pairs == (("company_id", "id"),)
    assert through.link.junction is not None
    assert through.link.junction.name == "applications"
    assert not embed("companies()").shown
    assert embed("...companies(name)").spread


def test_aliases_are_all_different() -> None:
    """No two tables of a statement have one alias, and no rule's variable can be called so."""
    one = embed("companies(jobs(companies(id)))")
    nested = one.node.items[0].value

    assert isinstance(nested, Embed)
    assert {one.node.alias, nested.node.alias, "row"} == {"row.1", "row.2", "row"}


def test_parts_of_an_embed_are_by_its_path() -> None:
    """Filters, orders and limits of a relation stand under its name or alias."""
    query = "select=f:companies(id)&f.id=eq.1&f.order=name.desc&f.limit=2&f.offset=1"
    value = read_plan(f"GET /jobs?{query}").node.items[0].value

    assert isinstance(value, Embed)
    assert len(value.node.order) == 1
    assert value.node.window.bounds(("9", "2", "1")) == (1, 2)


def test_an_alias_hides_the_relations_name_in_time() -> None:
    """The relation's own name still works beside an alias, with a warning."""
    old = read_plan("GET /jobs?select=f:companies(id)&companies.id=eq.1")
    strict = PlanLimits(legacy_targets=False)

    assert "Update `companies` to `f`" in old.answer.warnings[0]
    line = "GET /jobs?select=f:companies(id)&companies.id=eq.1"
    assert code_of(lambda: read_plan(line, strict)) == "PGRST108"


def test_two_embeds_of_one_relation() -> None:
    """Where the relation's name is a sibling's key, the alias alone means the other."""
    query = "select=companies(id),f:companies(id)&companies.id=eq.1&f.id=eq.2"
    plan = read_plan(f"GET /jobs?{query}")

    assert plan.answer.warnings == ()


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("select=nope", "42703"),
        ("select=nope(id)", "PGRST200"),
        ("companies.id=eq.1", "PGRST108"),
        ("companies.order=id", "PGRST108"),
        ("order=companies(id)", "PGRST108"),
        ("select=id,applications(*)&order=applications(letter)", "PGRST118"),
        ("select=companies(id)&companies.limit=-1", "PGRST103"),
        ("select=...applications(job_id.sum())", "PGRST127"),
        ("select=id::nope", "42704"),
        ("select=title->x", "42883"),
    ],
)
def test_what_makes_no_sense(query: str, code: str) -> None:
    """Each nonsense has its code."""
    assert code_of(lambda: read_plan(f"GET /jobs?{query}")) == code


def test_aggregates_may_be_switched_off() -> None:
    """Without the setting, no aggregate; and `count` is just an unknown column."""
    plain = PlanLimits()

    assert code_of(lambda: read_plan("GET /jobs?select=salary.sum()", plain)) == "PGRST123"
    assert code_of(lambda: read_plan("GET /jobs?select=count", plain)) == "42703"


def test_order() -> None:
    """Nulls are last when ascending and first when descending, unless said otherwise."""
    order = read_plan("GET /jobs?order=id,salary.desc,title.desc.nullslast").node.order

    assert [(one.descending, one.nulls_first) for one in order] == [
        (False, False),
        (True, True),
        (True, False),
    ]


def test_order_by_what_a_spread_calls_it() -> None:
    """A spread's key may be ordered by under its alias."""
    query = "select=id,...companies(firm:name)&order=companies(firm)"
    order = read_plan(f"GET /jobs?{query}").node.order

    assert isinstance(order[0].value, Value)
    assert order[0].value.column is not None
    assert order[0].value.column.name == "name"


@pytest.mark.parametrize(
    "line",
    [
        "?" + "&".join(["id=eq.1"] * 1200),
        "?or=(" + ",".join(["id.eq.1"] * 1200) + ")",
        "?id=eq(any).{" + ",".join(["1"] * 1200) + "}",
        "?order=" + ",".join(["id"] * 1200),
        "?select=" + ",".join(["id"] * 6001),
        "?select=" + ",".join(["*"] * 900),
        "?select=" + ",".join(["companies()"] * 481),
        "?select=" + ",".join(["id.sum()"] * 301),
        "?select=count()," + ",".join(["id"] * 300),
        "?select=companies(id)&" + "&".join(["companies.id=eq.1"] * 1200),
        "?select=" + ",".join(["companies()"] * 99) + "&" + "&".join(["companies.id=eq.1"] * 99),
    ],
)
def test_what_weighs_too_much(line: str) -> None:
    """Conditions, alternatives, terms, keys and relations are counted wherever they stand."""
    assert code_of(lambda: read_plan("GET /jobs" + line)) == "54001"


@pytest.mark.parametrize(
    "line",
    [
        "?" + "&".join(["id=eq.1"] * 1000),
        "?select=" + ",".join(["id"] * 1000),
        "?id=in.(" + ",".join(["1"] * 5000) + ")",
    ],
)
def test_what_does_not(line: str) -> None:
    """A list is one condition, however long."""
    assert code_of(lambda: read_plan("GET /jobs" + line)) is None


def test_deep_selects_have_few_paths() -> None:
    """Each level may be called by two names; only the paths that are asked for are followed."""
    deep = "id"
    for level in range(16):
        deep = f"a{level}:{('companies', 'jobs')[level % 2]}({deep})"
    intent = asked(f"GET /{('companies', 'jobs')[0]}?select={deep}&a15.companies.limit=1")
    reading = Reading(intent, MODEL, GENEROUS)
    read_node(reading, COMPANIES, WHOLE)

    assert len(reading.used) < 64
    assert ("a15", "companies") in reading.used
