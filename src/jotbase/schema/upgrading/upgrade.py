"""A database brought to a model, in one unit of work: looked at, compared, asked, changed, noted.

In charge of the order of these, and of nothing being changed when something is refused. Must not
know which database runs it, or when.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from jotbase.errors import Fault, JotError, ProjectError
from jotbase.schema.ddl.searches import index_name, queue_name
from jotbase.schema.ddl.tables import META, internal_tables, probe_view
from jotbase.schema.model import archive
from jotbase.schema.model.tables import Column, Model, Search, Table, Type
from jotbase.schema.upgrading.diff import UpgradeSteps, diff
from jotbase.schema.upgrading.identifier_case import Spelling
from jotbase.schema.upgrading.rebuild import rebuilt_tables, upgrade_statements
from jotbase.schema.upgrading.stored_rows import check_stored_rows, check_stored_values
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

#: Tables and columns as they are; the row number's order is that of their making.
_FOUND = (
    "SELECT m.name, c.name FROM sqlite_schema AS m, pragma_table_xinfo(m.name) AS c"
    " WHERE m.type = 'table' ORDER BY m.rowid, c.cid"
)

#: The primary keys of tables without row numbers, which a table made by hand may be.
_KEYED = (
    "SELECT l.name, c.name FROM pragma_table_list AS l, pragma_table_xinfo(l.name) AS c"
    " WHERE l.schema = 'main' AND l.wr AND c.pk ORDER BY l.name, c.pk"
)

#: Columns that the database computes, stored or not (sqlite.org/pragma.html, table_xinfo).
_COMPUTED = (
    "SELECT m.name, c.name FROM sqlite_schema AS m, pragma_table_xinfo(m.name) AS c"
    " WHERE m.type = 'table' AND c.hidden IN (2, 3)"
)


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What was done: `fresh` if no table of the model was there before; `told` in words."""

    fresh: bool
    told: tuple[str, ...]


def upgrade(model: Model) -> UnitOfWork[Upgraded]:
    """Bring the database to the model; `auth.users` is to be there already.

    Raises ProjectError, and then nothing is changed, for what would lose rows or values, for rows
    in the way, and for views and expressions that are no SQL.
    """
    for text in internal_tables():
        yield Statement(text)
    noted = yield Statement(f'SELECT "key", "value" FROM "{META}"')
    meta = {str(key): str(value) for key, value in noted}
    columns = yield Statement(_FOUND)
    if meta.get("model") == archive.dump(model) and _is_whole(model, _found(columns)):
        return Upgraded(fresh=False, told=())
    keyed = yield Statement(_KEYED)
    spelling, found = Spelling(model), _found(columns)
    noted_model, here = spelling.noted(_noted_model(meta)), spelling.found(found)
    computed = spelling.found(_found((yield Statement(_COMPUTED))))
    old = as_found(noted_model, model, here, spelling.found(_found(keyed)), computed)
    fresh = not any(table.name in old.tables for table in model)
    permits = frozenset(key for key in meta if key.startswith("drop "))
    steps = diff(old, model, permits, spelling.differing(found))
    if steps.refused:
        raise ProjectError(steps.refused)
    yield from _ask(steps, rebuilt_tables(steps, old, model), old, permits)
    triggers = yield from find_view_triggers(steps.dropped_views)
    _refuse_lost(steps, model, triggers)
    yield from _apply(steps, old, model)
    yield from _hold(steps)
    yield from _make_again(triggers, model)
    yield from _note(model, steps, meta.get("model"))
    return Upgraded(fresh, () if fresh else steps.told)


def _is_whole(model: Model, found: Mapping[str, tuple[str, ...]]) -> bool:
    """Say whether each table has its columns, and none besides."""
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


def _noted_model(meta: Mapping[str, str]) -> Model:
    if "model" not in meta:
        return Model()
    try:
        return archive.load(meta["model"])
    except (ValueError, KeyError, TypeError) as error:
        hint = "use the version of Jotbase that wrote it"
        fault = Fault(META, "", f"the model in the database cannot be read: {error}", hint)
        raise ProjectError([fault]) from error


def _found(rows: Rows) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for table, column in rows:
        found[table] = (*found.get(table, ()), column)
    return found


