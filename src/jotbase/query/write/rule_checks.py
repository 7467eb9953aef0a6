"""Rows stored as the rules let them be: rules are asked of the tables as they were before.

A rule may look into other rows, those of the written table among them, under whatever name. In
charge of asking before a row can speak for itself; of storing on trial, in a savepoint that is
taken back, where only the database can say what the rows will be. Must not know any rule or plan.
PostgreSQL asks policies of the state before the statement as well (its snapshot).
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

#: How often rows are stored on trial: they hold the writer, which nobody else has meanwhile.
TRIALS = 3

_BEFORE = '"jot.before"'
SAVE = Statement(f"SAVEPOINT {_BEFORE}")
UNDO = Statement(f"ROLLBACK TO {_BEFORE}")
RELEASE = Statement(f"RELEASE {_BEFORE}")

#: How statements begin that keep or take back others: they have no plan to show.
SAVING = ("SAVEPOINT ", "ROLLBACK TO ", "RELEASE ")


@dataclass(frozen=True, slots=True)
class Stored:
    """Rows as a statement leaves them, with their row keys.

    `olds` are the same rows before it, in the same order: None for one that is new.
    """

    keys: Sequence[Key]
    rows: Sequence[Row]
    olds: Sequence[Row | None] = field(default_factory=list)


#: Stores rows; what a trial gave comes back to it, for what is to be the same again.
Store = Callable[[Stored | None], UnitOfWork[Stored]]
Ask = Callable[[Stored], UnitOfWork[None]]


def predicted_row(table: Table, row: Row) -> Row:
    """Return a row as far as it can be told before it is stored: the rest stays absent."""
    return {
        column.name: None
        for column in table.columns
        if not column.is_filled and "x-default" not in column.schema
    } | row


def drawn(table: Table, rows: Sequence[Row], tried: Stored | None) -> Sequence[Row]:
    """Return rows to insert with the defaults that the database drew for them on trial.

    `DEFAULT (random())` would come out otherwise each time, and never be what the rules saw.
    """
    names = [one.name for one in table.columns if "x-default" in one.schema]
    if tried is None or not names or len(tried.rows) != len(rows):
        return rows
    return [
        row if old is not None else {name: after[name] for name in names} | row
        for row, after, old in zip(rows, tried.rows, tried.olds, strict=True)
    ]


def store_with_rules(
    store: Store, ask: Ask, looks: frozenset[str] | None, guess: Stored
) -> UnitOfWork[Stored]:
    """Store rows that the rules let in, and return them.

    `looks` are the columns that the rules look at, None where they look into no other row: then
    they are asked of what was stored. Else they are asked of the `guess` if it has these columns,
    and of what was stored on trial where it has not, or was wrong.

    Raises AccessError 42501; ConflictError as the database does, with nothing stored; RequestError
    0A000 where trials never come out as the one before.
    """
    if looks is None:
        after = yield from store(None)
        yield from ask(after)
        return after
    asked: Stored | None = None
    if all(looks <= row.keys() for row in guess.rows):
        yield from ask(guess)
        asked = guess
    yield SAVE
    after = yield from store_or_undo(lambda: store(None))
    trials = 0
    while asked is None or _differ(after, asked, looks):
        yield UNDO
        if trials == TRIALS:
            raise _unsettled()
        yield from ask(after)
        asked, trials = after, trials + 1
        after = yield from store_or_undo(partial(store, asked))
    yield RELEASE
    return after


def store_or_undo(store: Callable[[], UnitOfWork[Result]]) -> UnitOfWork[Result]:
    """Store rows; where the database refuses some, take back those before them as well."""
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


def _differ(after: Stored, asked: Stored, looks: frozenset[str]) -> bool:
    """Say whether the rules would have seen other rows."""
    if len(after.rows) != len(asked.rows) or list(after.olds) != list(asked.olds):
        return True
    return any(
        row[name] != before[name]
        for row, before in zip(after.rows, asked.rows, strict=True)
        for name in looks
    )


def paired_rows(before: Stored, wanted: Sequence[Key], after: Stored) -> Stored:
    """Return the rows that were changed beside the old ones, in the old rows' order.

    `wanted` are the keys that the old rows have become. A trigger may have kept some from changing.
    Raises RequestError 0A000 where it cannot be told which row is which, so that no rule is asked
    of a row and the neighbour that it never was.
    """
    if len(before.rows) == len(after.rows) == 1 or list(wanted) == after.keys:
        return Stored(after.keys, after.rows, before.rows)
    places: dict[Key, list[int]] = {}
    for place, key in enumerate(after.keys):
        places.setdefault(key, []).insert(0, place)
    pairs = [(old, places[key].pop()) for old, key in enumerate(wanted) if places.get(key)]
    if len(pairs) < len(after.rows):
        raise unpaired_error(
            "Change fewer rows at once: the columns that tell them apart come back changed."
        )
    return Stored(
        [after.keys[new] for _, new in pairs],
        [after.rows[new] for _, new in pairs],
        [before.rows[old] for old, _ in pairs],
    )


def unpaired_error(hint: str = "Triggers keep some rows from being stored.") -> RequestError:
    """Return the refusal of a write of which it cannot be told what it did to which row."""
    return RequestError("0A000", "cannot tell which row became which", hint=hint)
