"""Units of work about tasks: the statements that they yield, answered by hand."""

from __future__ import annotations

from jotbase.sql.dialect import POSTGRES, SQLITE
from jotbase.sql.units import Rows, UnitOfWork
from jotbase.tasks.units import (
    AHEAD,
    SLICE,
    Failure,
    Task,
    Telling,
    Told,
    add_changes,
    add_due_times,
    add_task,
    begun,
    cursors,
    dead_tasks,
    declare,
    due_schedules,
    due_tasks,
    has_untold,
    hooked_tables,
    keep_untold_changes,
    move_cursors,
    release_lease,
    settle,
    take_lease,
    waiting_changes,
)

HOOK = Told("after-insert-jobs-f", "jobs", "INSERT")


def run(unit: UnitOfWork[object], *answers: Rows) -> tuple[list[tuple[str, list[object]]], object]:
    """Return the statements of a unit, with the first words of each, and its result."""
    given = [*answers]
    seen: list[tuple[str, list[object]]] = []
    rows: Rows | None = None
    while True:
        try:
            statement = next(unit) if rows is None else unit.send(rows)
        except StopIteration as ended:
            return seen, ended.value
        seen.append((" ".join(statement.text.split()[:3]), list(statement.params)))
        rows = given.pop(0) if given else []


def change(key: str, number: int) -> Task:
    return Task(key, HOOK.name, number, "INSERT", None, "{}", "now", None, 0.0, 0, 0)


def test_a_hook_is_told_slice_by_slice_and_its_cursor_moves_along() -> None:
    """Changes become tasks in the unit that moves the cursor; what is left is reported."""
    seen, told = run(add_changes(SQLITE, [HOOK], 1, 2000, 5.0), [(HOOK.name, 100)])

    assert told == Telling(more=True, whole=False)
    assert seen[2][1] == [HOOK.name, HOOK.name, 5.0, 100, 100 + SLICE, "jobs", "INSERT"]
    assert seen[3] == ('UPDATE "jotbase.hooks" SET', [100 + SLICE, HOOK.name])
    _, told = run(add_changes(SQLITE, [HOOK], 1, 100, 5.0), [(HOOK.name, 100)])
    assert told == Telling(more=False, whole=True)


def test_what_a_hook_is_behind_by_waits_in_the_log() -> None:
    """Of a hook with more tasks than it is to have ahead, no more are made."""
    waiting = [(HOOK.name, AHEAD + 1)]
    seen, told = run(add_changes(SQLITE, [HOOK], 1, 2000, 5.0), [(HOOK.name, 100)], waiting)

    assert (len(seen), told) == (2, Telling(more=False, whole=False))


def test_a_hook_that_missed_pruned_changes_goes_on_behind_them() -> None:
    """The first number that is left in the log is said, even of an empty log."""
    seen, told = run(add_changes(SQLITE, [HOOK], 151, 200, 5.0), [(HOOK.name, 100)])
    assert told == Telling(more=False, whole=True, missed=((HOOK.name, 151),))
    assert seen[2][1][3:5] == [150, 200]
    _, told = run(add_changes(SQLITE, [HOOK], 0, 200, 5.0), [(HOOK.name, 100)])
    assert told == Telling(more=False, whole=True, missed=((HOOK.name, 201),))


def test_what_is_untold_is_kept_before_the_log_is_emptied() -> None:
    """All slices of all hooks, without a server that would tell of them."""
    hook, ends = [(HOOK.name, "jobs", "INSERT")], [(1, SLICE + 1)]
    first, second = [(HOOK.name, 0)], [(HOOK.name, SLICE)]
    seen, _ = run(keep_untold_changes(SQLITE), hook, ends, first, [], [], second)

    assert [params[3:5] for _, params in seen if len(params) == 7] == [
        [0, SLICE],
        [SLICE, SLICE + 1],
    ]


def test_the_lease_is_taken_when_it_is_free_or_ours() -> None:
    """No row back means that another runs the tasks."""
    seen, held = run(take_lease(POSTGRES, "me", 5.0), [(1,)])

    assert (seen, held) == ([('UPDATE "jotbase"."runner" SET', ["me", 5.0, "me"])], True)
    assert run(take_lease(POSTGRES, "me", 5.0), [])[1] is False


def test_new_hooks_begin_at_the_newest_change_and_old_ones_are_forgotten() -> None:
    """A schedule begins anew where its interval has changed."""
    seen, _ = run(declare(SQLITE, [HOOK], 7, [("every-f", "5m", 300.0)]))

    assert [params for _, params in seen] == [
        [HOOK.name],
        [HOOK.name, "jobs", "INSERT", 7],
        ["every-f"],
        ["every-f", "5m", 300.0],
    ]


def test_what_is_done_goes_and_what_failed_waits_or_is_dead() -> None:
    """A failure without a next time is for good; a task goes in the version that has run."""
    failures = [Failure("b", "no", 9.0), Failure("c", "never", None)]
    task = Task("t", "task-f", 0, None, None, None, None, "[[], {}]", 0.0, 0, 3)
    seen, _ = run(settle(SQLITE, [change("a", 7), task], failures))

    assert seen == [
        ('DELETE FROM "jotbase.tasks"', ["a"]),
        ('DELETE FROM "jotbase.tasks"', ["t", 3]),
        ('UPDATE "jotbase.tasks" SET', ["no", 9.0, 0, "b"]),
        ('UPDATE "jotbase.tasks" SET', ["never", 0.0, 1, "c"]),
    ]


def test_a_schedule_that_another_has_moved_adds_no_task() -> None:
    """Only who moves its time adds the task, whose key is the time."""
    due = [("every-f", 300.0, 600.0)]
    assert len(run(add_due_times(SQLITE, due, 310.0), [])[0]) == 1
    seen, _ = run(add_due_times(SQLITE, due, 310.0), [("every-f",)])
    assert seen[1][1] == ["every-f/300", "every-f", "[[], {}]", 310.0]


def test_what_is_asked_for_is_bound() -> None:
    """Names and keys are values, never text of the statement."""
    assert due_tasks(SQLITE, ["a", "b"], ["k"], 5.0, 10)[1] == ("a", "b", 5.0, "k")
    assert waiting_changes(SQLITE, "a", 10)[1] == ("a",)
    assert has_untold(SQLITE, [HOOK], 5, 9)[1] == (5, 9, "jobs", "INSERT")
    assert '"dead" = 1' in dead_tasks(POSTGRES)[0]
    assert '"spec"' in begun(SQLITE)[0]
    assert '"cursor"' in cursors(SQLITE)[0]
    assert '"due" <= ?' in due_schedules(SQLITE, 1.0)[0]
    assert run(hooked_tables(SQLITE), [("jobs",)])[1] == {"jobs"}
    assert run(move_cursors(SQLITE, 7))[0][0][1] == [7, 7]
    assert run(release_lease(SQLITE, "me"))[0][0][1] == ["me"]
    seen, _ = run(add_task(SQLITE, "k", "n", "[]", 1.0))
    assert seen[0][1] == ["k", "n", "[]", 1.0]
