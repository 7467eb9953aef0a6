"""What is written beside the code: docstrings, one sentence a test, names that say something."""

import ast
import re
from collections.abc import Iterator

import pytest
from tests.house.test_budgets import is_test
from tests.house.tree import Source, functions, sources

FOLDERS = ["src", "tests", "bench", "tools"]
#: Names that gather whatever nobody found a place for.
SAY_NOTHING = {"common", "helper", "helpers", "manager", "misc", "util", "utils", "base"}
#: The one base: the protocol that every engine obeys.
NAMED_SO = {"src/jotbase/engines/base.py"}
ONE_SENTENCE = re.compile(r"[^\n]{10,}[.?!]\Z")


def docstring_faults(source: Source) -> Iterator[str]:
    """Yield each module without a docstring and each test without its sentence."""
    if source.text.strip() and not ast.get_docstring(source.tree):
        yield f"{source.path}: has no docstring"
    for node in functions(source.tree):
        if is_test(source, node.name):
            said = " ".join((ast.get_docstring(node) or "").split())
            if not ONE_SENTENCE.match(said) or re.search(r"[.?!] +[A-Z]", said):
                yield f"{source.path}:{node.lineno}: {node.name} wants a docstring of one sentence"


def name_faults(path: str) -> Iterator[str]:
    """Yield the parts of a path that say nothing."""
    if path not in NAMED_SO:
        parts = path.removesuffix(".py").split("/")
        yield from (f"{path}: named {part}" for part in parts if part.strip("_") in SAY_NOTHING)


@pytest.mark.parametrize("folder", FOLDERS)
def test_modules_and_tests_say_what_they_are_for(folder: str) -> None:
    """Every module has a docstring, and every test states its expectation in one sentence."""
    assert [fault for source in sources(folder) for fault in docstring_faults(source)] == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_module_has_a_name_that_says_nothing(folder: str) -> None:
    """A module is called after what it is in charge of."""
    assert [fault for source in sources(folder) for fault in name_faults(source.path)] == []


@pytest.mark.parametrize(
    "text",
    [
        "x = 1",
        '"""Module."""\ndef test_x():\n    assert True',
        '"""Module."""\ndef test_x():\n    """No full stop at its end"""',
        '"""Module."""\ndef test_x():\n    """One sentence. And another."""',
        '"""Module."""\nasync def test_x():\n    pass',
    ],
)
def test_a_missing_docstring_is_found(text: str) -> None:
    """A module or test without its words is a fault."""
    assert len(list(docstring_faults(Source("tests/unit/test_x.py", text)))) == 1


def test_a_name_that_says_nothing_is_found() -> None:
    """Folders count as well as files, and the one engine protocol may be called base."""
    assert list(name_faults("src/jotbase/utils/text.py")) != []
    assert list(name_faults("src/jotbase/http/helpers.py")) != []
    assert list(name_faults("src/jotbase/http/base.py")) != []
    assert list(name_faults("src/jotbase/engines/base.py")) == []
