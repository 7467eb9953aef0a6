"""Migrating a database to a model in one unit of work: read, compare, check, apply, store.

In charge of the order of these steps, and of changing nothing when the migration is refused. Must
not know which engine runs it, or when.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from jotbase.errors import Fault, JotError, ProjectError
from jotbase.schema.ddl.migration_history import noted_migration
from jotbase.schema.ddl.searches import index_name, queue_name
from jotbase.schema.ddl.tables import META, internal_tables, probe_view
from jotbase.schema.model import serialization
from jotbase.schema.model.tables import Column, Model, Search, Table, Type
from jotbase.schema.upgrading.diff import UpgradeSteps, diff
from jotbase.schema.upgrading.identifier_case import Spelling
from jotbase.schema.upgrading.in_place import alterable_tables
from jotbase.schema.upgrading.plan import Plan, plan_of
from jotbase.schema.upgrading.rebuild import rebuilt_tables, upgrade_statements
from jotbase.schema.upgrading.rename_statements import has_renamed_checks, sqlite_renames
from jotbase.schema.upgrading.renames import described, renamed_model
from jotbase.schema.upgrading.stored_rows import check_stored_rows, check_stored_values
from jotbase.schema.upgrading.touched_rows import (
    CheckedAhead,
    Written,
    rows_can_be_checked_ahead,
)
from jotbase.schema.upgrading.unmanaged import (
    ViewTrigger,
    broken_view_trigger,
    dropped_view_triggers,
    find_view_triggers,
    unmanaged_loss,
)
from jotbase.sql.dialect import SQLITE
from jotbase.sql.fragment import bound, sql
from jotbase.sql.units import Rows, Statement, UnitOfWork

#: All tables and columns of the database, in the order of their creation.
_FOUND = (
    "SELECT m.name, c.name FROM sqlite_schema AS m, pragma_table_xinfo(m.name) AS c"
    " WHERE m.type = 'table' ORDER BY m.rowid, c.cid"
)

#: The primary keys of tables WITHOUT ROWID, which a table made by hand may be.
_KEYED = (
    "SELECT l.name, c.name FROM pragma_table_list AS l, pragma_table_xinfo(l.name) AS c"
    " WHERE l.schema = 'main' AND l.wr AND c.pk ORDER BY l.name, c.pk"
)

#: Generated columns, stored or virtual (sqlite.org/pragma.html, table_xinfo).
_COMPUTED = (
    "SELECT m.name, c.name FROM sqlite_schema AS m, pragma_table_xinfo(m.name) AS c"
    " WHERE m.type = 'table' AND c.hidden IN (2, 3)"
)

#: The CREATE TABLE of each table, as ALTER TABLE left it.
_MADE = "SELECT name, sql, sqlite_version() FROM sqlite_schema WHERE type = 'table'"


@dataclass(frozen=True, slots=True)
class UpgradeResult:
    """The result of a migration: `fresh` if no table of the model existed before; a line for each
    change in `descriptions`.
    """

    fresh: bool
    descriptions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A database compared with a model: what `old` it holds, and the `steps` to the new one.

    With `renames`, the statements that come first, `old` is under the new names. `stored` is the
    text of the model that it was brought to last; `fresh` as in `UpgradeResult`.
    """

    old: Model
    steps: UpgradeSteps
    permits: frozenset[str]
    stored: str | None
    fresh: bool
    renames: tuple[str, ...] = ()

    def statements(self, model: Model) -> list[str]:
        """Return the statements of the renames and the steps, in order."""
        if self.steps == replace(UpgradeSteps(), descriptions=self.steps.descriptions):
            return [*self.renames]
        return [*self.renames, *upgrade_statements(self.steps, self.old, model)]


_NOTED = Statement(f'SELECT "key", "value" FROM "{META}"')


