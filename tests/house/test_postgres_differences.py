"""The list of what PostgreSQL answers otherwise is of tests that there are."""

import re
from pathlib import Path

from tests.postgres_differences import DIFFERENCES, ONE_WRITER, known_difference

TESTS = Path(__file__).parent.parent


def test_every_entry_names_a_test() -> None:
    """One that was renamed, or went away, is no entry any more."""
    listed = [*ONE_WRITER, *(name for names in DIFFERENCES.values() for name in names)]
    for name in listed:
        file, _, test = name.partition("[")[0].partition("::")
        defined = rf"^(?:async )?def {re.escape(test)}\("
        assert re.search(defined, (TESTS / file).read_text("utf-8"), re.MULTILINE), name


def test_an_entry_is_a_test_or_one_case_of_it() -> None:
    """A case in brackets says nothing of the others."""
    whole = "api/test_plans.py::test_a_read_shows_how_it_is_found"
    case = "api/test_order.py::test_rows_before_a_value_are_those_that_are_less[postgres-json]"

    assert known_difference(f"{whole}[postgres]") == "the plan is PostgreSQL's own"
    assert known_difference(case) is not None
    assert known_difference(case.replace("json", "texts")) is None
