"""PostgreSQL's triggers end what the table of endings says, and every line is told once."""

from jotbase.auth.tokens.postgres_revocations import postgres_triggers
from jotbase.auth.tokens.revocation_triggers import ENDINGS, FACTS

TEXTS = tuple(postgres_triggers())


def test_every_ending_is_carried_out() -> None:
    """Each column of the table of endings is looked at by the users' trigger."""
    (changed,) = (text for text in TEXTS if '"auth"."user_changed"() RETURNS trigger' in text)

    assert all(f'NEW."{one.column}" IS DISTINCT FROM OLD."{one.column}"' in changed
               for one in ENDINGS)  # fmt: skip
    assert 'DELETE FROM "auth"."sessions" WHERE "user_id" = NEW."id";' in changed


def test_every_fact_is_told_as_it_is_after_the_numbers_were_given() -> None:
    """What tokens say of a user is read by the statement behind the numbering."""
    (told,) = (text for text in TEXTS if '"changed_since"(' in text)

    assert told.index("PERFORM") < told.index("RETURN QUERY")
    assert all(f'u."{name}"' in told for name in FACTS)