def compared(model: Model, noted: Rows) -> UnitOfWork[Comparison | None]:
    """Read what the database holds, and compare it with the model; None if it holds just that.

    `noted` is what the server's own table of notes holds. Only reads.
    """
    meta = {str(key): str(value) for key, value in noted}
    columns = yield Statement(_FOUND)
    if meta.get("model") == serialization.dump(model) and _is_whole(model, _found(columns)):
        return None
    keyed = yield Statement(_KEYED)
    spelling, found = Spelling(model), _found(columns)
    was, here = spelling.noted(stored_model(meta)), spelling.found(found)
    computed = spelling.found(_found((yield Statement(_COMPUTED))))
    old = reconcile(was, model, here, spelling.found(_found(keyed)), computed)
    fresh = not any(table.name in old.tables for table in model)
    permits = frozenset(key for key in meta if key.startswith("drop "))
    made = yield Statement(_MADE)
    texts = {str(name): str(text) for name, text, _ in made}
    version = str(made[0][2]) if made else "0"
    in_place = alterable_tables(old, texts, version)
    old, renames = renamed_model(old, model)
    anew = {
        one.new.name for one in renames if one.old.name not in in_place and has_renamed_checks(one)
    }
    steps = diff(old, model, permits, spelling.differing(found) | anew, in_place)
    steps = replace(steps, descriptions=(*described(renames), *steps.descriptions))
    texts_of = (sqlite_renames(one, in_place=one.old.name in in_place) for one in renames)
    first = tuple(text for several in texts_of for text in several)
    fresh = fresh and not renames
    return Comparison(old, steps, permits, meta.get("model"), fresh, first)


def compared_now(model: Model) -> UnitOfWork[Comparison | None]:
    """Compare the database with the model before the server's own tables are made. Only reads."""
    exists = yield Statement(f"SELECT 1 FROM sqlite_schema WHERE name = '{META}'")
    noted = (yield _NOTED) if exists else []
    return (yield from compared(model, noted))


def preview(model: Model) -> UnitOfWork[Plan]:
    """Return the plan of a migration, refusals by stored rows included. Only reads."""
    found = yield from compared_now(model)
    if found is None:
        return Plan()
    faults = found.steps.refusal_faults
    if not faults and not found.renames:
        try:
            yield from _check_preconditions(found, model, {})
        except ProjectError as error:
            faults = tuple(error.faults)
    return plan_of(found.statements(model), found.steps.descriptions, faults, SQLITE)


def upgrade(
    model: Model, by: str = "", ahead: CheckedAhead | None = None
) -> UnitOfWork[UpgradeResult]:
    """Migrate the database to the model; `auth.users` must exist. `by` is noted in the history.
    Of tables whose rows were checked `ahead`, only those written since are looked at.

    Raises ProjectError, with the database unchanged, for changes that would lose rows or values,
    for rows that violate the new schema, and for views and expressions that are not valid SQL.
    """
    for text in internal_tables():
        yield Statement(text)
    found = yield from compared(model, (yield _NOTED))
    if found is None:
        return UpgradeResult(fresh=False, descriptions=())
    steps, old = found.steps, found.old
    if steps.refusal_faults:
        raise ProjectError(steps.refusal_faults)
    written = ahead.written if ahead is not None and ahead.stored == found.stored else {}
    yield from _run(found.renames, model)
    yield from _check_preconditions(found, model, written)
    triggers = yield from find_view_triggers(steps.dropped_views)
    _refuse_lost(steps, model, triggers)
    yield from _apply(steps, old, model)
    yield from _check_rows(steps, written)
    yield from _recreate_triggers(triggers, model)
    if statements := found.statements(model):
        yield noted_migration(SQLITE, model, by, steps.descriptions, statements)
    yield from _store_model(model, steps, found.stored)
    return UpgradeResult(found.fresh, () if found.fresh else steps.descriptions)


def _is_whole(model: Model, found: Mapping[str, tuple[str, ...]]) -> bool:
    """Return whether each table exists with exactly its columns and full-text indexes."""
    return all(
        table.view is not None
        or (
            set(found.get(table.name, ())) == table.by_name.keys()
            and _found_searches(table, found) == table.searches
        )
        for table in model
    )


def _found_searches(table: Table, found: Mapping[str, tuple[str, ...]]) -> tuple[Search, ...]:
    return tuple(
        search
        for search in table.searches
        if index_name(search) in found and queue_name(search) in found
    )


