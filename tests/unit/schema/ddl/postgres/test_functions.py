"""The functions that operators call in PostgreSQL."""

from jotbase.expression.semantics import ITEMS
from jotbase.schema.ddl.postgres.functions import CREATE_FUNCTIONS


def test_what_operators_call_is_made() -> None:
    """Under the name that their spellings have, and so that an index may be made of it."""
    (items,) = (text for text in CREATE_FUNCTIONS if f"FUNCTION {ITEMS}(" in text)

    assert "IMMUTABLE" in items


def test_all_can_be_run_again() -> None:
    """A start makes anew what an older version made."""
    assert all("CREATE OR REPLACE FUNCTION" in text for text in CREATE_FUNCTIONS)
