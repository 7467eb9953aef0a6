"""Tests wait for what they wait for, and unit tests stand on no stand-ins."""

import ast
from collections.abc import Iterator

import pytest
from tests.house.tree import Source, calls, functions, imports, sources

SLEEPS = {"time.sleep", "asyncio.sleep", "anyio.sleep", "trio.sleep"}
MOCKS = {"unittest.mock", "mock", "pytest_mock"}
FIXTURES_THAT_PATCH = {"monkeypatch", "mocker"}


def full_name(name: str, source: Source) -> str:
    """Return what a called name stands for: `sleep`, imported from time, is `time.sleep`."""
    head, _, rest = name.partition(".")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom | ast.Import):
            module = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            for alias in node.names:
                if (alias.asname or alias.name) == head:
                    return f"{module}{alias.name}" + (f".{rest}" if rest else "")
    return name


def sleep_faults(source: Source) -> Iterator[str]:
    """Yield the calls that sleep and hope."""
    for name, line in calls(source.tree):
        if full_name(name, source) in SLEEPS:
            yield f"{source.path}:{line}: {name}: wait for the event instead"


def mock_faults(source: Source) -> Iterator[str]:
    """Yield what a unit test puts in the place of the real thing."""
    for each in imports(source.tree):
        if any(f"{each.target}.".startswith(f"{mock}.") for mock in MOCKS):
            yield f"{source.path}:{each.line}: imports {each.target}"
    for node in functions(source.tree):
        for argument in node.args.args:
            if argument.arg in FIXTURES_THAT_PATCH:
                yield f"{source.path}:{node.lineno}: {node.name} asks for {argument.arg}"


def test_no_test_sleeps() -> None:
    """A test that sleeps is slow on a fast machine and wrong on a slow one."""
    assert [fault for source in sources("tests") for fault in sleep_faults(source)] == []


def test_no_unit_test_mocks_or_patches() -> None:
    """What a pure module needs comes in as an argument, so nothing is patched."""
    assert [fault for source in sources("tests/unit") for fault in mock_faults(source)] == []


@pytest.mark.parametrize(
    "text",
    [
        "import time\ntime.sleep(1)",
        "from time import sleep\nsleep(1)",
        "import time as t\nt.sleep(1)",
        "async def test_x():\n    await asyncio.sleep(0.1)",
        "from asyncio import sleep as pause\nasync def f():\n    await pause(1)",
    ],
)
def test_a_sleep_is_found(text: str) -> None:
    """A sleep is a fault under any name that it was imported by."""
    assert len(list(sleep_faults(Source("tests/api/test_x.py", text)))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "from unittest import mock",
        "from unittest.mock import patch",
        "def test_x(monkeypatch):\n    pass",
    ],
)
def test_a_mock_is_found(text: str) -> None:
    """A mock is a fault, and so is a fixture that patches."""
    assert len(list(mock_faults(Source("tests/unit/test_x.py", text)))) == 1
