"""A letter written: what is stored, and what is mailed."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.auth.driving import ADA, CONTEXT, MOMENT, drive, row

from jotbase.auth.mail.mail_tokens import (
    MailDraft,
    RequestedOptions,
    check_mail_interval,
    issue_mail,
)
from jotbase.auth.tokens.one_time import OneTimeToken, link_token, stored_hash
from jotbase.sql.units import Rows

DRAFT = MailDraft(ADA, "new@example.com", "email_change_new", "email_change", "email_change")


def test_a_letter_replaces_the_last_of_its_slot() -> None:
    """What is stored is a hash of what is mailed, and the user's row tells when."""
    old = OneTimeToken("old", ADA.id, "email_change_new", "email_change", "x@y.z", MOMENT)
    unit = issue_mail(CONTEXT, DRAFT)
    statements = [next(unit)]
    answers: list[Rows] = [[], [], [row(old), row(replace(old, slot="recovery"))], [], []]
    statements += [unit.send(answer) for answer in answers]
    _, _, _, deleted, inserted, updated = statements

    code = f"{int.from_bytes(bytes(range(80, 88))) % 1_000_000:06}"
    link = link_token(b"key", "new@example.com", code)
    assert tuple(deleted.params) == ("old",)
    assert tuple(inserted.params) == (
        stored_hash(link),
        ADA.id,
        "email_change_new",
        "email_change",
        "new@example.com",
        MOMENT,
        None,
        None,
        "",
        None,
        "{}",
    )
    assert tuple(updated.params) == (MOMENT, ADA.id)


def test_each_client_keeps_its_letter_beside_the_others() -> None:
    """Five at most, the oldest gone first; a client's second takes the place of its first."""
    others = [
        OneTimeToken(name, ADA.id, "confirmation", "signup", "x", MOMENT, client=name)
        for name in "abcdef"
    ]
    unit = issue_mail(CONTEXT, replace(DRAFT, slot="confirmation", options=RequestedOptions("c")))
    statements = [next(unit), unit.send([]), unit.send([]), unit.send([row(one) for one in others])]
    statements += [unit.send([]), unit.send([])]

    assert [one.params for one in statements[3:5]] == [("c",), ("f",)]
    assert statements[5].text.startswith("INSERT")


def test_two_letters_of_one_context_have_two_codes() -> None:
    """Each number takes bytes of its own."""
    (first, _), (second, _) = (drive(issue_mail(CONTEXT, DRAFT, number)) for number in (0, 1))

    assert first.code != second.code
    assert (first.to, first.verification) == ("new@example.com", "email_change")


def test_a_letter_is_spaced_by_its_address() -> None:
    """The ledger notes it."""
    assert drive(check_mail_interval(CONTEXT, "recovery", "a@b.c"))[1] == [
        "SELECT",
        "SELECT",
        "DELETE",
        "INSERT",
    ]
