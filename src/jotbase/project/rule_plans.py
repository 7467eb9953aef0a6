"""Query plans of a project's rules: which rules scan a whole table for each row.

In charge of SQLite's plans for rules on an empty database in memory. Must not know what is made of
it (`access.analysis.advice`), or the project's database.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator

import apsw

from jotbase.access.enforcement.policy import Policy
from jotbase.access.language.rules import Action
from jotbase.expression.expr import Apply, Exists, Expr, Field, rename_scope, walk
from jotbase.expression.predicate import predicate
from jotbase.project.sql_trial import emptied
from jotbase.schema.ddl.tables import column_list, create_indexes
from jotbase.schema.model.tables import Model, Table
from jotbase.sql.dialect import SQLITE

#: What says that rows are looked through: all, or all once to make an index for the statement.
_SCAN = re.compile(r"^SCAN (\S+)|^SEARCH (\S+) USING AUTOMATIC")


def scanning_rules(model: Model, policy: Policy) -> Iterator[tuple[str, Action, str]]:
    """Yield table and action of each rule that scans another table, and what it scans."""
    with emptied(model) as connection:
        for table in model:
            if table.view is None:
                for text in create_indexes(table).values():
                    connection.execute(text)
        for name, rules in policy.rules.items():
            for action, rule in rules.items():
                if model.tables[name].view is None and not rule.is_local:
                    expression = rename_scope(rule.expression, "new", "row")
                    for reason in _scans(connection, model.tables[name], expression):
                        yield name, action, reason


def _scans(connection: apsw.Connection, table: Table, expression: Expr) -> Iterator[str]:
    """Yield what is scanned when the rule is asked of one row."""
    asked = predicate(expression, SQLITE)
    key = " AND ".join(f'"row".{SQLITE.identifier(name)} IS ?' for name in table.row_key)
    text = (
        f'EXPLAIN QUERY PLAN SELECT 1 FROM {column_list([table.name])} AS "row"'
        f" WHERE {key} AND ({asked.text})"
    )
    values = [None] * (len(table.row_key) + len(asked.params))
    with contextlib.suppress(apsw.Error):
        plan = [str(row[3]) for row in connection.execute(text, values)]
        found = {
            part for line in plan if (one := _SCAN.match(line)) for part in one.groups() if part
        }
        for node in walk(expression):
            if isinstance(node, Exists) and _is_among(node.scope, found):
                columns = _compared(node)
                advice = f": index {json.dumps(columns)} there" if columns else ""
                yield f"it looks through all of {node.table.name}{advice}"


def _is_among(scope: str, found: set[str]) -> bool:
    return any(one == scope or one.startswith(f"{scope}_") for one in found)


def _compared(node: Exists) -> list[str]:
    """Return the columns of the table that the loop holds against something."""
    return list(
        dict.fromkeys(
            one.name
            for part in walk(node.where)
            if isinstance(part, Apply) and part.operator == "eq"
            for one in part.arguments
            if isinstance(one, Field) and one.scope == node.scope
        )
    )
