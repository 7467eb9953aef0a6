"""Planning a read: keys, embedded relations, conditions, order and windows of each table.

In charge of the tree of nodes of a read plan. Must not know writes, access rules or SQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from jotbase.errors import RequestError
from jotbase.expression.data_types.casts import parse_cast
from jotbase.query.plan.computed import computed_relation, with_computed_columns
from jotbase.query.plan.conditions import (
    UnknownColumn,
    column_of,
    condition_of,
    unknown_column,
    value_type,
)
from jotbase.query.plan.nodes import (
    ROOT,
    Embed,
    Item,
    Link,
    Node,
    OrderBy,
    PlanLimits,
    Value,
    Window,
)
from jotbase.query.plan.relations import Relationship, find_relationship
from jotbase.query.request.intent import (
    EmbedPath,
    FieldPath,
    Filter,
    Intent,
    Logic,
    OrderTerm,
    SelectEmbed,
    SelectField,
    SelectItem,
)
from jotbase.query.request.scanner import MAX_EMBEDS
from jotbase.query.request.weights import (
    EMBED,
    GROUPED_KEY,
    KEY,
    MAX_WEIGHT,
    TERM,
    request_too_complex,
    weight_of,
)
from jotbase.schema.model.tables import Column, Model, Table, Type

_DEPRECATED = (
    '299 PostgRESTv13 "Embedded resource was referenced by relation name even though it has an'
    " alias. This is deprecated and will stop working in a future release. Update `{}` to `{}`"
    ' in query string filters, orders or limits."'
)


@dataclass(slots=True)
class Reading:
    """One request's way to its tree: what is asked, and what has been used of it so far.

    `named` are the paths that parameters name, with all beginnings of them.
    """

    intent: Intent
    model: Model
    limits: PlanLimits
    aliases: int = 0
    used: set[EmbedPath] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)
    spent: int = 0
    named: frozenset[EmbedPath] = field(init=False)

    def __post_init__(self) -> None:
        """Collect the embed paths that parameters name."""
        selected = self.intent
        self.named = frozenset(
            path[:length]
            for paths in (selected.filters, selected.order, selected.limit, selected.offset)
            for path in paths
            for length in range(1, min(len(path), MAX_EMBEDS) + 1)
        )

    def spend(self, weight: int) -> None:
        """Add to the request's weight. Raises RequestError 54001 beyond the limit."""
        self.spent += weight
        if self.spent > MAX_WEIGHT:
            raise request_too_complex()

    def next_alias(self) -> str:
        """Return a new alias, unique in the statement."""
        self.aliases += 1
        return f"{ROOT}.{self.aliases}"


@dataclass(frozen=True, slots=True)
class _Place:
    """A node's position in the request: the embed paths that may name it."""

    paths: frozenset[EmbedPath]


def read_node(reading: Reading, table: Table, window: Window) -> Node:
    """Return the tree of a request's select over its table.

    Raises RequestError: 42703, PGRST108, PGRST118, PGRST120, PGRST123, PGRST200, PGRST201, …
    """
    root = _Place(frozenset(((),)))
    try:
        node = _node(reading, table, ROOT, reading.intent.select, root, window)
    except UnknownColumn as error:
        if not reading.limits.seen(error.table):
            error.hint = None
        raise
    _check_paths(reading)
    return node


def _node(
    reading: Reading,
    table: Table,
    alias: str,
    select: tuple[SelectItem, ...],
    place: _Place,
    window: Window,
) -> Node:
    table = with_computed_columns(table, _named(reading.intent, select, place), reading.model)
    items: list[Item] = []
    embeds: dict[str, Embed] = {}
    taken = frozenset(one.alias or one.relation for one in select if isinstance(one, SelectEmbed))
    for selected in select:
        if isinstance(selected, SelectField):
            items.extend(_fields(reading, table, alias, selected))
            reading.spend(KEY * (len(table.readable) if _is_all(selected) else 1))
        else:
            reading.spend(EMBED)
            embed = _embed(reading, table, alias, selected, place, taken)
            # The same relation twice without aliases has the same key; the last one wins.
            embeds[embed.key] = embed
            if reading.limits.legacy_targets:
                embeds.setdefault(selected.relation, embed)
            items.append(Item(embed.key, embed))
    if any(isinstance(one.value, Value) and one.value.aggregate is not None for one in items):
        reading.spend((GROUPED_KEY - KEY) * len(items))
    intent = reading.intent
    filters = tuple(one for path in place.paths for one in intent.filters.get(path, ()))
    terms = tuple(term for path in place.paths for term in intent.order.get(path, ()))
    reading.spend(weight_of(filters) + TERM * len(terms))
    node = Node(
        table,
        alias,
        tuple(items),
        condition_of(filters, table, alias, embeds, intent.preferences.timezone),
        tuple(_order(table, alias, term, embeds) for term in terms),
        window,
    )
    if node.aggregated and terms:
        _check_grouping(node)
    return node


