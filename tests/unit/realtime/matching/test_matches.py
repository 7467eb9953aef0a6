"""What each group is told: the table of the module, and routing equals judging one by one."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.realtime.tables import (
    ANA,
    BEN,
    NOTES,
    OWN,
    TEAMS,
    Told,
    bound,
    note,
    subscriber,
    user,
)

from jotbase.expression.expr import FALSE, TRUE, Context, Exists, Expr, Not
from jotbase.expression.judge import Env, judge
from jotbase.realtime.matching.groups import Groups, Subscriber
from jotbase.realtime.matching.matches import ChangeEvaluation, OldAndNew, VerdictMissing
from jotbase.realtime.matching.rules import select_rule
from jotbase.realtime.messages.wire import unframe
from jotbase.schema.model.tables import ForeignKey, Model
from jotbase.values import ANONYMOUS, SERVICE_PRINCIPAL, Change, Principal, Row


def change(old: Row | None, new: Row | None) -> Change:
    """Return a change of `notes`."""
    kind: Any = "INSERT" if old is None else "DELETE" if new is None else "UPDATE"
    return Change(7, "notes", kind, old, new, "2026-08-21T10:11:12+00:00")


def frames(made: Change, rule: Expr, *subscribers: Subscriber) -> list[list[bytes]]:
    """Return the frames that each follower is told."""
    groups = Groups({"notes": select_rule(rule)})
    for one in subscribers:
        groups.add(one)
    evaluation = ChangeEvaluation(made, groups.rule("notes"), "", {}, 7)
    told = {
        one: evaluation.frames(group)
        for group in groups.affected(made)
        for one in group.subscribers
    }
    return [told.get(one, []) for one in subscribers]


def events(made: Change, rule: Expr, one: Subscriber) -> list[tuple[str, list[int], Row | None]]:
    """Return (type, ids, old_record) of what one follower is told."""
    payloads = [orjson.loads(unframe(ready)[0])[4] for ready in frames(made, rule, one)[0]]
    return [(p["data"]["type"], p["ids"], p["data"].get("old_record")) for p in payloads]


@pytest.mark.parametrize(
    ("old", "new", "kinds"),
    [
        (None, note(1, ANA), ["INSERT"]),
        (None, note(1, BEN), []),
        (note(1, ANA), note(1, ANA), ["UPDATE"]),
        (note(1, BEN), note(1, ANA), ["UPDATE"]),
        (note(1, ANA), note(1, BEN), ["DELETE"]),
        (note(1, BEN), note(1, BEN), []),
        (note(1, ANA), None, ["DELETE"]),
        (note(1, BEN), None, []),
    ],
)
def test_the_rule_is_judged_on_both_rows(
    old: Row | None, new: Row | None, kinds: list[str]
) -> None:
    """Entering, staying in, leaving and staying out of Ana's view."""
    assert [kind for kind, _, _ in events(change(old, new), OWN, subscriber(user(ANA)))] == kinds


@pytest.mark.parametrize(
    ("event", "kinds"), [("*", ["DELETE"]), ("DELETE", ["DELETE"]), ("UPDATE", []), ("INSERT", [])]
)
def test_leaving_a_filter_is_told_to_who_listens_to_deletes(event: str, kinds: list[str]) -> None:
    """The row is still there and may be seen, but no longer fits."""
    one = subscriber(ANONYMOUS, *bound(event, filter="title=eq.open"))
    made = change(note(1, title="open"), note(1, title="closed"))

    assert [kind for kind, _, _ in events(made, TRUE, one)] == kinds


def test_bindings_that_fit_are_listed_in_one_frame() -> None:
    """One frame for a change, with the ids of all."""
    every, inserts, other = bound(), bound("INSERT"), bound(filter="id=eq.2")
    told = events(change(None, note(1)), TRUE, subscriber(ANONYMOUS, *every, *inserts, *other))

    assert told == [("INSERT", [every[0].id, inserts[0].id], None)]


def test_a_change_may_leave_one_binding_and_stay_in_another() -> None:
    """Then each has its own frame."""
    first, every = bound(filter="id=eq.1"), bound()
    told = events(change(note(1), note(2)), TRUE, subscriber(ANONYMOUS, *first, *every))

    assert [(kind, ids) for kind, ids, _ in told] == [
        ("DELETE", [first[0].id]),
        ("UPDATE", [every[0].id]),
    ]


def test_the_old_row_is_told_to_who_saw_it() -> None:
    """Who did not is told its key."""
    made = change(note(1, BEN, "old"), note(1, ANA))
    ((_, _, hidden),) = events(made, OWN, subscriber(user(ANA)))
    ((_, _, seen),) = events(made, OWN, subscriber(SERVICE_PRINCIPAL))

    assert hidden == {"id": 1}
    assert seen is not None
    assert seen["title"] == "old"


def test_without_a_rule_only_the_service_role_is_told() -> None:
    """Default deny."""
    told = frames(
        change(None, note(1)), FALSE, subscriber(user(ANA)), subscriber(SERVICE_PRINCIPAL)
    )

    assert list(map(len, told)) == [0, 1]


