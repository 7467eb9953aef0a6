"""Twin files: tests/unit mirrors src/jotbase, so a module and its test find each other by name."""

from collections.abc import Set as AbstractSet

from tests.house.layers import ROOMS
from tests.house.test_layers import room_of
from tests.house.tree import sources

#: Pure modules without a unit test of their own, each with its reason. A stale one is a fault.
WITHOUT_TWIN: dict[str, str] = {}


def twin_of(test: str) -> str:
    """Return the module that tests/unit/query/plan/test_plan.py is the twin of."""
    folder, _, name = test.removeprefix("tests/unit/").rpartition("/")
    return "/".join(part for part in ("src/jotbase", folder, name.removeprefix("test_")) if part)


def unit_tests() -> set[str]:
    """Return the paths of the unit tests."""
    paths = (source.path for source in sources("tests/unit"))
    return {path for path in paths if path.rpartition("/")[2].startswith("test_")}


def pure_modules() -> set[str]:
    """Return the paths of the modules of pure rooms; an __init__ only names what others hold."""
    return {
        source.path
        for source in sources("src")
        if ROOMS[room_of(source.module)].pure and not source.path.endswith("/__init__.py")
    }


def without_module(tests: AbstractSet[str], modules: AbstractSet[str]) -> list[str]:
    """Return the unit tests whose module is not there."""
    return sorted(test for test in tests if twin_of(test) not in modules)


def without_test(tests: AbstractSet[str], modules: AbstractSet[str]) -> list[str]:
    """Return the modules whose unit test is not there."""
    return sorted(modules - {twin_of(test) for test in tests})


def test_every_unit_test_has_its_module() -> None:
    """A unit test is named after the module it tests, in the same folder."""
    assert without_module(unit_tests(), {source.path for source in sources("src")}) == []


def test_every_pure_module_has_its_unit_test() -> None:
    """A module of a pure room is tested by its own twin, or says why not."""
    assert without_test(unit_tests(), pure_modules() - WITHOUT_TWIN.keys()) == []


def test_every_module_said_to_have_no_twin_is_there_and_has_none() -> None:
    """A module that got its test, or is gone, is taken off the list."""
    twins = {twin_of(test) for test in unit_tests()}

    assert [path for path in WITHOUT_TWIN if path in twins or path not in pure_modules()] == []


def test_a_lonely_twin_is_found() -> None:
    """A test without its module and a module without its test are named."""
    tests, modules = {"tests/unit/query/plan/test_plan.py"}, {"src/jotbase/query/plan/plan.py"}

    assert without_module(tests, modules) == without_test(tests, modules) == []
    assert without_module(tests, set()) == ["tests/unit/query/plan/test_plan.py"]
    assert without_test(set(), modules) == ["src/jotbase/query/plan/plan.py"]
    assert twin_of("tests/unit/test_errors.py") == "src/jotbase/errors.py"
