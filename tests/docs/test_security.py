"""The pages on attacks: each row names a test that exists, and each page is listed."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted((ROOT / "docs/security").glob("*.md"))
AREAS = [page for page in PAGES if page.name != "README.md"]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


@cache
def functions_in(path: str) -> frozenset[str]:
    """Return the names of a file's test functions; none of a file that is not there."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


def attacks(page: Path) -> list[str]:
    """Return the rows of a page's tables, without heads."""
    lines = page.read_text(encoding="utf-8").splitlines()
    return [
        line for line in lines if line.startswith("|") and not re.match(r"\| (---|attack) ", line)
    ]


@pytest.mark.parametrize("page", AREAS, ids=lambda page: page.stem)
def test_each_attack_names_a_test_that_exists(page: Path) -> None:
    """A row without a test, or with one that is gone, is a promise that nothing holds."""
    rows = attacks(page)
    assert rows
    for row in rows:
        named = TEST.findall(row)
        assert named, row
        for path, name in named:
            assert name in functions_in(path), row


def test_a_test_that_is_gone_is_noticed() -> None:
    """The look-up finds this very test and not one beside it."""
    known = functions_in("tests/docs/test_security.py")
    assert "test_a_test_that_is_gone_is_noticed" in known
    assert "test_that_never_was" not in known
    assert functions_in("tests/docs/test_nowhere.py") == frozenset()


def test_the_first_page_lists_all_others() -> None:
    """Each area's page is linked from the folder's first page."""
    index = (ROOT / "docs/security/README.md").read_text(encoding="utf-8")
    assert [page.name for page in AREAS if f"]({page.name})" not in index] == []
