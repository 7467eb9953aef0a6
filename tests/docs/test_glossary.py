"""The glossary: each word names what exists, and the list can be searched by eye."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([^|]+) \| ([^|]+) \| `(jotbase[\w.]+)` \|$", PAGE, re.MULTILINE)


def exists(name: str) -> bool:
    """Say whether a dotted name is a module, or what a module holds."""
    module, _, attribute = name.rpartition(".")
    if hasattr(import_module(module), attribute):
        return True
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # what it stands in is a module and no package
        return False


@pytest.mark.parametrize(("word", "name"), [(word, name) for word, _, name in ROWS])
def test_each_word_is_where_the_glossary_says(word: str, name: str) -> None:
    """A word whose module or class has moved or gone is a fault."""
    assert exists(name), f"{word}: {name}"


def test_the_glossary_is_in_order_and_whole() -> None:
    """Words stand in alphabetical order, once each, and every row of the table was read."""
    words = [word for word, _, _ in ROWS]
    assert words == sorted(set(words))
    assert len(words) == sum(line.startswith("| ") for line in PAGE.splitlines()) - 2


def test_a_name_that_is_gone_is_noticed() -> None:
    """The look-up tells what is there from what is not."""
    assert exists("jotbase.values.Change")
    assert exists("jotbase.sql.units")
    assert not exists("jotbase.values.Chance")
