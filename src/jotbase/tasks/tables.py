"""The tables of background work: tasks, how far each hook was told, schedules, the lease.

In charge of their DDL. Must not know what a task does.
"""

from __future__ import annotations

TASKS = {"sqlite": '"jotbase.tasks"', "postgres": '"jotbase"."tasks"'}
HOOKS = {"sqlite": '"jotbase.hooks"', "postgres": '"jotbase"."hooks"'}
SCHEDULES = {"sqlite": '"jotbase.schedules"', "postgres": '"jotbase"."schedules"'}
RUNNER = {"sqlite": '"jotbase.runner"', "postgres": '"jotbase"."runner"'}

#: `due` is in epoch seconds. A task that tells of a change has its `number`, and its row as the log
#: has it; any other has `arguments`, as JSON, and number 0. A `dead` one has failed for good.
#: `version` rises when a task that is there is asked for again: what runs meanwhile is then behind.
_TASKS = (
    '"key" {text} PRIMARY KEY NOT NULL, "name" {text} NOT NULL, "number" {integer} NOT NULL,'
    ' "kind" {text}, "old" {text}, "new" {text}, "committed_at" {text}, "arguments" {text},'
    ' "due" {real} NOT NULL, "attempts" {integer} NOT NULL, "version" {integer} NOT NULL,'
    ' "dead" {integer} NOT NULL, "error" {text}'
)
_HOOKS = (
    '"name" {text} PRIMARY KEY NOT NULL, "table" {text} NOT NULL, "kind" {text} NOT NULL,'
    ' "cursor" {integer} NOT NULL'
)
_SCHEDULES = '"name" {text} PRIMARY KEY NOT NULL, "spec" {text} NOT NULL, "due" {real} NOT NULL'
#: One row: who runs the tasks of this database, and until when in epoch seconds.
_RUNNER = '"one" {integer} PRIMARY KEY NOT NULL, "holder" {text} NOT NULL, "until" {real} NOT NULL'
_TYPES = {
    "sqlite": {"text": "TEXT", "integer": "INTEGER", "real": "REAL"},
    "postgres": {"text": "text", "integer": "bigint", "real": "double precision"},
}


def create_task_tables(dialect: str) -> tuple[str, ...]:
    """Return the CREATE … IF NOT EXISTS statements."""
    end = " STRICT" if dialect == "sqlite" else ""
    tables = ((TASKS, _TASKS), (HOOKS, _HOOKS), (SCHEDULES, _SCHEDULES), (RUNNER, _RUNNER))
    made = [
        f"CREATE TABLE IF NOT EXISTS {names[dialect]} ({columns.format(**_TYPES[dialect])}){end}"
        for names, columns in tables
    ]
    index = '"jotbase.tasks_due"' if dialect == "sqlite" else '"tasks_due"'
    made.append(
        f'CREATE INDEX IF NOT EXISTS {index} ON {TASKS[dialect]} ("name", "dead", "number", "due")'
    )
    made.append(
        f'INSERT INTO {RUNNER[dialect]} ("one", "holder", "until") VALUES (1, \'\', 0)'
        " ON CONFLICT DO NOTHING"
    )
    return tuple(made)
