"""The pytest plugin: the fixture `backend`, a fresh and isolated backend for each test.

In charge of finding the project (the nearest folder above the test with schemas/) and of preparing
it once a session. Must not be imported by anything but pytest.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from jotbase.testing.backend import Template, TestBackend
    from jotbase.testing.remote import Remote
    from jotbase.testing.units import Units
    from jotbase.testing.wire import LoopThread


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini option for a project that is not in a parent folder of its tests."""
    parser.addini("jotbase_project", "the Jotbase project's folder, from the rootdir", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers."""
    config.addinivalue_line("markers", "seeds: the backend begins with the rows of seeds/")
    config.addinivalue_line("markers", "settings(**values): the backend's settings differ by these")


@pytest.fixture(scope="session")
def _jotbase_threads() -> Iterator[LoopThread]:
    from jotbase.testing.wire import LoopThread

    threads = LoopThread()
    yield threads
    threads.stop()


@pytest.fixture(scope="session")
def _jotbase_templates() -> dict[tuple[Path, str], Template]:
    return {}


@pytest.fixture(scope="module")
def units(request: pytest.FixtureRequest) -> Units:
    """The rules and schemas of the test's project, each asked alone: no server, no database."""
    from jotbase.project.data import read_definition
    from jotbase.project.folder import dialect_of, find_project
    from jotbase.startup.loading import settings_of
    from jotbase.testing.units import Units

    project = find_project(_project(request))
    return Units(read_definition(project, dialect=dialect_of(settings_of(project).database_url)))


@pytest.fixture
def backend(
    request: pytest.FixtureRequest,
    _jotbase_threads: LoopThread,
    _jotbase_templates: dict[tuple[Path, str], Template],
) -> Iterator[TestBackend]:
    """A fresh backend of the test's project, with empty tables unless the test is marked `seeds`.

    The marker `settings(max_rows=10)` overrides settings; the closest marker wins.
    """
    from jotbase.errors import SettingError
    from jotbase.testing.backend import TestBackend, make_template

    folder = _project(request)
    prepared = (folder, os.environ.get("JOTBASE_DATABASE_URL", ""))
    if prepared not in _jotbase_templates:
        _jotbase_templates[prepared] = make_template(folder, _jotbase_threads)
    seeds = request.node.get_closest_marker("seeds") is not None
    marks = reversed(list(request.node.iter_markers("settings")))
    values = {name: value for mark in marks for name, value in mark.kwargs.items()}
    try:
        made = TestBackend(
            _jotbase_templates[prepared], _jotbase_threads, seeds=seeds, settings=values
        )
    except SettingError as error:
        raise pytest.UsageError(f"the mark `settings`: {error}") from None
    yield made
    made.close()


@pytest.fixture
def remote() -> Iterator[Remote]:
    """A service that the project's code calls: a server of its own, which answers what is told."""
    from jotbase.testing.remote import Remote

    made = Remote()
    yield made
    made.close()


def _project(request: pytest.FixtureRequest) -> Path:
    named: str = request.config.getini("jotbase_project")
    if named:
        return request.config.rootpath.joinpath(named).resolve()
    for folder in request.path.parents:
        if (folder / "schemas").is_dir():
            return folder
    raise pytest.UsageError(
        "the fixture `backend` found no folder with schemas/ above the test;"
        " set jotbase_project in pytest's configuration"
    )
