"""What the system lacks is told from faults of ours."""

from __future__ import annotations

import pytest

from jotbase.http.edge.exhaustion import exhausted_resource


@pytest.mark.parametrize(
    ("error", "resource"),
    [
        (RuntimeError("can't start new thread"), "thread"),
        (OSError(24, "Too many open files"), "file"),
        (OSError(23, "Too many open files in system"), "file"),
        (MemoryError(), "memory"),
        (ValueError("Memory allocation error"), "memory"),
        (RuntimeError("another"), None),
        (OSError(2, "No such file or directory"), None),
    ],
)
def test_what_the_system_lacks_is_read_from_an_exception(
    error: Exception, resource: str | None
) -> None:
    """A thread, a file or memory that cannot be had is told from faults of ours."""
    assert exhausted_resource(error) == resource
