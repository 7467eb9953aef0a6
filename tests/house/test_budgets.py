"""Budgets of size: it is the tail that makes code hard to read, so the tail has a limit."""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator

import pytest
from tests.house.tree import Source, functions, length, sources

FILE, LONGER_FILE, FUNCTION, CLASS, TEST = 400, 600, 50, 300, 40
#: Modules of one folder, besides its __init__: what is more is divided into wings.
FOLDER = 16
#: The two pages that a newcomer reads first.
PAGES = {"src/jotbase/pipeline.py": 150, "src/jotbase/feed.py": 120}
#: Files that may reach 600 lines, each with its reason. One that has shrunk is taken off.
LONGER: dict[str, str] = {}


def is_test(source: Source, name: str) -> bool:
    """Say whether a function is one that pytest collects."""
    return name.startswith("test_") and source.path.rpartition("/")[2].startswith("test_")


def crowded(paths: Iterable[str]) -> list[str]:
    """Return the folders that hold more modules than one may."""
    modules = (path.rpartition("/") for path in paths)
    counted = Counter(folder for folder, _, name in modules if name != "__init__.py")
    return sorted(folder for folder, count in counted.items() if count > FOLDER)


def size_faults(source: Source) -> Iterator[str]:
    """Yield what of a file is longer than its budget."""
    limit = PAGES.get(source.path, LONGER_FILE if source.path in LONGER else FILE)
    if source.lines > limit:
        yield f"{source.path}: {source.lines} lines, at most {limit}"
    for node in functions(source.tree):
        limit = TEST if is_test(source, node.name) else FUNCTION
        if length(node) > limit:
            yield f"{source.path}:{node.lineno}: {node.name}: {length(node)} lines, {limit} allowed"
    for each in ast.walk(source.tree):
        if isinstance(each, ast.ClassDef) and length(each) > CLASS:
            yield f"{source.path}:{each.lineno}: {each.name}: {length(each)} lines, {CLASS} allowed"


@pytest.mark.parametrize("folder", ["src", "tests", "bench", "tools"])
def test_files_functions_and_tests_keep_to_their_budget(folder: str) -> None:
    """No file, function, class or test is longer than it may be."""
    assert [fault for source in sources(folder) for fault in size_faults(source)] == []


def test_every_longer_file_needs_to_be() -> None:
    """A file on the list of longer ones exists, is longer, and says why."""
    lines = {source.path: source.lines for folder in ("src", "tests") for source in sources(folder)}

    assert [path for path in LONGER if lines.get(path, 0) <= FILE or not LONGER[path]] == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/jotbase/sql/ddl.py", "x = 1\n" * 401),
        ("src/jotbase/pipeline.py", "x = 1\n" * 151),
        ("src/jotbase/feed.py", "x = 1\n" * 121),
        ("src/jotbase/sql/ddl.py", "def f():\n" + "    x = 1\n" * 50),
        ("src/jotbase/sql/ddl.py", "class C:\n" + "    x = 1\n" * 300),
        ("tests/unit/test_values.py", "def test_f():\n" + "    x = 1\n" * 40),
    ],
)
def test_one_line_too_many_is_found(path: str, text: str) -> None:
    """The budget ends at its number: one line more is a fault, one line less is none."""
    assert len(list(size_faults(Source(path, text)))) == 1
    assert list(size_faults(Source(path, text.removesuffix("x = 1\n").rstrip(" ")))) == []


def test_no_folder_outgrows_its_measure() -> None:
    """A room of the package with more modules than one can look through has wings."""
    assert crowded(source.path for source in sources("src")) == []


def test_a_folder_that_outgrew_its_measure_is_found() -> None:
    """The seventeenth module is one too many, and an __init__ is none."""
    paths = [f"src/jotbase/room/part{number}.py" for number in range(FOLDER)]

    assert crowded([*paths, "src/jotbase/room/__init__.py"]) == []
    assert crowded([*paths, "src/jotbase/room/one_more.py"]) == ["src/jotbase/room"]
