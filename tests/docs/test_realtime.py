"""The page on realtime: its table is whole, and each test that it names is there."""

import itertools
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "realtime.md").read_text(encoding="utf-8")
STATES = {"closed", "replaying", "live"}


def rows() -> list[list[str]]:
    """Return the cells of the table of states."""
    lines = PAGE.partition("| state | event |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_state_has_every_event_once() -> None:
    """No case is left to chance, and each leads to a state that there is."""
    cases = [(row[0], row[1]) for row in rows()]

    assert len(cases) == 27
    assert set(cases) == set(itertools.product(STATES, {event for _, event in cases}))
    assert {row[3] for row in rows()} <= STATES


def test_each_case_names_its_test() -> None:
    """What may happen has one that shows it; only what cannot, or does nothing, has none."""
    bare = [row for row in rows() if not row[4].startswith("`tests/")]

    assert {row[2] for row in bare} <= {"cannot be", "nothing"}


def test_the_tests_that_the_page_names_are_there() -> None:
    """A test that is renamed is renamed here as well."""
    named = re.findall(r"`(tests/[^`]+)::(test_\w+)`", PAGE)

    assert len(named) > 20
    for file, test in named:
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), (file, test)