def test_a_frame_is_made_once_for_all_who_get_it() -> None:
    """Two users in two groups who are told the same share the very bytes."""
    ana, service = frames(
        change(None, note(1, ANA)), OWN, subscriber(user(ANA)), subscriber(SERVICE_PRINCIPAL)
    )

    assert ana[0] is service[0]


def test_a_relational_rule_must_have_been_asked() -> None:
    """What the database did not say is not guessed."""
    rule = select_rule(Exists(TEAMS, "t", TRUE))
    groups = Groups({"notes": rule})
    groups.add(subscriber(user(ANA)))
    (group,) = groups.on("notes")
    made = change(None, note(1))

    with pytest.raises(VerdictMissing):
        ChangeEvaluation(made, rule, "", {}, 7).frames(group)
    known = {rule.bind(user(ANA)): OldAndNew(old=False, new=True)}
    assert len(ChangeEvaluation(made, rule, "", known, 7).frames(group)) == 1


@pytest.mark.parametrize(
    ("filter_text", "old_record"), [("", {"id": 1}), ("id=eq.1", {"id": 1}), ("title=eq.t", None)]
)
def test_a_removal_that_makes_a_rule_true_tells_the_key_alone(
    filter_text: str, old_record: Row | None
) -> None:
    """The row may have been hidden until then; filters by what it held are not judged on it."""
    blocks = ForeignKey("id", ("id",), "notes", ("id",), on_delete="cascade")
    model = Model({"notes": NOTES, "teams": replace(TEAMS, foreign_keys=(blocks,), view="SELECT")})
    rule = select_rule(Not(Exists(TEAMS, "t", TRUE)), NOTES, model)
    groups = Groups({"notes": rule})
    groups.add(subscriber(user(ANA), *bound(filter=filter_text)))
    (group,) = groups.on("notes")
    known = {rule.bind(user(ANA)): OldAndNew(old=True, new=False)}
    told = ChangeEvaluation(change(note(1), None), rule, "", known, 7).frames(group)

    records = [orjson.loads(unframe(one)[0])[4]["data"]["old_record"] for one in told]
    assert records == ([] if old_record is None else [old_record])


PEOPLE = st.sampled_from([user(ANA), user(BEN), ANONYMOUS, SERVICE_PRINCIPAL])
FILTERS = st.sampled_from(
    [
        *("", "id=eq.1", "id=eq.2", "id=gt.1", "id=in.(1,2)", "id=in.()", "id=not.eq.1"),
        *("title=is.null", "title=not.like.a%", "title=eq.a", "title=in.(a,b),id=eq.1"),
    ]
)
BINDINGS = st.tuples(st.sampled_from(["*", "INSERT", "UPDATE", "DELETE"]), FILTERS)
ROWS = st.builds(
    note, st.integers(1, 2), st.sampled_from([ANA, BEN]), st.sampled_from([None, "a", "b"])
)
CHANGES = st.tuples(st.none() | ROWS, st.none() | ROWS).filter(any)
FOLLOWERS = st.lists(st.tuples(PEOPLE, st.lists(BINDINGS, min_size=1, max_size=3)), max_size=8)


def alone(made: Change, who: Principal, event: str, text: str) -> set[str]:
    """Return what one binding of one caller is told, by the words of the contract."""
    (binding,) = bound(filter=text)

    def good(row: Row | None) -> bool:
        env = Env({"row": row or {}}, Context(who))
        visible = who.is_service or judge(OWN)(env) is True
        return row is not None and visible and binding.fits(env) is True

    if made.new is not None and good(made.new):
        told = "INSERT" if made.old is None else "UPDATE"
    else:
        told = "DELETE" if good(made.old) else ""
    return {told} if told and event in ("*", told) else set()


@given(CHANGES, FOLLOWERS)
def test_routing_is_judging_each_follower_alone(
    rows: tuple[Row | None, Row | None], listed: list[tuple[Principal, list[tuple[str, str]]]]
) -> None:
    """Groups and memories change nothing about who is told what."""
    made = change(*rows)
    subscribers = [
        subscriber(who, *(bound(event, filter=text)[0] for event, text in bindings), told=Told())
        for who, bindings in listed
    ]
    for (who, bindings), told in zip(listed, frames(made, OWN, *subscribers), strict=True):
        kinds = {orjson.loads(unframe(one)[0])[4]["data"]["type"] for one in told}
        assert kinds == set().union(*(alone(made, who, *binding) for binding in bindings))


@pytest.mark.parametrize(
    ("made", "judged"),
    [
        (change(note(1, BEN), note(2, ANA)), [2]),
        (change(note(1, ANA), note(2, BEN)), [1]),
        (change(note(1, ANA), note(2, ANA)), [1, 2]),
        (change(note(1, BEN), note(2, BEN)), []),
        (change(None, note(2, ANA)), [2]),
    ],
)
def test_a_filter_meets_only_rows_that_are_seen(made: Change, judged: list[int]) -> None:
    """Neither its failing nor its time can tell of a row that the rule hides."""
    met: list[int] = []

    def fits(env: Env) -> bool:
        met.append(env.rows["row"]["id"])
        return True

    listed = replace(bound(filter="id=gt.0")[0], fits=fits)
    frames(
        made, OWN, subscriber(user(ANA), listed), subscriber(user(ANA), listed, topic="realtime:s")
    )

    assert met == judged