def stored_model(meta: Mapping[str, str]) -> Model:
    """Return the stored model, if there is one. Raises ProjectError for another version's."""
    if "model" not in meta:
        return Model()
    try:
        return serialization.load(meta["model"])
    except (ValueError, KeyError, TypeError) as error:
        hint = "use the version of Jotbase that wrote it"
        fault = Fault(META, "", f"the model in the database cannot be read: {error}", hint)
        raise ProjectError([fault]) from error


def _found(rows: Rows) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for table, column in rows:
        found[table] = (*found.get(table, ()), column)
    return found


def reconcile(
    old: Model,
    new: Model,
    found: Mapping[str, tuple[str, ...]],
    keyed: Mapping[str, tuple[str, ...]],
    computed: Mapping[str, tuple[str, ...]] | None = None,
) -> Model:
    """Return the old model adapted to changes made by hand: without tables and columns that are no
    longer in the database, and with those that are there but were never stored.

    `found` maps tables to columns, `keyed` are the primary keys of tables WITHOUT ROWID, `computed`
    the generated columns.
    """
    tables = {name: table for name, table in old.tables.items() if table.view is not None}
    for name, columns in found.items():
        was = old.get(name) or Table(name=name, columns=())
        if was.view is None and (name in old.tables or name in new.tables):
            was = replace(was, searches=_found_searches(was, found))
            filled = (computed or {}).get(name, ())
            table = _table_as_found(was, new.get(name), columns, filled)
            if name in keyed:
                table = replace(table, without_rowid=True, primary_key=keyed[name])
            tables[name] = table
    return Model(tables)


def _table_as_found(
    was: Table, now: Table | None, found: Sequence[str], computed: Sequence[str]
) -> Table:
    columns = [column for column in was.columns if column.name in found]
    for name in found:
        if name not in was.by_name:
            like = now.by_name.get(name) if now is not None else None
            kind = like.type if like is not None else Type.TEXT
            generated = "made by hand" if name in computed else None
            made = Column(name, kind, {"": "made by hand"}, nullable=True, generated=generated)
            columns.append(made)
    return replace(was, columns=tuple(columns))


def _check_preconditions(found: Comparison, model: Model, written: Written) -> UnitOfWork[None]:
    """Run the preconditions. Raises ProjectError with every fault."""
    faults: list[Fault] = []
    steps, old = found.steps, found.old
    for guard in steps.preconditions:
        count = (yield Statement(guard.query))[0][0]
        if count:
            reason = guard.fault.reason.replace("{count}", str(count))
            faults.append(replace(guard.fault, reason=reason))
    for table in rebuilt_tables(steps, old, model):
        fault = yield from unmanaged_loss(old.tables[table.name], found.permits)
        faults.extend([fault] if fault is not None else [])
    for change in steps.changed:
        fault = yield from check_stored_values(change, written.get(change.new.name))
        faults.extend([fault] if fault is not None else [])
    if faults:
        raise ProjectError(faults)


def _refuse_lost(steps: UpgradeSteps, model: Model, triggers: Sequence[ViewTrigger]) -> None:
    """Refuse to drop views with triggers that the new model lacks. Raises ProjectError."""
    faults: list[Fault] = []
    for view in steps.dropped_views:
        lost = [one for one in triggers if one.view == view.name]
        now = model.get(view.name)
        if lost and (now is None or now.view is None):
            faults.append(dropped_view_triggers(view, lost))
    if faults:
        raise ProjectError(faults)


def _recreate_triggers(triggers: Sequence[ViewTrigger], model: Model) -> UnitOfWork[None]:
    """Create the triggers of re-created views again. Raises ProjectError if one fails."""
    for trigger in triggers:
        try:
            yield Statement(trigger.text)
        except JotError as error:
            _raise_of_database(error)
            view = model.tables[trigger.view]
            raise ProjectError(
                [broken_view_trigger(view, trigger, _database_message(error))]
            ) from error


