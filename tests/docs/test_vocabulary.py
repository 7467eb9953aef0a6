"""The pages on schemas and rules: each example is read by the code, each table is the code's."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from jotbase.access.enforcement.policy import load_policy
from jotbase.access.language.rules import parse_conjuncts
from jotbase.errors import ProjectError
from jotbase.schema.ddl.constraints import TYPES
from jotbase.schema.keywords.vocabulary import COLUMN_ONLY, META_SCHEMA, TABLE_ONLY
from jotbase.schema.model.tables import Model
from jotbase.schema.reading.read import read_model

ROOT = Path(__file__).parent.parent.parent
RULES = (ROOT / "docs/reference/rules.md").read_text(encoding="utf-8")
SCHEMAS = (ROOT / "docs/reference/schemas.md").read_text(encoding="utf-8")
BOARD = ROOT / "src/jotbase/examples/jobs/schemas"
#: Above the table of the page's example: what it refers to.
ROOMS = {
    "properties": {
        "name": {"type": "string"},
        "keeper": {"type": "string", "format": "uuid", "references": "auth.users.id"},
    },
    "primaryKey": ["name"],
}


def rows(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading, without its head."""
    lines = page.partition(f"\n## {heading}\n")[2].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| ---")) + 1
    end = next(number for number in range(start, len(lines)) if not lines[number].startswith("|"))
    return [re.split(r" \| ", line.strip("| ")) for line in lines[start:end]]


def code(cell: str) -> str:
    """Return what stands between the first backticks of a cell."""
    return cell.split("`")[1]


def model(schemas: dict[str, Any]) -> Model:
    """Return the model of some schemas."""
    head = {"$schema": META_SCHEMA["$id"], "type": "object"}
    return read_model(
        {f"{name}.json": json.dumps({**head, **one}).encode() for name, one in schemas.items()}
    )


@pytest.fixture(scope="module")
def board() -> Model:
    """The job board's tables, whose rules the page shows."""
    return read_model({path.name: path.read_bytes() for path in BOARD.glob("*.json")})


@pytest.mark.parametrize("row", rows(RULES, "What a rule may say"), ids=lambda row: row[0])
def test_what_a_rule_may_say_is_understood(row: list[str], board: Model) -> None:
    """Each example is a rule of the table that stands beside it."""
    _, rule, table = row
    parts = parse_conjuncts(code(rule), board.tables[code(table)], "select", board)

    assert " and ".join(part.text for part in parts) == code(rule)


@pytest.mark.parametrize("row", rows(RULES, "What a rule may not say"), ids=lambda row: row[0])
def test_what_a_rule_may_not_say_is_refused_in_these_words(row: list[str], board: Model) -> None:
    """Each refusal reads as the page has it, hint included."""
    rule, said = row
    with pytest.raises(ProjectError) as refused:
        parse_conjuncts(code(rule), board.tables["jobs"], "select", board)
    (fault,) = refused.value.faults
    reason = re.sub(r"^column \d+: ", "", fault.reason)

    assert f"{reason}. {fault.hint or ''}".strip() == said


def test_the_rules_of_the_pages_examples_are_understood(board: Model) -> None:
    """The rules page begins with rules that the job board could have."""
    (block,) = re.findall(r"```json\n(.*?)```", RULES, re.DOTALL)
    rules = json.loads(f"{{{block}}}")["access"]

    read = {
        action: parse_conjuncts(text, board.tables["jobs"], action, board)
        for action, text in rules.items()
    }

    assert list(rules) == ["select", "insert", "update", "delete"]
    assert {act: " and ".join(part.text for part in parts) for act, parts in read.items()} == rules


def test_the_schema_of_the_page_makes_a_table() -> None:
    """The page's example is a table without a mistake, and its rules are understood."""
    (block,) = re.findall(r"```json\n(.*?)```", SCHEMAS, re.DOTALL)
    made = model({"rooms": ROOMS, "bookings": json.loads(block)})

    assert load_policy(made).rules["bookings"].keys() == {"select", "insert", "update", "delete"}
    assert [column.name for column in made.tables["bookings"].columns][:3] == [
        "id",
        "room",
        "guest",
    ]


@pytest.mark.parametrize("row", rows(SCHEMAS, "Types"), ids=lambda row: row[0])
def test_a_column_has_the_type_that_the_page_says(row: list[str]) -> None:
    """The schema of the first cell gives the types of the other two."""
    schema, stored, told = map(code, row)
    column = model({"t": {"properties": {"c": json.loads(schema)}}}).tables["t"].by_name["c"]

    assert (TYPES[column.type], column.type_name) == (stored, told)


def test_every_keyword_stands_on_the_page() -> None:
    """The tables of keywords hold all of the vocabulary."""
    named = {
        keyword
        for heading in ("Of a column", "Of a table")
        for first, *_ in rows(SCHEMAS, heading)
        for keyword in re.findall(r"`(\w+)", first)
    }

    assert named - {"default", "readOnly", "writeOnly"} == COLUMN_ONLY | TABLE_ONLY
