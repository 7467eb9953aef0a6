"""What a write came to."""

from __future__ import annotations

from jotbase.query.write.result import WriteResult, not_single


def test_a_write_is_new_unless_said_otherwise() -> None:
    """A result without more has no body and made rows."""
    written = WriteResult(2)

    assert (written.affected, written.body, written.created) == (2, None, True)


def test_not_single() -> None:
    """The error says how many rows there were."""
    error = not_single(3)

    assert (error.code, error.status, error.details) == (
        "PGRST116",
        406,
        "The result contains 3 rows",
    )
