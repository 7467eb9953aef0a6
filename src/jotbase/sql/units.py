"""A unit of work: the statements of one write, as a generator that an engine drives.

In charge of letting pure code say «run this, then with what came back run that» without a database:
the generator yields a `Fragment` and is sent the rows; what it returns is the unit's result, and an
exception that leaves it undoes all that it did. Must not know how, or on what, statements run.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

from jotbase.sql.fragment import Fragment

Result = TypeVar("Result")

#: What a statement gave back: one tuple a row, in the order of its columns.
Rows = list[tuple[Any, ...]]

#: Yields fragments, is sent their rows, returns the unit's result.
UnitOfWork = Generator[Fragment, Rows, Result]