def _check_rows(steps: UpgradeSteps, written: Written) -> UnitOfWork[None]:
    """Validate the migrated rows against the new schemas. Raises ProjectError."""
    faults: list[Fault] = []
    for change in steps.changed:
        only = written.get(change.new.name) if rows_can_be_checked_ahead(change) else None
        fault = yield from check_stored_rows(change, only)
        faults.extend([fault] if fault is not None else [])
    if faults:
        raise ProjectError(faults)


def _apply(steps: UpgradeSteps, old: Model, model: Model) -> UnitOfWork[None]:
    """Run the statements of the steps. Raises ProjectError with the database's message."""
    if steps == replace(UpgradeSteps(), descriptions=steps.descriptions):
        return
    yield from _run(upgrade_statements(steps, old, model), model)
    for table in rebuilt_tables(steps, old, model):
        orphans = yield Statement(f"PRAGMA foreign_key_check({SQLITE.identifier(table.name)})")
        if orphans:
            reason = f"{len(orphans)} rows refer to rows that are not there"
            fault = Fault(table.file, "", reason, "PRAGMA foreign_key_check; shows them")
            raise ProjectError([fault])
    yield Statement("PRAGMA defer_foreign_keys = OFF")
    tables = f"its tables: {', '.join(sorted(model.tables))}"
    for view in steps.created_views:
        try:
            yield Statement(probe_view(view))
        except JotError as error:
            _raise_of_database(error)
            reason = f"the database cannot read the view: {_database_message(error)}"
            hint = 'each of "properties" must be a column of the SELECT'
            hint = tables if "no such table" in reason else hint
            raise ProjectError([Fault(view.file, "/view", reason, hint)]) from error


def _run(texts: Iterable[str], model: Model) -> UnitOfWork[None]:
    for text in texts:
        try:
            yield Statement(text)
        except JotError as error:
            _raise_of_database(error)
            raise ProjectError([_not_applied(text, error, model)]) from error


#: SQLSTATE classes that concern the machine or the file rather than a statement: resources, locks,
#: operator intervention, system errors, corruption (PostgreSQL manual, appendix A).
_OF_DATABASE = ("53", "55", "57", "58", "XX")


def _raise_of_database(error: JotError) -> None:
    """Raise the error if it concerns the machine or the database file, not a schema file."""
    if error.code[:2] in _OF_DATABASE:
        raise error


#: SQLite's message when an unreadable view or trigger prevents it from altering a table.
_BROKEN = re.compile(r"^error in (view|trigger) (.+?)(?: after \w+(?: \w+)?)?: (.*)$", re.DOTALL)


def _not_applied(text: str, error: JotError, model: Model) -> Fault:
    if broken := _BROKEN.match(_database_message(error)):
        kind, name, said = broken.groups()
        reason = f'the database cannot read the {kind} "{name}": {said}'
        hint = f"SQLite changes no table meanwhile: mend it, or DROP {kind.upper()}"
        return Fault("database", "", reason, f"{hint} {SQLITE.identifier(name)};")
    table = next(_concerned(text, model), None)
    place = table.file if table is not None else "schemas"
    return Fault(
        place,
        "",
        f"the database refuses: {_database_message(error)}",
        f"the statement: {text[:4000]}",
    )


def _concerned(text: str, model: Model) -> Iterator[Table]:
    for table in model:
        if SQLITE.identifier(table.name) in text[: len(table.name) + 40]:
            yield table


def _database_message(error: JotError) -> str:
    """Return the database's own message, which the developer may see but callers may not."""
    return str(error.__cause__ or error.message)


def _store_model(model: Model, steps: UpgradeSteps, noted: str | None) -> UnitOfWork[None]:
    """Store the new model if it changed, and delete the permits that were used up."""
    text = serialization.dump(model)
    if text != noted:
        insert = sql(f'INSERT OR REPLACE INTO "{META}" ("key", "value") VALUES (\'model\', ')
        yield insert + bound(text) + ")"
    for key in steps.permits:
        yield sql(f'DELETE FROM "{META}" WHERE "key" = ') + bound(key)
