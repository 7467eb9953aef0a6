"""Filters, logic trees, order terms and column lists, as text.

In charge of the text alone. Must not know which columns exist or what an operator means.
Source: https://docs.postgrest.org/en/stable/references/api/tables_views.html
"""

from __future__ import annotations

from typing import Literal, cast

from jotbase.query.request.intent import (
    Condition,
    EmbedPath,
    FieldPath,
    Filter,
    Logic,
    Operand,
    OrderTerm,
    Placeholder,
)
from jotbase.query.request.scanner import Fault, Scanner, field_path, json_steps, name, quoted
from jotbase.query.request.shape import PLAIN, QUANTIFIABLE, SEARCHES

_EXPECTED = '"not" or operator (eq, gt, ...)'
_IS = ("null", "not_null", "true", "false", "unknown")


def parse_path(text: str) -> tuple[EmbedPath, FieldPath]:
    """Read a filter's name: `clients.projects.name`, `data->>id`."""
    scanner = Scanner(text, "tree path")
    try:
        names = [name(scanner)]
        while scanner.take("."):
            names.append(name(scanner))
        steps = json_steps(scanner)
        if not scanner.at_end():
            raise scanner.fault('".", "->" or end of input')
    except Fault as fault:
        raise scanner.refusal(fault) from None
    return tuple(names[:-1]), FieldPath(names[-1], steps)


def parse_filter(field: FieldPath, text: str, taken: Placeholder | None = None) -> Condition:
    """Read `not.eq.5`; with `taken`, the text ends behind the operator and the value is there."""
    scanner = Scanner(text, "filter")
    try:
        condition = _condition(scanner, field, taken, nested=False)
        if not scanner.at_end():
            raise scanner.fault("end of input")
    except Fault as fault:
        raise scanner.refusal(fault) from None
    return condition


def parse_logic(operator: Literal["and", "or"], negated: bool, text: str) -> Logic:
    """Read the parenthesised list of `or=(…)` and its like."""
    scanner = Scanner(text, "logic tree", offset=len(operator))
    try:
        scanner.spaces()
        parts = _parts(scanner)
        scanner.spaces()
        if not scanner.at_end():
            raise scanner.fault("end of input")
    except Fault as fault:
        raise scanner.refusal(fault) from None
    return Logic(operator, parts, negated)


def _parts(scanner: Scanner) -> tuple[Filter, ...]:
    scanner.expect("(")
    scanner.deeper()
    parts = [_part(scanner)]
    while scanner.take(","):
        parts.append(_part(scanner))
    scanner.depth -= 1
    scanner.expect(")")
    scanner.spaces()
    return tuple(parts)


def _part(scanner: Scanner) -> Filter:
    scanner.spaces()
    start = scanner.position
    negated = scanner.take("not.")
    words: tuple[Literal["and", "or"], ...] = ("and", "or")
    for operator in words:
        if scanner.take(operator):
            scanner.spaces()
            if scanner.peek() == "(":
                return Logic(operator, _parts(scanner), negated)
            break
    scanner.position = start
    try:
        field = field_path(scanner)
    except Fault as fault:
        expected = f"{fault.expecting}, negation operator (not) or logic operator (and, or)"
        raise Fault(fault.position, expected) from None
    if not scanner.take("."):
        raise scanner.fault('"->>", "->" or delimiter (.)')
    return _condition(scanner, field, None, nested=True)


def _condition(
    scanner: Scanner, field: FieldPath, taken: Placeholder | None, nested: bool
) -> Condition:
    start = scanner.position
    negated = scanner.take("not.")
    operator_at = scanner.position
    word = scanner.until("(.,)") if nested else scanner.until("(.")
    quantifier: Literal["any", "all"] | None = None
    config: str | None = None
    if scanner.take("("):
        inside = scanner.until(")").strip()
        scanner.expect(")")
        if word in SEARCHES and inside:
            config = inside
        elif word in QUANTIFIABLE and inside in ("any", "all"):
            quantifier = cast(Literal["any", "all"], inside)
        else:
            raise Fault(start, _EXPECTED)
    known = word in QUANTIFIABLE or word in SEARCHES or word in PLAIN or word == "is"
    if not known or not scanner.take("."):
        raise Fault(operator_at if negated else start, _EXPECTED)
    operand: Operand = taken if taken is not None else _operand(scanner, word, nested)
    return Condition(field, word, operand, negated, quantifier, config)


