"""The grammar of `select`: columns, casts, aggregates, embedded relations and spreads.

In charge of the syntax alone. Must not know which columns or relations exist.
Source: https://docs.postgrest.org/en/stable/references/api/resource_embedding.html
"""

from __future__ import annotations

from typing import Literal, cast

from jotbase.query.request.intent import FieldPath, SelectEmbed, SelectField, SelectItem
from jotbase.query.request.scanner import (
    MAX_EMBEDS,
    Fault,
    Scanner,
    field_path,
    is_name_character,
    name,
)

_AGGREGATES = ("count", "sum", "avg", "min", "max")
_JOINS = ("inner", "left")

Aggregate = Literal["count", "sum", "avg", "min", "max"]
Join = Literal["inner", "left"]


def parse_select(text: str) -> tuple[SelectItem, ...]:
    """Parse a select parameter. Raises RequestError PGRST100 or 54001."""
    scanner = Scanner(text, "select parameter")
    try:
        items = _items(scanner)
        # PostgREST's parser stops at the end of the list, so it accepts a superfluous `)`.
        if not scanner.at_end() and scanner.peek() != ")":
            raise scanner.fault('"," or end of input')
    except Fault as fault:
        raise scanner.refusal(fault) from None
    return items


def _items(scanner: Scanner) -> tuple[SelectItem, ...]:
    scanner.spaces()
    if scanner.at_end() or scanner.peek() == ")":
        return ()
    items = [_item(scanner)]
    while scanner.take(","):
        items.append(_item(scanner))
    return tuple(items)


def _item(scanner: Scanner) -> SelectItem:
    scanner.spaces()
    spread = scanner.take("...")
    scanner.spaces()
    start = scanner.position
    if not spread and scanner.take("*"):
        scanner.spaces()
        if not scanner.at_end() and scanner.peek() not in ",)":
            found = scanner.shown(scanner.position, "'")
            raise Fault(scanner.position, '")", "," or end of input', found)
        return SelectField(FieldPath("*"))
    alias = _alias(scanner)
    embed = _embed(scanner, alias, spread)
    if embed is not None:
        scanner.spaces()
        return embed
    if spread:
        scanner.position = start
        raise scanner.fault("a relation to spread, as in ...relation(column)")
    item = _field(scanner, alias)
    scanner.spaces()
    return item


def _alias(scanner: Scanner) -> str | None:
    """Parse `alias:` if there is one; `::` is a cast, not an alias."""
    start = scanner.position
    try:
        alias = name(scanner)
    except Fault:
        scanner.position = start
        return None
    if scanner.looking_at(":") and not scanner.looking_at("::"):
        scanner.position += 1
        scanner.spaces()
        return alias
    scanner.position = start
    return None


def _embed(scanner: Scanner, alias: str | None, spread: bool) -> SelectEmbed | None:
    """Parse `relation!hint!inner(…)`; return None, without advancing, for a column."""
    start = scanner.position
    relation = name(scanner)
    hint: str | None = None
    join: Join | None = None
    while scanner.take("!"):
        word = name(scanner)
        if word in _JOINS:
            join = cast(Join, word)
        else:
            hint = word
    if not scanner.looking_at("(") or (relation == "count" and scanner.looking_at("()")):
        scanner.position = start
        return None
    scanner.position += 1
    scanner.deeper(MAX_EMBEDS)
    select = _items(scanner)
    scanner.depth -= 1
    if not scanner.take(")"):
        raise scanner.fault('"," or ")"')
    return SelectEmbed(relation, select, alias, hint, join, spread)


def _field(scanner: Scanner, alias: str | None) -> SelectField:
    if scanner.take("count()"):
        return SelectField(None, alias, None, "count", _cast(scanner))
    field = field_path(scanner)
    type_name = _cast(scanner)
    aggregate: Aggregate | None = None
    aggregate_cast: str | None = None
    if scanner.peek() == ".":
        scanner.position += 1
        word = scanner.until("(,) ")
        if word not in _AGGREGATES:
            raise scanner.fault("an aggregate: count(), sum(), avg(), min(), max()")
        scanner.expect("()")
        aggregate = cast(Aggregate, word)
        aggregate_cast = _cast(scanner)
    scanner.spaces()
    if not scanner.at_end() and scanner.peek() not in ",)":
        ends = '"->>", "->", "::", ".", ")", "," or end of input'
        ends = ends if field.steps else f'letter, digit, "-", {ends}'
        raise Fault(scanner.position, ends, scanner.shown(scanner.position, "'"))
    return SelectField(field, alias, type_name, aggregate, aggregate_cast)


def _cast(scanner: Scanner) -> str | None:
    if not scanner.take("::"):
        return None
    start = scanner.position
    while is_name_character(scanner.peek()) or scanner.looking_at("[]"):
        scanner.position += 2 if scanner.looking_at("[]") else 1
    word = scanner.text[start : scanner.position].strip()
    if not word:
        raise scanner.fault("letter or digit")
    return word