def _check_grouping(node: Node) -> None:
    """Refuse an order by a column that differs within a group. Raises RequestError 42803.

    Where the primary key is grouped by, no column does (PostgreSQL manual, 7.2.3).
    """
    values = [item.value for item in node.items if isinstance(item.value, Value)]
    grouped = {
        (one.column.name, one.steps) for one in values if one.column and one.aggregate is None
    }
    key = node.table.primary_key
    if key and all((name, ()) in grouped for name in key):
        return
    for term in node.order:
        column = term.value.column
        if term.via is None and column and (column.name, term.value.steps) not in grouped:
            raise RequestError(
                "42803",
                f'column "{node.table.name}.{column.name}" must appear in the GROUP BY clause or be'
                " used in an aggregate function",
            )


def _named(intent: Intent, select: tuple[SelectItem, ...], place: _Place) -> set[str]:
    """Return all names that may be those of computed columns."""
    fields = [one.field for one in select if isinstance(one, SelectField)]
    names = {one.name for one in fields if one is not None}
    for path in place.paths:
        names |= {term.field.name for term in intent.order.get(path, ()) if term.relation is None}
        names |= {name for one in intent.filters.get(path, ()) for name in _filtered(one)}
    return names


def _filtered(one: Filter) -> Iterator[str]:
    if isinstance(one, Logic):
        for part in one.parts:
            yield from _filtered(part)
    else:
        yield one.field.name


def _fields(reading: Reading, table: Table, alias: str, selected: SelectField) -> list[Item]:
    """Return the keys of a select item other than an embed; `*` means all readable columns."""
    if selected.aggregate is not None and not reading.limits.aggregates:
        raise RequestError("PGRST123", "Use of aggregate functions is not allowed")
    aggregate_cast = parse_cast(selected.aggregate_cast)
    if selected.field is None:
        value = Value(alias, None, aggregate="count", aggregate_cast=aggregate_cast)
        return [Item(selected.alias or "count", value)]
    if _is_all(selected):
        zone = reading.intent.preferences.timezone
        return [Item(one.name, Value(alias, one, zone=_zone(one, zone))) for one in table.readable]
    if _counts(reading, table, selected):
        return [Item(selected.alias or "count", Value(alias, None, aggregate="count"))]
    value = _value(table, alias, selected.field)
    value = Value(
        alias,
        value.column,
        value.steps,
        parse_cast(selected.cast),
        selected.aggregate,
        aggregate_cast,
        _zone(value.column, reading.intent.preferences.timezone),
    )
    return [Item(selected.alias or selected.aggregate or _key(selected.field), value)]


def _is_all(selected: SelectField) -> bool:
    return selected.field is not None and selected.field.name == "*" and not selected.field.steps


def _zone(column: Column | None, zone: str | None) -> str | None:
    return zone if column is not None and column.type is Type.TIMESTAMP else None


def _counts(reading: Reading, table: Table, selected: SelectField) -> bool:
    """Whether the item is `select=count`, the older form of `count()`."""
    name = selected.field.name if selected.field is not None else ""
    return name == "count" and name not in table.by_name and reading.limits.aggregates


def _value(table: Table, alias: str, field: FieldPath) -> Value:
    column = column_of(table, field.name)
    value_type(column, field.steps)
    return Value(alias, column, field.steps)


def _key(field: FieldPath) -> str:
    """Return the key of a JSON path: its last key that is no index, else the column's name."""
    named = [step.key for step in field.steps if isinstance(step.key, str)]
    return str(named[-1]) if named else field.name


