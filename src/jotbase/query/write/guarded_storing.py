"""Storing rows subject to access rules, which are evaluated on the tables before the write.

A rule may depend on other rows, those of the written table included; a new row must not satisfy its
own rule. In charge of checking before storing, and, where only the database knows the final rows,
of storing them on trial in a savepoint that is rolled back. Must not know any rule or plan.
PostgreSQL evaluates policies with the snapshot from before the statement too (decision 53).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from jotbase.errors import ConflictError, RequestError
from jotbase.query.plan.row_keys import Key
from jotbase.schema.model.tables import Table
from jotbase.sql.units import Statement, UnitOfWork
from jotbase.values import Row

Result = TypeVar("Result")

#: The most trials of one write; the writer is blocked meanwhile.
TRIALS = 3

_BEFORE = '"jot.before"'
SAVE = Statement(f"SAVEPOINT {_BEFORE}")
UNDO = Statement(f"ROLLBACK TO {_BEFORE}")
RELEASE = Statement(f"RELEASE {_BEFORE}")

#: The prefixes of statements on savepoints, which have no query plan.
SAVING = ("SAVEPOINT ", "ROLLBACK TO ", "RELEASE ")


@dataclass(frozen=True, slots=True)
class WrittenRows:
    """Rows after a statement, with their row keys.

    `olds` are the same rows before it, in the same order; None for a new one.
    """

    keys: Sequence[Key]
    rows: Sequence[Row]
    olds: Sequence[Row | None] = field(default_factory=list)


#: Stores rows. It is passed the result of the trial, whose random defaults are to be used again.
Store = Callable[[WrittenRows | None], UnitOfWork[WrittenRows]]
CheckRules = Callable[[WrittenRows], UnitOfWork[None]]


def predicted_row(table: Table, row: Row) -> Row:
    """Return a row as far as it is known before it is stored; other columns stay absent."""
    return {
        column.name: None
        for column in table.columns
        if not column.is_filled and "x-default" not in column.schema
    } | row


def with_tried_defaults(
    table: Table, rows: Sequence[Row], trial: WrittenRows | None
) -> Sequence[Row]:
    """Return rows to insert with the defaults that the database chose on trial.

    `DEFAULT (random())` would otherwise give values that the rules have not checked.
    """
    names = [one.name for one in table.columns if "x-default" in one.schema]
    if trial is None or not names or len(trial.rows) != len(rows):
        return rows
    return [
        row if old is not None else {name: after[name] for name in names} | row
        for row, after, old in zip(rows, trial.rows, trial.olds, strict=True)
    ]


def store_with_rules(
    store: Store,
    ask: CheckRules,
    columns_read: frozenset[str] | None,
    predict: Callable[[], WrittenRows],
) -> UnitOfWork[WrittenRows]:
    """Store rows that the rules let in, and return them.

    `columns_read` are the columns that the rules look at, None where they look into no other row:
    then they are asked of what was stored, and nothing is predicted: of many rows that is a copy
    more. Else they are asked of what `predict` gives if it has these columns, and of what was
    stored on trial where it has not, or was wrong.

    Raises AccessError 42501; ConflictError as the database does, with nothing stored; RequestError
    0A000 where trials never come out as the one before.
    """
    if columns_read is None:
        after = yield from store(None)
        yield from ask(after)
        return after
    checked: WrittenRows | None = None
    predicted = predict()
    if all(columns_read <= row.keys() for row in predicted.rows):
        yield from ask(predicted)
        checked = predicted
    yield SAVE
    after = yield from store_or_undo(lambda: store(None))
    trials = 0
    while checked is None or _differ(after, checked, columns_read):
        yield UNDO
        if trials == TRIALS:
            raise _unsettled()
        yield from ask(after)
        checked, trials = after, trials + 1
        after = yield from store_or_undo(partial(store, checked))
    yield RELEASE
    return after


def store_or_undo(store: Callable[[], UnitOfWork[Result]]) -> UnitOfWork[Result]:
    """Store rows; if the database refuses one, roll back those before it as well."""
    try:
        return (yield from store())
    except ConflictError:
        yield UNDO
        raise


def _unsettled() -> RequestError:
    return RequestError(
        "0A000",
        "what the database makes of a row comes out otherwise each time",
        hint="A rule that looks into other rows cannot judge what a trigger draws by chance.",
    )


def _differ(after: WrittenRows, checked: WrittenRows, columns_read: frozenset[str]) -> bool:
    """Return whether the rows differ in columns that the rules read."""
    if len(after.rows) != len(checked.rows) or list(after.olds) != list(checked.olds):
        return True
    return any(
        row[name] != before[name]
        for row, before in zip(after.rows, checked.rows, strict=True)
        for name in columns_read
    )


def paired_rows(before: WrittenRows, wanted: Sequence[Key], after: WrittenRows) -> WrittenRows:
    """Return the rows that were changed beside the old ones, in the old rows' order.

    `wanted` are the keys that the old rows have become. A trigger may have kept some from changing.
    Raises RequestError 0A000 where it cannot be told which row is which, so that no rule is asked
    of a row and the neighbour that it never was.
    """
    if len(before.rows) == len(after.rows) == 1 or list(wanted) == after.keys:
        return WrittenRows(after.keys, after.rows, before.rows)
    places: dict[Key, list[int]] = {}
    for place, key in enumerate(after.keys):
        places.setdefault(key, []).insert(0, place)
    pairs = [(old, places[key].pop()) for old, key in enumerate(wanted) if places.get(key)]
    if len(pairs) < len(after.rows):
        raise unpaired_error(
            "Change fewer rows at once: the columns that tell them apart come back changed."
        )
    return WrittenRows(
        [after.keys[new] for _, new in pairs],
        [after.rows[new] for _, new in pairs],
        [before.rows[old] for old, _ in pairs],
    )


def unpaired_error(hint: str = "Triggers keep some rows from being stored.") -> RequestError:
    """Return the error of a write whose new rows cannot be paired with the old ones."""
    return RequestError("0A000", "cannot tell which row became which", hint=hint)
