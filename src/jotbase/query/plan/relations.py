"""Relationships: which tables can be embedded in which, and which one an embed means.

In charge of deriving relationships from foreign keys, junction tables and unique keys, and of
choosing among them by name and hint. Must not know requests, filters or SQL. Source:
https://docs.postgrest.org/en/stable/references/api/resource_embedding.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import permutations, product
from typing import Literal

from jotbase.errors import RequestError
from jotbase.records import dataclass
from jotbase.schema.model.tables import ForeignKey, Model, Table
from jotbase.search.spelling import nearest

Pairs = tuple[tuple[str, str], ...]
Cardinality = Literal["many-to-one", "one-to-many", "one-to-one", "many-to-many"]


#: The least similarity of a suggested relation, as in PostgREST.
_ALIKE = 0.33


@dataclass(frozen=True, slots=True)
class Junction:
    """A junction table between two others: its foreign keys and the joined columns.

    `near` are (origin's, junction's) columns, `far` (junction's, target's).
    """

    table: Table
    near_key: ForeignKey
    far_key: ForeignKey
    near: Pairs
    far: Pairs


@dataclass(frozen=True, slots=True)
class Relationship:
    """`origin` has `target`: `pairs` are (origin's, target's) columns, empty through a junction.

    `constraint` is the foreign key's name; `outward` says that origin holds that key.
    """

    origin: Table
    target: Table
    cardinality: Cardinality
    constraint: str
    pairs: Pairs = ()
    outward: bool = False
    junction: Junction | None = None

    @property
    def to_one(self) -> bool:
        """Whether a row has at most one related row."""
        return self.cardinality in {"many-to-one", "one-to-one"}

    @property
    def is_self(self) -> bool:
        """Whether the table references itself."""
        return self.origin.name == self.target.name


def with_view_columns(model: Model, origins: Mapping[str, Mapping[str, tuple[str, str]]]) -> Model:
    """Return the model with what its views' columns show: by view and column, (table, column).

    The database knows it (SQLite's column metadata); a view that only passes columns on takes part
    in the references of the tables behind it.
    """
    tables: dict[str, Table] = {}
    for table in model:
        shown = {
            column: origin
            for column, origin in origins.get(table.name, {}).items()
            if column in table.by_name and origin[0] in model.tables
        }
        tables[table.name] = replace(table, origins=shown) if shown else table
    return Model(tables)


@lru_cache(maxsize=8)
def relationships(model: Model) -> Mapping[str, tuple[Relationship, ...]]:
    """Return all relationships of a model by the name of their origin.

    Foreign keys with a `writeOnly` column give none: the related rows would disclose its value.
    """
    found: dict[str, list[Relationship]] = {table.name: [] for table in model}
    views = [table for table in model if table.origins]
    for table in model:
        for key in table.foreign_keys:
            for relationship in _of_key(table, key, model, views):
                if _is_readable(relationship):
                    found[relationship.origin.name].append(relationship)
    for table in model:
        for relationship in _through(table, model, views):
            if _is_readable(relationship):
                found[relationship.origin.name].append(relationship)
    return {name: tuple(several) for name, several in found.items()}


def _is_readable(one: Relationship) -> bool:
    """Return whether all joined columns are readable."""
    met = [
        *((one.origin, own) for own, _ in one.pairs),
        *((one.target, far) for _, far in one.pairs),
    ]
    if one.junction is not None:
        between = one.junction
        met += [(one.origin, own) for own, _ in between.near]
        met += [(between.table, name) for _, name in between.near]
        met += [(between.table, name) for name, _ in between.far]
        met += [(one.target, far) for _, far in between.far]
    return not any(table.by_name[name].write_only for table, name in met if name in table.by_name)


def _views_showing(
    name: str, columns: tuple[str, ...], model: Model, views: list[Table]
) -> list[tuple[Table, tuple[str, ...]]]:
    """Return the table and all views that show those columns of it, with their names for them."""
    table = model.get(name)
    faces = [(table, columns)] if table is not None else []
    for view in views:
        shown = [
            [own for own, origin in view.origins.items() if origin == (name, column)]
            for column in columns
        ]
        faces.extend((view, names) for names in product(*shown))
    return faces


def _of_key(
    table: Table, key: ForeignKey, model: Model, views: list[Table]
) -> Iterator[Relationship]:
    one = _is_unique(table, key.columns)
    outward: Cardinality = "one-to-one" if one else "many-to-one"
    inward: Cardinality = "one-to-one" if one else "one-to-many"
    holders = _views_showing(table.name, key.columns, model, views)
    for target, theirs in _views_showing(key.target, key.target_columns, model, views):
        for holder, ours in holders:
            pairs = tuple(zip(ours, theirs, strict=True))
            turned = tuple(zip(theirs, ours, strict=True))
            yield Relationship(holder, target, outward, key.name, pairs, outward=True)
            yield Relationship(target, holder, inward, key.name, turned)


def _is_unique(table: Table, columns: tuple[str, ...]) -> bool:
    wanted = set(columns)
    keys = [set(table.primary_key), *(set(unique.columns) for unique in table.unique)]
    return any(key and key == wanted for key in keys)


def _through(table: Table, model: Model, views: list[Table]) -> Iterator[Relationship]:
    """Yield many-to-many relationships: both keys of a junction are within its primary key."""
    primary = set(table.primary_key)
    keys = [key for key in table.foreign_keys if set(key.columns) <= primary]
    for near_key, far_key in permutations(keys, 2):
        origins = _views_showing(near_key.target, near_key.target_columns, model, views)
        for target, theirs in _views_showing(far_key.target, far_key.target_columns, model, views):
            far = tuple(zip(far_key.columns, theirs, strict=True))
            for origin, ours in origins:
                near = tuple(zip(ours, near_key.columns, strict=True))
                junction = Junction(table, near_key, far_key, near, far)
                yield Relationship(origin, target, "many-to-many", "", junction=junction)


def find_relationship(
    model: Model,
    origin: Table,
    target: str,
    hint: str | None,
    seen: Callable[[Table], bool] = lambda table: True,
) -> Relationship:
    """Return the relationship that `target!hint` means from `origin`.

    Raises RequestError PGRST200 when there is none, PGRST201 when there are several; they name
    tables that are `seen` alone.
    """
    all_of_origin = relationships(model).get(origin.name, ())
    matching = [one for one in all_of_origin if _matches_hint(one, target, hint)]
    if not matching:
        raise _not_found(model, origin, target, hint, seen)
    if len(matching) > 1:
        # A column of a view that references the view's own table: the view itself is meant.
        own = [one for one in matching if one.is_self and target == _column(one, 0)]
        if len(own) == 1:
            return own[0]
        raise _ambiguous(origin, target, [one for one in matching if _is_seen(one, seen)])
    return matching[0]


def _matches_hint(one: Relationship, target: str, hint: str | None) -> bool:
    if one.is_self and one.junction is None:
        return _matches_self_hint(one, target, hint)
    named = one.target.name == target
    if hint is None:
        by_key = one.junction is None and one.target.view is None
        return named or (by_key and target in (one.constraint, _column(one, 0)))
    if not named:
        return False
    if one.junction is not None:
        return hint == one.junction.table.name
    return hint in (one.constraint, _column(one, 0), _column(one, 1))


def _matches_self_hint(one: Relationship, target: str, hint: str | None) -> bool:
    """Of a table's key to itself, its name means the rows below, its column the row above."""
    named = one.target.name == target
    if hint is None:
        return not one.outward if named else one.outward and target == _column(one, 0)
    return named and not one.outward and hint in (one.constraint, _column(one, 1))


def _column(one: Relationship, side: int) -> str | None:
    return one.pairs[0][side] if len(one.pairs) == 1 else None


def _is_seen(one: Relationship, seen: Callable[[Table], bool]) -> bool:
    between = () if one.junction is None else (one.junction.table,)
    return all(map(seen, (one.origin, one.target, *between)))


def _not_found(
    model: Model, origin: Table, target: str, hint: str | None, seen: Callable[[Table], bool]
) -> RequestError:
    searched = f"between '{origin.name}' and '{target}'"
    using = f" using the hint '{hint}'" if hint else ""
    return RequestError(
        "PGRST200",
        f"Could not find a relationship {searched} in the schema cache",
        details=f"Searched for a foreign key relationship {searched}{using} in the schema"
        " 'public', but no matches were found.",
        hint=_suggestion(model, origin, target, seen),
    )


def _suggestion(
    model: Model, origin: Table, target: str, seen: Callable[[Table], bool]
) -> str | None:
    """Return a hint with the most similar relation."""
    found = relationships(model).get(origin.name, ())
    known = {one.target.name for one in found if _is_seen(one, seen)}
    close = nearest(target, known - {target}, _ALIKE)
    return f"Perhaps you meant '{close}' instead of '{target}'." if close else None


def _ambiguous(origin: Table, target: str, matching: list[Relationship]) -> RequestError:
    """Return the error for an embedding that may mean several; `matching` are those to be told."""
    hints = ", ".join(f"'{one.target.name}!{_hint(one)}'" for one in matching)
    return RequestError(
        "PGRST201",
        "Could not embed because more than one relationship was found for"
        f" '{origin.name}' and '{target}'",
        details=[_described(one) for one in matching],
        hint=f"Try changing '{target}' to one of the following: {hints}. Find the desired"
        " relationship in the 'details' key."
        if matching
        else None,
    )


def _hint(one: Relationship) -> str:
    return one.junction.table.name if one.junction is not None else one.constraint


def _described(one: Relationship) -> dict[str, str]:
    if one.junction is not None:
        near, far = one.junction.near_key, one.junction.far_key
        relationship = (
            f"{one.junction.table.name} using {near.name}({', '.join(near.columns)})"
            f" and {far.name}({', '.join(far.columns)})"
        )
    else:
        own = ", ".join(pair[0] for pair in one.pairs)
        other = ", ".join(pair[1] for pair in one.pairs)
        relationship = (
            f"{one.constraint} using {one.origin.name}({own}) and {one.target.name}({other})"
        )
    return {
        "cardinality": one.cardinality,
        "embedding": f"{one.origin.name} with {one.target.name}",
        "relationship": relationship,
    }
