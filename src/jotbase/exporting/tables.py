"""A table as PostgreSQL's SQL without anything of the server's: for a database that others run.

In charge of tables, keys and indexes, of column privileges, and of naming what schema files say
that these do not hold. Must not know rules.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from jotbase.schema.ddl.postgres.columns import default_sql, dollar_quoted
from jotbase.schema.ddl.postgres.tables import (
    column_list,
    create_indexes,
    create_keys,
    create_table,
)
from jotbase.schema.keywords.types import applied_schemas
from jotbase.schema.model.tables import Column, Table, Type
from jotbase.sql.dialect import POSTGRES, text_literal

#: Who calls: Supabase's two roles for callers; its service role has BYPASSRLS.
CALLERS = "anon, authenticated"

#: Keywords of a whole row, of which a table's columns hold nothing.
_OF_ROWS = frozenset(
    (
        *("if", "not", "allOf", "anyOf", "oneOf", "dependentRequired", "dependentSchemas"),
        *("minProperties", "maxProperties", "propertyNames", "patternProperties"),
    )
)
#: Keywords that no constraint of a column holds (`keyword_conditions`).
_UNHELD = (_OF_ROWS - {"allOf"}) | {
    *("pattern", "uniqueItems", "items", "prefixItems", "contains", "properties", "required"),
    *("additionalProperties", "unevaluatedItems", "unevaluatedProperties"),
}


def exported_table(table: Table) -> str:
    """Return the statement that makes the table."""
    return create_table(table, numbered=False)


def exported_references(table: Table) -> list[str]:
    """Return the statements that follow once all tables are there: foreign keys and indexes."""
    return [*create_keys(table), *create_indexes(table).values()]


def privileges(table: Table, actions: Collection[str]) -> Iterator[str]:
    """Yield what callers may do at all: `actions`, without `readOnly` and `writeOnly` columns."""
    name = POSTGRES.identifier(table.name)
    yield f"REVOKE ALL ON {name} FROM {CALLERS}"
    hidden = len(table.readable) < len(table.columns)
    written = [one.name for one in table.columns if not one.read_only and one.generated is None]
    readable = [one.name for one in table.readable]
    if "select" in actions and readable:
        of = f" ({column_list(readable)})" if hidden else ""
        yield f"GRANT SELECT{of} ON {name} TO {CALLERS}"
    for action in ("insert", "update"):
        if action in actions and written:
            yield f"GRANT {action.upper()} ({column_list(written)}) ON {name} TO {CALLERS}"
    if "delete" in actions:
        yield f"GRANT DELETE ON {name} TO {CALLERS}"
    yield f"GRANT ALL ON {name} TO service_role"


def published(table: Table) -> str:
    """Return the statement that has Supabase's realtime follow the table, where there is any."""
    name = text_literal(f"ALTER PUBLICATION supabase_realtime ADD TABLE {_named(table)}")
    body = (
        " BEGIN IF EXISTS (SELECT FROM pg_publication WHERE pubname = 'supabase_realtime')"
        f" THEN EXECUTE {name}; END IF; END "
    )
    return f"DO {dollar_quoted(body, 'do')}"


def _named(table: Table) -> str:
    return POSTGRES.identifier(table.name)


def unheld(table: Table) -> list[str]:
    """Return what the schema file says that the database does not hold, one sentence each."""
    found = [
        f"{table.name}.{column.name}: the database does not hold {', '.join(keywords)}"
        for column in table.columns
        if (keywords := _unheld_keywords(column, table.schema))
    ]
    if rows := sorted(_OF_ROWS & set(table.schema)):
        found.append(f"{table.name}: the database does not hold {', '.join(rows)}")
    found.extend(
        f"{table.name}.{column.name}: the database has no default for {column.default_expression}"
        for column in table.columns
        if column.default_expression is not None
        and default_sql(column) is None
        and column.default_expression.strip() != "user.id"
    )
    return found


def _unheld_keywords(column: Column, root: Mapping[str, Any]) -> list[str]:
    found: set[str] = set()
    for layer in applied_schemas(column.schema, root):
        found |= _UNHELD & set(layer)
        if column.type is Type.TEXT and "format" in layer:
            found.add("format")
        if column.type is not Type.INTEGER and "multipleOf" in layer:
            found.add("multipleOf")
    return sorted(found)


def caller_defaults(table: Table) -> Iterator[str]:
    """Yield the statements that give columns their caller as default."""
    for column in table.columns:
        if (column.default_expression or "").strip() == "user.id":
            uid = {Type.UUID: "auth.uid()", Type.TEXT: "(auth.uid()::text)"}.get(column.type)
            if uid is not None:
                name = POSTGRES.identifier(column.name)
                yield f"ALTER TABLE {_named(table)} ALTER COLUMN {name} SET DEFAULT {uid}"
