"""The ledger: pauses between mails, and wrong codes."""

from __future__ import annotations

import pytest
from tests.unit.auth.driving import MOMENT, NOW, POLICY, drive

from jotbase.auth.mail import attempt_log
from jotbase.errors import AuthError
from jotbase.sql.dialect import SQLITE
from jotbase.sql.units import Rows

EMAIL = "ada@example.com"


def options(now: float, *answers: Rows) -> list[str]:
    return drive(attempt_log.record_mail_request(SQLITE, POLICY, now, "recovery", EMAIL), *answers)[
        1
    ]


def test_a_first_mail_is_noted() -> None:
    """What is too old goes and the asking is noted; wrong codes stay until a mail is written."""
    assert options(NOW, []) == ["SELECT", "SELECT", "DELETE", "INSERT"]


@pytest.mark.parametrize(("seconds", "left"), [(0.0, 60), (17.5, 43), (59.9, 1)])
def test_a_second_mail_comes_too_soon(seconds: float, left: int) -> None:
    """The refusal says after how many whole seconds to ask again, and notes nothing."""
    with pytest.raises(AuthError, match=f"after {left} seconds") as caught:
        options(NOW + seconds, [], [(MOMENT, 1)])

    assert (caught.value.status, caught.value.code) == (429, "over_email_send_rate_limit")


def test_after_the_pause_a_mail_may_be_asked_for() -> None:
    """Sixty seconds, to the moment."""
    assert options(NOW + 60, [], [(MOMENT, 1)])[-1] == "INSERT"


@pytest.mark.parametrize(("sent", "allowed"), [(499, True), (500, False)])
def test_all_mails_of_an_hour_are_counted(sent: int, allowed: bool) -> None:
    """Whoever asks for the one too many is refused, and the next hour is counted anew."""
    if allowed:
        assert options(NOW, [(MOMENT, sent)])[-1] == "INSERT"
    else:
        with pytest.raises(AuthError, match="email rate limit exceeded"):
            options(NOW, [(MOMENT, sent)])

    keys = [
        next(attempt_log.record_mail_sent(SQLITE, NOW + later)).params[0] for later in (0, 3600)
    ]
    assert keys[0] != keys[1]


@pytest.mark.parametrize(
    ("line", "later", "allowed"),
    [
        ([], 0, True),
        ([(MOMENT, 4)], 0, True),
        ([(MOMENT, 5)], 0, False),
        ([(MOMENT, 5)], 3600, True),
    ],
)
def test_five_wrong_codes_are_enough(line: Rows, later: float, allowed: bool) -> None:
    """Until no code of that time can be good any more."""
    unit = attempt_log.locked_slots(
        SQLITE, POLICY, NOW + later, ("confirmation", "recovery"), EMAIL
    )

    assert drive(unit, [], line)[0] == (set() if allowed else {"recovery"})


def test_no_statement_holds_the_address() -> None:
    """Lines are found by a hash; the ledger would else list who never signed up."""
    unit = attempt_log.record_failed_code(SQLITE, NOW, ("recovery",), EMAIL)
    statement = next(unit)

    assert EMAIL not in statement.text
    assert EMAIL not in [str(value) for value in statement.params]
    assert len(str(statement.params[0])) == 64