def _operand(scanner: Scanner, operator: str, nested: bool) -> str:
    if operator == "is":
        return _is_operand(scanner, nested)
    if operator == "in":
        start = scanner.position
        parse_list(scanner)
        return scanner.text[start : scanner.position]
    return _nested_value(scanner) if nested else scanner.until("")


def _is_operand(scanner: Scanner, nested: bool) -> str:
    start = scanner.position
    word = scanner.until(",)") if nested else scanner.until("")
    if word.lower() not in _IS:
        raise Fault(start, "isVal: (null, not_null, true, false, unknown)")
    return word.lower()


def _nested_value(scanner: Scanner) -> str:
    text = _quoted_element(scanner)
    if text is not None:
        return text
    start = scanner.position
    if scanner.peek() == "{":
        scanner.position += 1
        scanner.until("{}")
        if scanner.take("}"):
            return scanner.text[start : scanner.position]
        scanner.position = start
    return scanner.until(",)")


def parse_list(scanner: Scanner) -> list[str]:
    """Read `(1,"a,b",c)`; an element may be quoted; what only looks quoted is taken as it is.

    Of nothing but blanks, the list is empty; a quoted element is one, whatever it holds.
    """
    scanner.spaces()
    scanner.expect("(")
    scanner.spaces()
    if scanner.take(")"):
        scanner.spaces()
        return []
    items = [_element(scanner)]
    while scanner.take(","):
        items.append(_element(scanner))
    scanner.expect(")")
    scanner.spaces()
    return items


def _element(scanner: Scanner) -> str:
    text = _quoted_element(scanner)
    return scanner.until(",)") if text is None else text


def _quoted_element(scanner: Scanner) -> str | None:
    """Read a quoted text that ends an element; None, and nothing is read, where there is none."""
    start = scanner.position
    if scanner.peek() == '"':
        try:
            value = quoted(scanner)
            if scanner.at_end() or scanner.peek() in ",)":
                return value
        except Fault:
            pass
        scanner.position = start
    return None


def list_items(text: str) -> list[str]:
    """Return the elements of an `in` filter's operand; `()` has none.

    Raises RequestError PGRST100.
    """
    scanner = Scanner(text, "filter")
    try:
        items = parse_list(scanner)
        if not scanner.at_end():
            raise scanner.fault("end of input")
    except Fault as fault:
        raise scanner.refusal(fault) from None
    return items


def parse_order(text: str) -> tuple[OrderTerm, ...]:
    """Read `name.desc.nullslast,clients(name)`. Raises RequestError PGRST100."""
    scanner = Scanner(text, "order")
    try:
        terms = [_term(scanner)]
        while scanner.take(","):
            terms.append(_term(scanner))
        if not scanner.at_end():
            raise scanner.fault('"," or end of input')
    except Fault as fault:
        raise scanner.refusal(fault) from None
    return tuple(terms)


def _term(scanner: Scanner) -> OrderTerm:
    scanner.spaces()
    field = field_path(scanner)
    relation: str | None = None
    if not field.steps and scanner.take("("):
        relation, field = field.name, field_path(scanner)
        scanner.expect(")")
    descending = False
    nulls_first: bool | None = None
    if scanner.take(".asc") or scanner.looking_at(".desc"):
        descending = scanner.take(".desc")
    if scanner.take(".nullsfirst"):
        nulls_first = True
    elif scanner.take(".nullslast"):
        nulls_first = False
    scanner.spaces()
    if not scanner.at_end() and scanner.peek() != ",":
        raise scanner.fault('"asc", "desc", "nullsfirst" or "nullslast"')
    return OrderTerm(field, relation, descending, nulls_first)


def parse_names(text: str, what: str) -> tuple[str, ...]:
    """Read a list of column names: `columns=id,name` or `on_conflict=id`."""
    scanner = Scanner(text, what)
    names: list[str] = []
    try:
        while True:
            scanner.spaces()
            names.append(name(scanner))
            scanner.spaces()
            if not scanner.take(","):
                break
        if not scanner.at_end():
            raise scanner.fault('"," or end of input')
    except Fault as fault:
        raise scanner.refusal(fault) from None
    return tuple(names)
