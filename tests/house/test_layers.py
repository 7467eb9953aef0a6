"""The layer table is what the code does: who imports whom, no cycles, pure rooms stay pure."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

import pytest
from tests.house.layers import EXCEPTIONS, IMPURE_CALLS, PURE_LIBRARY, ROOMS, Room
from tests.house.tree import Import, Source, calls, imports, sources

PACKAGE = "jotbase"


def room_of(module: str) -> str:
    """Return the room of a module of the package; `jotbase` for the package's own names."""
    name = module.removeprefix(PACKAGE).removeprefix(".")
    while name and name not in ROOMS:
        name = name.rpartition(".")[0]
    return name or PACKAGE


def homeless(files: Iterable[Source]) -> list[str]:
    """Return the modules which stand in no room of the table."""
    return [f.path for f in files if f.module != PACKAGE and room_of(f.module) == PACKAGE]


def is_within(target: str, name: str) -> bool:
    """Say whether a dotted name is that name or lies below it."""
    return target == name or target.startswith(f"{name}.")


def allows(room: Room, target: str) -> bool:
    """Say whether a room may import a name which is not the package's."""
    top = target.partition(".")[0]
    if top not in sys.stdlib_module_names:
        return top in room.libraries
    return not room.pure or any(is_within(target, name) for name in PURE_LIBRARY)


def import_faults(source: Source) -> Iterator[str]:
    """Yield what a module imports against the table."""
    own = room_of(source.module)
    for each in imports(source.tree):
        where = f"{source.path}:{each.line}"
        if own == "examples" and each.target.startswith(("conftest", "tables")):
            continue  # its own: the conftest that pytest shares, the types that are made of it
        if is_within(each.target, PACKAGE):
            other = room_of(each.target)
            may = other == own or any(is_within(other, name) for name in ROOMS[own].rooms)
            if not may and (source.module, each.target) not in EXCEPTIONS:
                yield f"{where}: {own} must not import {each.target} ({other})"
        elif not (allows(ROOMS[own], each.target) or (source.module, each.target) in EXCEPTIONS):
            yield f"{where}: {own} must not import {each.target}"


def purity_faults(source: Source) -> Iterator[str]:
    """Yield what a module of a pure room does besides thinking."""
    if not ROOMS[room_of(source.module)].pure:
        return
    for each in imports(source.tree):
        if each.inside_function:
            yield f"{source.path}:{each.line}: imports {each.target} inside a function"
    for name, line in calls(source.tree):
        if name in IMPURE_CALLS:
            yield f"{source.path}:{line}: calls {name}; let the caller pass it in"


def edges(files: Iterable[Source]) -> dict[str, set[str]]:
    """Return which module imports which module of the package, inside functions too."""
    modules = {source.module: source for source in files}

    def module_of(each: Import) -> str:
        return each.target if each.target in modules else each.target.rpartition(".")[0]

    return {
        name: {other for each in imports(source.tree) if (other := module_of(each)) in modules}
        for name, source in modules.items()
    }


def cycle(graph: Mapping[str, set[str]]) -> list[str]:
    """Return the modules of one import cycle, or nothing."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def reached(name: str) -> set[str]:
    """Return the rooms and wings that one may import; a room's name stands for its wings, and in a
    wing of its own for itself.
    """
    allowed, room = ROOMS[name].rooms, name.rpartition(".")[0]
    others = [one for one in allowed if one != room]
    found = {other for other in ROOMS if any(is_within(other, one) for one in others)}
    return (found | (allowed & {room})) - {name}


def test_every_room_imports_what_the_table_allows() -> None:
    """No module imports a room, a library or a part of the standard library beyond its own."""
    assert [fault for source in sources("src") for fault in import_faults(source)] == []


def test_every_module_has_a_room() -> None:
    """A new room enters the table, with what it may import, before its first module."""
    assert homeless(sources("src")) == []
    assert homeless([Source("src/jotbase/new_room/thing.py", "")]) != []


def test_pure_rooms_are_pure() -> None:
    """No pure module reads a clock, draws randomness, opens a file or imports inside a function."""
    assert [fault for source in sources("src") for fault in purity_faults(source)] == []


def test_there_are_no_import_cycles() -> None:
    """Modules can be put in an order in which each imports earlier ones only."""
    assert cycle(edges(sources("src"))) == []


def test_every_exception_is_used() -> None:
    """An exception whose import is gone is taken off the list."""
    used = {
        (source.module, each.target) for source in sources("src") for each in imports(source.tree)
    }

    assert set(EXCEPTIONS) - used == set()


def test_the_table_has_no_cycle() -> None:
    """The rooms themselves stand in an order, so no exception hides a circle between them."""
    graph = {name: reached(name) for name in ROOMS}

    assert cycle(graph) == []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("sql/fragment.py", "import jotbase.schema.model.tables"),
        ("query/plan/plan.py", "from jotbase.engines import base"),
        ("query/plan/plan.py", "from jotbase import app"),
        ("query/plan/plan.py", "import socket"),
        ("query/plan/plan.py", "import urllib.request"),
        ("query/plan/plan.py", "import flask"),
        ("schema/reading/read.py", "from pathlib import Path"),
        ("schema/reading/read.py", "def read():\n    from os import environ"),
        ("feed.py", "from jotbase.engines.sqlite import Engine"),
        ("http/server/routes.py", "import apsw"),
        ("testing/plugin.py", "from jotbase.query import plan"),
        ("errors.py", "from jotbase.values import Row"),
    ],
)
def test_a_forbidden_import_is_found(path: str, line: str) -> None:
    """Each kind of import that the table forbids is a fault."""
    assert len(list(import_faults(Source(f"src/jotbase/{path}", line)))) == 1


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("query/plan/plan.py", "from jotbase.schema.model.tables import Table"),
        ("query/plan/plan.py", "from jotbase.query.plan.nodes import Node"),
        ("query/plan/plan.py", "from urllib.parse import unquote"),
        ("feed.py", "from jotbase.engines.base import Engine"),
        ("engines/sqlite.py", "import apsw"),
        ("engines/sqlite.py", "from jotbase.engines.base import Engine"),
        ("http/server/routes.py", "import asyncio"),
    ],
)
def test_an_allowed_import_is_none_of_its_business(path: str, line: str) -> None:
    """What the table allows is no fault."""
    assert list(import_faults(Source(f"src/jotbase/{path}", line))) == []


@pytest.mark.parametrize(
    "text",
    [
        "now = datetime.now()",
        "def f():\n    return open('x')",
        "def f():\n    import re",
        "key = uuid.uuid4()",
    ],
)
def test_a_look_at_the_world_is_found(text: str) -> None:
    """A pure module that reads the clock, a file or randomness is a fault; an edge module not."""
    assert len(list(purity_faults(Source("src/jotbase/auth/tokens/tokens.py", text)))) == 1
    assert list(purity_faults(Source("src/jotbase/http/server/process.py", text))) == []


def test_a_cycle_is_found() -> None:
    """Two modules that import each other are named, even if one does so inside a function."""
    first = Source("src/jotbase/sql/a.py", "from jotbase.sql import b")
    second = Source("src/jotbase/sql/b.py", "def f():\n    from jotbase.sql.a import x")

    assert set(cycle(edges([first, second]))) == {"jotbase.sql.a", "jotbase.sql.b"}
