"""The tables, views and functions of a project as clients see them, in no language yet.

In charge of which members a row has when it is read, inserted and changed, of the names of
enumerations, and of which foreign keys a client can embed by. Must not know how types are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from jotbase.client_types.shapes import (
    ANY,
    Choice,
    Enumeration,
    Member,
    Members,
    Null,
    Scalar,
    Several,
    Shape,
    column_shape,
    either,
    schema_shape,
)
from jotbase.query.plan.functions import Function, Functions, Returns
from jotbase.query.plan.relations import Relationship, relationships
from jotbase.query.plan.triggered_views import allowed_writes
from jotbase.query.plan.updatable import updatable_view
from jotbase.records import dataclass
from jotbase.schema.model.tables import Column, Computed, Model, Table


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view. `computed` are the members of a row that come only when they are selected;
    `insert` and `update` are None where it takes no such write. `filled` are the columns that no
    client may write.
    """

    name: str
    is_view: bool
    description: str | None
    row: tuple[Member, ...]
    computed: tuple[Member, ...]
    insert: tuple[Member, ...] | None
    update: tuple[Member, ...] | None
    filled: tuple[str, ...]
    keys: tuple[Relationship, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function: what it takes, what it returns; `origin` is the table whose rows it is of."""

    name: str
    arguments: Shape
    returns: Returns
    value: Shape
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """All of a project that a client's types are made of."""

    relations: tuple[Relation, ...]
    functions: tuple[Call, ...]
    enumerations: tuple[Enumeration, ...]


def described(model: Model, functions: Functions) -> Described:
    """Return what clients see of a project: of everything that somebody may see."""
    enumerations: dict[str, Enumeration] = {}
    keys = relationships(model)

    def named(table: Table, column: Column) -> Shape:
        shape = column_shape(column, table.schema)
        if not isinstance(shape, Choice) or not all(isinstance(one, str) for one in shape.values):
            return shape
        name = called = f"{table.name}_{column.name}"
        number = 1
        while called in enumerations:
            number += 1
            called = f"{name}_{number}"
        enumerations[called] = Enumeration(called, shape.values)
        return enumerations[called]

    relations = tuple(_relation(table, model, named, keys.get(table.name, ())) for table in model)
    return Described(
        relations,
        (*_functions(functions), *_computed_rows(model)),
        tuple(enumerations.values()),
    )


def _relation(
    table: Table,
    model: Model,
    named: Callable[[Table, Column], Shape],
    keys: Iterable[Relationship],
) -> Relation:
    shapes = {column.name: _stored(column, named(table, column)) for column in table.columns}
    writes = allowed_writes(table, model)
    behind = updatable_view(table, model) if table.view is not None else None
    passed = None if behind is None else behind.columns_of
    written = [
        column
        for column in table.columns
        if not (column.read_only or column.generated) and (passed is None or column.name in passed)
    ]
    insert = tuple(
        Member(one.name, shapes[one.name], table.view is None and _is_required(one))
        for one in written
    )
    update = tuple(Member(one.name, shapes[one.name], required=False) for one in written)
    taken = {one.name for one in written}
    return Relation(
        table.name,
        table.view is not None,
        table.description,
        tuple(Member(one.name, shapes[one.name], required=True) for one in table.readable),
        tuple(_computed(one) for one in model.computed.get(table.name, {}).values() if _value(one)),
        insert if "insert" in writes else None,
        update if "update" in writes else None,
        tuple(one.name for one in table.columns if one.name not in taken),
        tuple(one for one in keys if one.outward),
    )


def _stored(column: Column, shape: Shape) -> Shape:
    return either((shape, Null())) if column.nullable else shape


def _is_required(column: Column) -> bool:
    return not (column.nullable or column.has_default)


def _value(computed: Computed) -> bool:
    return computed.target is None


def _computed(computed: Computed) -> Member:
    column = computed.column
    shape: Shape = Scalar(column.type) if column.item is None else Several(Scalar(column.item))
    return Member(column.name, either((shape, Null())), required=True)


def _functions(functions: Functions) -> Iterable[Call]:
    for name in sorted(functions):
        for one in functions[name]:
            yield Call(name, _arguments(one), one.returns, _returned(one.returns))


def _arguments(function: Function) -> Shape:
    if function.whole is not None:
        return Members((), open=True)
    return Members(
        tuple(
            Member(one.name, _argument(one.schema, nullable=one.nullable), one.required)
            for one in function.parameters
        )
    )


def _argument(schema: Mapping[str, object], *, nullable: bool) -> Shape:
    shape = schema_shape(schema, schema) if schema else ANY
    return either((shape, Null())) if nullable else shape


def _returned(returns: Returns) -> Shape:
    if returns.kind == "nothing":
        return Null()
    if returns.shape is not None:
        row: Shape = Members(
            tuple(
                Member(one.name, column_shape(one, one.schema), required=True)
                for one in returns.shape.columns
            )
        )
        return Several(row) if returns.kind == "rows" else row
    if returns.schema:
        return schema_shape(returns.schema, returns.schema)
    scalar = Scalar(returns.type)
    return Several(scalar) if returns.kind == "values" else scalar


def _computed_rows(model: Model) -> Iterable[Call]:
    """Yield the relationships that functions compute: embedded by name, as a function of a row."""
    for table, fields in model.computed.items():
        for name, one in fields.items():
            if one.target is not None:
                returns = Returns("row" if one.to_one else "rows", table=one.target)
                yield Call(name, ANY, returns, ANY, origin=table)