def _embed(
    reading: Reading,
    table: Table,
    alias: str,
    selected: SelectEmbed,
    place: _Place,
    taken: frozenset[str],
) -> Embed:
    computed = (
        computed_relation(table, selected.relation, reading.model)
        if selected.hint is None
        else None
    )
    if computed is not None and computed[1] and selected.spread:
        raise RequestError(
            "PGRST127",
            "Feature not implemented",
            details="Computed relations to one row cannot be spread.",
        )
    if computed is not None:
        target: Table = computed[0]
        link: Link | None = Link((), computed[1])
    else:
        found = find_relationship(
            reading.model, table, selected.relation, selected.hint, reading.limits.seen
        )
        target, link = found.target, None
    own = reading.next_alias()
    names = _names(reading, selected, place, taken)
    paths = ((*path, name) for path in place.paths for name in names)
    # Two names on each level give exponentially many paths: only those that parameters use are
    # kept.
    inside = _Place(frozenset(path for path in paths if path in reading.named))
    window = _window(reading, inside.paths)
    node = _node(reading, target, own, selected.select, inside, window)
    link = link or _link(reading, found)
    if selected.spread and not link.to_one and node.aggregated:
        raise RequestError(
            "PGRST127",
            "Feature not implemented",
            details="Aggregates are not implemented for one-to-many or many-to-many spreads.",
        )
    return Embed(
        selected.alias or selected.relation,
        node,
        link,
        selected.spread,
        selected.join == "inner",
        shown=any(isinstance(one.value, Value) or one.value.shown for one in node.items),
    )


def _names(
    reading: Reading, selected: SelectEmbed, place: _Place, taken: frozenset[str]
) -> tuple[str, ...]:
    """Return the names of an embed in dotted paths; `taken` are the keys of its siblings."""
    key = selected.alias or selected.relation
    if key == selected.relation or selected.relation in taken or not reading.limits.legacy_targets:
        names: tuple[str, ...] = (key,)
    else:
        names = (key, selected.relation)
    intent = reading.intent
    for path in place.paths:
        for name in names:
            reading.used.add((*path, name))
        old = (*path, selected.relation)
        asked_for = old in intent.filters or old in intent.order or old in intent.limit
        if len(names) > 1 and asked_for:
            reading.warnings.append(_DEPRECATED.format(selected.relation, selected.alias))
    return names


def _window(reading: Reading, paths: frozenset[EmbedPath]) -> Window:
    intent = reading.intent
    limit = next((intent.limit[path] for path in paths if path in intent.limit), None)
    offset = next((intent.offset[path] for path in paths if path in intent.offset), None)
    check_limit(limit)
    return Window(limit, offset, most=reading.limits.max_rows)


def check_limit(limit: object) -> None:
    """Raise RequestError PGRST103 for a negative limit."""
    if isinstance(limit, int) and limit < 0:
        raise RequestError(
            "PGRST103",
            "Requested range not satisfiable",
            details="Limit should be greater than or equal to zero.",
        )


def _link(reading: Reading, found: Relationship) -> Link:
    if found.junction is None:
        return Link(found.pairs, found.to_one)
    junction = found.junction
    return Link(junction.near, False, junction.table, reading.next_alias(), junction.far)


def _order(table: Table, alias: str, term: OrderTerm, embeds: Mapping[str, Embed]) -> OrderBy:
    nulls_first = term.descending if term.nulls_first is None else term.nulls_first
    if term.relation is None:
        return OrderBy(_value(table, alias, term.field), term.descending, nulls_first)
    embed = embeds.get(term.relation)
    if embed is None:
        raise not_embedded(term.relation)
    if not embed.link.to_one:
        raise RequestError(
            "PGRST118",
            f"A related order on '{term.relation}' is not possible",
            details=f"'{table.name}' and '{term.relation}' do not form a many-to-one or"
            " one-to-one relationship",
        )
    value = _related_value(embed, term.field)
    return OrderBy(value, term.descending, nulls_first, embed)


def _related_value(embed: Embed, field: FieldPath) -> Value:
    """Return the related column; a spread's keys may be named as select calls them."""
    node = embed.node
    if embed.spread and not field.steps and field.name not in node.table.by_name:
        for item in node.items:
            if item.key == field.name and isinstance(item.value, Value):
                return item.value
        raise unknown_column(node.table, field.name)
    return _value(node.table, node.alias, field)


def not_embedded(name: str) -> RequestError:
    """Return the error for a path to a relation that select does not embed."""
    return RequestError(
        "PGRST108",
        f"'{name}' is not an embedded resource in this request",
        hint=f"Verify that '{name}' is included in the 'select' query parameter.",
    )


def _check_paths(reading: Reading) -> None:
    intent = reading.intent
    for paths in (intent.filters, intent.order, intent.limit, intent.offset):
        for path in paths:
            if path and path not in reading.used:
                raise not_embedded(path[-1])
