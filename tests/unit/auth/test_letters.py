"""A letter written: what is stored, and what is mailed."""

from __future__ import annotations

from tests.unit.auth.driving import ADA, CONTEXT, MOMENT, drive

from jotbase.auth.letters import Draft, space_out, write
from jotbase.auth.one_time import link_token, stored_hash

DRAFT = Draft(ADA, "new@example.com", "email_change_new", "email_change", "email_change")


def test_a_letter_replaces_the_last_of_its_slot() -> None:
    """What is stored is a hash of what is mailed, and the user's row tells when."""
    unit = write(CONTEXT, DRAFT)
    statements = [next(unit)]
    statements += [unit.send([]) for _ in range(3)]
    _, deleted, inserted, updated = statements

    code = f"{int.from_bytes(bytes(range(80, 88))) % 1_000_000:06}"
    link = link_token(b"key", "new@example.com", code)
    assert tuple(deleted.params) == (ADA.id, "email_change_new")
    assert tuple(inserted.params) == (
        stored_hash(link),
        ADA.id,
        "email_change_new",
        "email_change",
        "new@example.com",
        MOMENT,
        None,
        None,
    )
    assert tuple(updated.params) == (MOMENT, ADA.id)


def test_two_letters_of_one_context_have_two_codes() -> None:
    """Each number takes bytes of its own."""
    (first, _), (second, _) = (drive(write(CONTEXT, DRAFT, number)) for number in (0, 1))

    assert first.code != second.code
    assert (first.to, first.verification) == ("new@example.com", "email_change")


def test_a_letter_is_spaced_by_its_address() -> None:
    """The ledger notes it."""
    assert drive(space_out(CONTEXT, "recovery", "a@b.c"))[1] == [
        "SELECT",
        "SELECT",
        "DELETE",
        "INSERT",
        "DELETE",
    ]
