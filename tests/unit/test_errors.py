"""The error tree: each error knows its code, status and hint; faults name their place."""

from __future__ import annotations

from jotbase.errors import (
    AuthError,
    ChannelError,
    Fault,
    JotError,
    ProjectError,
    RequestError,
    SettingError,
    StatementTimeout,
    TransactionTimeout,
    violation,
)


def test_a_code_brings_its_status() -> None:
    """An error raised by its code answers with the table's status."""
    assert RequestError("PGRST116", "one row, please").status == 406
    assert RequestError("23505", "twice").status == 409


def test_a_status_can_be_said() -> None:
    """42501 is 403, and 401 for somebody who has not said who they are."""
    assert JotError("42501", "no").status == 403
    assert JotError("42501", "no", status=401).status == 401


def test_whose_fault_it_was_is_in_the_class() -> None:
    """Every error of a request is a JotError; a project's mistakes are not a caller's."""
    assert isinstance(AuthError(401, "no_authorization", "no"), JotError)
    assert isinstance(ChannelError("Unauthorized", "no"), JotError)
    assert isinstance(StatementTimeout(50), JotError)
    assert not isinstance(ProjectError([]), JotError)
    assert issubclass(SettingError, ProjectError)


def test_a_statement_that_was_stopped_says_its_limit() -> None:
    """The answer names the limit and what to do about it."""
    error = StatementTimeout(8000)

    assert (error.code, error.status) == ("57014", 504)
    assert error.details == "The limit is 8000 ms."
    assert error.hint is not None
    assert "JOTBASE_STATEMENT_TIMEOUT" in error.hint


def test_a_unit_that_was_stopped_says_its_limit() -> None:
    """It has PostgreSQL's code for a transaction past its time."""
    error = TransactionTimeout(20_000)

    assert (error.code, error.status, error.details) == ("25P04", 504, "The limit is 20000 ms.")
    assert error.hint is not None
    assert "JOTBASE_TRANSACTION_TIMEOUT" in error.hint


def test_a_violation_lists_every_fault() -> None:
    """The faults of a row stand in the details, as they were found."""
    faults = [{"pointer": "/title", "keyword": "minLength", "message": "too short"}]
    error = violation(faults, "jobs")

    assert (error.code, error.status, error.details) == ("23514", 400, faults)
    assert error.message == 'new row for relation "jobs" violates its JSON Schema'


def test_a_fault_names_file_place_and_hint() -> None:
    """A fault reads as one line, with the hint below."""
    fault = Fault("schemas/jobs.json", "/access/select", "no column", "perhaps you meant owner")

    assert str(fault) == (
        "schemas/jobs.json#/access/select: no column\n    hint: perhaps you meant owner"
    )
    assert str(Fault(".env", "", "unreadable")) == ".env: unreadable"


def test_a_project_error_tells_all_faults() -> None:
    """Its text is every fault, a line each."""
    error = ProjectError([Fault("a", "", "x"), Fault("b", "/c", "y")])

    assert str(error) == "a: x\nb#/c: y"
