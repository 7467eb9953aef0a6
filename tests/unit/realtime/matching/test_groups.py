"""Groups: who must be told the same is one, and nobody else is in it."""

from dataclasses import replace

from tests.unit.realtime.tables import (
    ANA,
    BEN,
    NOTES,
    OWN,
    USER_ID,
    bound,
    note,
    subscriber,
    user,
)

from jotbase.expression.expr import TRUE, Apply, Exists, Field
from jotbase.realtime.matching.groups import Groups
from jotbase.realtime.matching.rules import select_rule
from jotbase.schema.model.tables import Column, Model, Table, Type
from jotbase.values import ANONYMOUS, SERVICE_PRINCIPAL, Change, Row


def groups() -> Groups:
    """Return no groups yet, of tables that are one's own and open to all."""
    return Groups({"notes": select_rule(OWN), "teams": select_rule(TRUE)})


def test_a_thousand_sockets_of_one_user_are_one_group() -> None:
    """The same topic, facts and bindings need one judgement."""
    made = groups()
    for _ in range(1000):
        made.add(subscriber(user(ANA)))

    assert [len(group.subscribers) for group in made.on("notes")] == [1000]


def test_what_the_rule_asks_keeps_groups_apart() -> None:
    """Two users differ where the rule asks who they are, and not where it does not."""
    made = groups()
    for name in (ANA, BEN):
        made.add(subscriber(user(name), *bound(), *bound(table="teams")))

    assert len(made.on("notes")) == 2
    assert len(made.on("teams")) == 1


def test_topic_bindings_and_the_service_role_keep_groups_apart() -> None:
    """Each of them changes what is told."""
    made = groups()
    made.add(subscriber(user(ANA)))
    made.add(subscriber(user(ANA), topic="realtime:s"))
    made.add(subscriber(user(ANA), *bound(filter="id=eq.1")))
    made.add(subscriber(user(ANA), *bound("INSERT")))
    made.add(subscriber(SERVICE_PRINCIPAL))

    assert len(made.on("notes")) == 5


def test_who_leaves_is_in_no_group() -> None:
    """An empty group is forgotten, and leaving twice is no fault."""
    made, one = groups(), subscriber(ANONYMOUS, *bound(), *bound(table="teams"))
    made.add(one)
    made.remove(one)
    made.remove(one)

    assert made.on("notes") == made.on("teams") == ()


def test_bindings_on_one_table_stay_together() -> None:
    """A channel gets one frame for a change, however many of its bindings fit."""
    made = groups()
    made.add(subscriber(ANONYMOUS, *bound("INSERT"), *bound("UPDATE")))
    (group,) = made.on("notes")

    assert [sorted(one.kinds) for one in group.subscriptions] == [["INSERT"], ["UPDATE"]]


def test_groups_are_true_while_somebody_follows() -> None:
    """Where nobody does, no change need be read."""
    made, one = groups(), subscriber(user(ANA))
    seen = [bool(made)]
    made.add(one)
    seen.append(bool(made))
    made.remove(one)

    assert [*seen, bool(made)] == [False, True, False]


def affected(made: Groups, old: Row | None, new: Row | None) -> int:
    """Return how many groups a change of `notes` may concern."""
    change = Change(7, "notes", "UPDATE", old, new, "2026-08-21T10:11:12+00:00")
    return len(made.affected(change))


def test_a_change_concerns_who_asks_for_its_values() -> None:
    """Of a thousand bindings on other rows none is judged, and none once they are gone."""
    made = Groups({"notes": select_rule(TRUE)})
    listed = [subscriber(ANONYMOUS, *bound(filter=f"id=eq.{number}")) for number in range(1000)]
    for one in listed:
        made.add(one)
    before = affected(made, note(5), note(6)), affected(made, None, note(7))
    for one in listed:
        made.remove(one)

    assert (*before, affected(made, note(5), note(6))) == (2, 1, 0)


def test_an_owner_rule_finds_the_owner() -> None:
    """Of all users who follow a table of one's own, a change concerns old and new owner."""
    made = groups()
    for number in range(1000):
        made.add(subscriber(user(f"{number:08}-0000-4000-8000-000000000000")))
    made.add(subscriber(user(ANA)))
    made.add(subscriber(user(BEN), *bound(filter="id=gt.0")))
    made.add(subscriber(SERVICE_PRINCIPAL))

    assert affected(made, None, note(1, ANA)) == 2
    assert affected(made, note(1, BEN), note(1, ANA)) == 3


def test_a_change_of_another_table_concerns_those_for_whom_its_row_counts() -> None:
    """One member of a thousand: the others are not even looked at."""
    teams = Table("teams", (Column("owner", Type.UUID, {}, nullable=True),), ("owner",))
    look = Exists(teams, "t", Apply("eq", (Field("t", "owner", Type.UUID), USER_ID)))
    made = Groups({"notes": select_rule(look, NOTES, Model({"teams": teams}))})
    for name in (ANA, BEN):
        made.add(subscriber(user(name)))
    change = Change(1, "teams", "DELETE", {"owner": ANA}, None, "")

    ((table, found),) = made.looking_into(change)
    assert table is NOTES
    assert [group.principal.id for group in found] == [ANA]
    assert list(made.looking_into(replace(change, table="hidden"))) == []
