"""The types of hooks."""

from __future__ import annotations

from jotbase.query.plan.hooks import ACTIONS, BeforeHook


def test_a_hook_is_of_one_action_of_one_table() -> None:
    """The actions are those that write rows."""
    hook = BeforeHook("insert", "jobs", "tidy", lambda row: row)

    assert (hook.action, hook.table, hook.run({"id": 1})) == ("insert", "jobs", {"id": 1})
    assert ACTIONS == ("insert", "update", "delete")
