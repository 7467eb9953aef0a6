"""Calls of project code by a connection's statements: one by one, or batched by a dry run.

In charge of one hand-over to another thread for many rows: it takes longer than most such code.
Must not know what the code does. Why it is done so, with figures:
docs/decisions/0081-a-statement-leaves-code-behind.md.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from time import perf_counter, thread_time
from typing import Any

import apsw

from jotbase.engines.calls.code_ending import LeftBehind
from jotbase.engines.sqlite.database.code_threads import CodeThreads, Ending, Read
from jotbase.engines.sqlite.database.result_rows import Fetch, execute, fetch_all
from jotbase.errors import JotError, RequestError, run_contained
from jotbase.sql.units import Rows

#: How many statements deep code may ask for code.
DEEPEST = 8
#: How many rows are gathered, of how many characters together.
MOST, MOST_TEXT = 2000, 4 << 20
#: For how long code runs for what was gathered (seconds): some of it may be asked for nothing.
AHEAD = 0.05
#: What a hand-over takes (seconds): a dry run is worth less than so much for each row.
HAND_OVER = 0.00003
#: After so many runs a statement whose dry run was not worth its while is tried again.
AGAIN_AFTER = 100
_MOST_KNOWN = 4096

#: Of statements, by the hash of their text: for how many runs more there is no dry run.
_WITHOUT: dict[int, int] = {}

#: A question: the function's name, and what it is given.
_Question = tuple[Any, ...]


class _Enough(Exception):
    """Ends a dry run."""


class Connection(apsw.Connection):
    """A connection and the project code that its statements may call."""

    code: CodeCalls | None = None


@contextmanager
def ending(connection: apsw.Connection, end: Ending) -> Iterator[None]:
    """Ask `end`, too, whether code that the connection's statements ask for may go on."""
    code: CodeCalls | None = getattr(connection, "code", None)
    if code is None:
        yield
        return
    before, code.ending = code.ending, end
    try:
        yield
    finally:
        code.ending = before


def run(cursor: apsw.Cursor, text: str, values: Sequence[Any], fetch: Fetch = fetch_all) -> Rows:
    """Run a statement in a thread that waits for code; all that code is asked for is gathered."""
    code: CodeCalls | None = getattr(cursor.connection, "code", None)
    if code is None or not code.is_asked_by(text):
        return fetch(execute(cursor, text, values))
    with code.gathered(text, values):
        return fetch(execute(cursor, text, values))


class CodeCalls:
    """The functions of one connection that run code: each is first given what runs a statement.

    The first of its other arguments names the code that is meant.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        functions: Mapping[str, Callable[..., Any]],
        threads: CodeThreads,
    ) -> None:
        self._connection = connection
        self._functions = functions
        self._threads = threads
        self._depth = 0
        self._gathered: dict[_Question, None] | None = None
        self._text = 0
        self._known: dict[_Question, tuple[Any, Exception | None]] = {}
        self._batch: object = None
        self._within = threading.Lock()
        self.ending: Ending | None = None
        for name in functions:
            # Nothing in the file may call what runs the project's code.
            answer = partial(self._answer, name)
            connection.create_scalar_function(name, answer, flags=apsw.SQLITE_DIRECTONLY)

    def is_asked_by(self, text: str) -> bool:
        """Return whether the statement asks for code, and only reads."""
        return text.startswith("SELECT") and any(name in text for name in self._functions)

    @contextmanager
    def gathered(self, text: str, values: Sequence[Any]) -> Iterator[None]:
        """Know beforehand what the statement asks for, as far as a dry run of it tells."""
        left = _WITHOUT.get(hash(text), 0)
        if left or self._depth:
            _WITHOUT[hash(text)] = left - 1
            yield
            return
        own = not self._connection.in_transaction
        if own:  # one state of the database for both runs
            self._connection.execute("BEGIN")
        try:
            self._learn(text, self._dry_run(text, values))
            yield
        finally:
            self._known = {}
            if own and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _dry_run(self, text: str, values: Sequence[Any]) -> float:
        """Gather what the statement asks for; return the processor time that it took."""
        start = thread_time()
        self._gathered, self._text = {}, 0
        try:
            for _ in self._connection.execute(text, values):
                pass
        except (apsw.Error, _Enough, JotError):
            pass  # what is wrong with it shows when it runs
        finally:
            asked, self._gathered = self._gathered, None
        used = thread_time() - start
        if len(asked) > 1:
            self._answer_all(asked)
        return used - len(asked) * HAND_OVER

    def _learn(self, text: str, lost: float) -> None:
        if lost > 0 or len(self._known) < 2:
            if len(_WITHOUT) >= _MOST_KNOWN:
                _WITHOUT.clear()
            _WITHOUT[hash(text)] = AGAIN_AFTER

    def _note(self, gathered: dict[_Question, None], question: _Question) -> None:
        gathered[question] = None
        self._text += sum(len(one) for one in question if isinstance(one, str))
        if len(gathered) >= MOST or self._text > MOST_TEXT:
            raise _Enough

    def _answer_all(self, asked: Mapping[_Question, None]) -> None:
        """Have code answer the questions; no statement runs meanwhile but what the code reads."""
        batch = self._batch = object()

        def code(_: Read) -> None:
            self._answer_there(asked, partial(self._read_there, batch))

        try:
            name = str(next(iter(asked))[1])
            self._threads.perform(name, code, self._read, self._end)
        finally:
            with self._within:  # code that is left behind may be in the middle of a statement
                self._batch = None

    def _answer_there(self, asked: Iterable[_Question], read: Read) -> None:
        end, size = perf_counter() + AHEAD, 0
        for question in asked:
            function = self._functions[question[0]]
            try:
                value = run_contained(partial(function, read, *question[1:]))
            except Exception as error:  # noqa: BLE001 - raised again where it is asked for
                self._known[question] = (None, error)
            else:
                self._known[question] = (value, None)
                size += len(value) if isinstance(value, str | bytes) else 0
            if size > MOST_TEXT or perf_counter() > end:
                return

    def _read_there(self, batch: object, text: str, values: Sequence[Any]) -> Rows:
        """Run a read for the code, in the code's thread."""
        with self._within:
            if batch is not self._batch:
                raise LeftBehind("the statement has gone on without this code")
            return self._read(text, values)

    def _answer(self, *question: Any) -> Any:
        gathered = self._gathered
        if gathered is not None:
            return self._note(gathered, question)
        known = self._known.get(question)
        if known is None:
            function = self._functions[question[0]]
            return self._perform(str(question[1]), lambda read: function(read, *question[1:]))
        value, error = known
        if error is not None:
            raise error
        return value

    def _perform(self, name: str, code: Callable[[Read], Any]) -> Any:
        if self._depth >= DEEPEST:
            raise RequestError("54001", "computed columns ask for one another too deeply")
        self._depth += 1
        try:
            return self._threads.perform(name, code, self._read, self._end)
        finally:
            self._depth -= 1

    def _read(self, text: str, values: Sequence[Any]) -> Rows:
        rows: Rows = self._connection.execute(text, values).fetchall()
        return rows

    def _end(self, seconds: float) -> Exception | None:
        if self._connection.is_interrupted:
            return apsw.InterruptError("interrupted")
        return None if self.ending is None else self.ending(seconds)