def as_found(
    old: Model,
    new: Model,
    found: Mapping[str, tuple[str, ...]],
    keyed: Mapping[str, tuple[str, ...]],
    computed: Mapping[str, tuple[str, ...]] | None = None,
) -> Model:
    """Return the old model without what is not in the database any more, and with what is there
    and was never noted: made, renamed or dropped by hand, all as allowed.

    `keyed` are the primary keys of tables without row numbers, `computed` the columns that the
    database computes.
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


def _ask(
    steps: UpgradeSteps, moved: Sequence[Table], old: Model, permits: frozenset[str]
) -> UnitOfWork[None]:
    """Ask whether rows are in the way. Raises ProjectError with all that is."""
    faults: list[Fault] = []
    for guard in steps.guards:
        count = (yield Statement(guard.query))[0][0]
        if count:
            reason = guard.fault.reason.replace("{count}", str(count))
            faults.append(replace(guard.fault, reason=reason))
    for table in moved:
        fault = yield from unmanaged_loss(old.tables[table.name], permits)
        faults.extend([fault] if fault is not None else [])
    for change in steps.changed:
        fault = yield from check_stored_values(change)
        faults.extend([fault] if fault is not None else [])
    if faults:
        raise ProjectError(faults)


def _refuse_lost(steps: UpgradeSteps, model: Model, triggers: Sequence[ViewTrigger]) -> None:
    """Refuse to drop views for good that have triggers. Raises ProjectError."""
    faults: list[Fault] = []
    for view in steps.dropped_views:
        lost = [one for one in triggers if one.view == view.name]
        now = model.get(view.name)
        if lost and (now is None or now.view is None):
            faults.append(dropped_view_triggers(view, lost))
    if faults:
        raise ProjectError(faults)


def _make_again(triggers: Sequence[ViewTrigger], model: Model) -> UnitOfWork[None]:
    """Make the triggers of views that were dropped and made. Raises ProjectError."""
    for trigger in triggers:
        try:
            yield Statement(trigger.text)
        except JotError as error:
            _raise_of_database(error)
            view = model.tables[trigger.view]
            raise ProjectError([broken_view_trigger(view, trigger, _said(error))]) from error


def _hold(steps: UpgradeSteps) -> UnitOfWork[None]:
    """Hold the rows, now that they are whole, against the new schemas. Raises ProjectError."""
    faults: list[Fault] = []
    for change in steps.changed:
        fault = yield from check_stored_rows(change)
        faults.extend([fault] if fault is not None else [])
    if faults:
        raise ProjectError(faults)


def _apply(steps: UpgradeSteps, old: Model, model: Model) -> UnitOfWork[None]:
    """Run the statements. Raises ProjectError with what the database says of them."""
    if steps == UpgradeSteps():
        return
    for text in upgrade_statements(steps, old, model):
        try:
            yield Statement(text)
        except JotError as error:
            _raise_of_database(error)
            raise ProjectError([_not_applied(text, error, model)]) from error
    for table in rebuilt_tables(steps, old, model):
        orphans = yield Statement(f"PRAGMA foreign_key_check({SQLITE.identifier(table.name)})")
        if orphans:
            reason = f"{len(orphans)} rows refer to rows that are not there"
            raise ProjectError(
                [Fault(table.file, "", reason, "PRAGMA foreign_key_check; shows them")]
            )
    yield Statement("PRAGMA defer_foreign_keys = OFF")
    for view in steps.made_views:
        try:
            yield Statement(probe_view(view))
        except JotError as error:
            _raise_of_database(error)
            reason = f"the database cannot read the view: {_said(error)}"
            hint = 'each of "properties" must be a column of the SELECT'
            raise ProjectError([Fault(view.file, "/view", reason, hint)]) from error


#: Classes of codes that say something of the machine or the file, and nothing of a statement:
#: resources, locks, interventions, system errors, damage (PostgreSQL's appendix A).
_OF_DATABASE = ("53", "55", "57", "58", "XX")


def _raise_of_database(error: JotError) -> None:
    """Let through what no schema file is at fault for."""
    if error.code[:2] in _OF_DATABASE:
        raise error


#: What SQLite says where a view or trigger that cannot be read keeps it from changing a table.
_BROKEN = re.compile(r"^error in (view|trigger) (.+?)(?: after \w+(?: \w+)?)?: (.*)$", re.DOTALL)


def _not_applied(text: str, error: JotError, model: Model) -> Fault:
    if broken := _BROKEN.match(_said(error)):
        kind, name, said = broken.groups()
        reason = f'the database cannot read the {kind} "{name}": {said}'
        hint = f"SQLite changes no table meanwhile: mend it, or DROP {kind.upper()}"
        return Fault("database", "", reason, f"{hint} {SQLITE.identifier(name)};")
    table = next(_concerned(text, model), None)
    place = table.file if table is not None else "schemas"
    return Fault(
        place, "", f"the database refuses: {_said(error)}", f"the statement: {text[:4000]}"
    )


def _concerned(text: str, model: Model) -> Iterator[Table]:
    for table in model:
        if SQLITE.identifier(table.name) in text[: len(table.name) + 40]:
            yield table


def _said(error: JotError) -> str:
    """Return the database's own words: a project's author may read them, unlike a caller."""
    return str(error.__cause__ or error.message)


def _note(model: Model, steps: UpgradeSteps, noted: str | None) -> UnitOfWork[None]:
    """Note what the tables are made from now, and that permits are used up."""
    text = archive.dump(model)
    if text != noted:
        insert = sql(f'INSERT OR REPLACE INTO "{META}" ("key", "value") VALUES (\'model\', ')
        yield insert + bound(text) + ")"
    for key in steps.permits:
        yield sql(f'DELETE FROM "{META}" WHERE "key" = ') + bound(key)
