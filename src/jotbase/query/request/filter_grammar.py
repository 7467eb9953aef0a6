"""The grammar of filters, logic trees, order terms and column lists.

In charge of the syntax alone. Must not know which columns exist or the semantics of an operator.
Source: https://docs.postgrest.org/en/stable/references/api/tables_views.html
"""

from __future__ import annotations

import re
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
from jotbase.query.request.scanner import (
    Fault,
    Scanner,
    field_path,
    is_name_character,
    json_steps,
    name,
    quoted,
)
from jotbase.query.request.shape import PLAIN, QUANTIFIABLE, SEARCHES

_OPERATOR = "operator (eq, gt, ...)"
_EITHER = f'"not" or {_OPERATOR}'
_NAME_GOES_ON = 'letter, digit, "-", "->>", "->"'
_LOGIC = "logic operator (and, or)"
_WORDS = ("not", "is", "in", *QUANTIFIABLE, *SEARCHES, *PLAIN)
_IS = ("null", "not_null", "true", "false", "unknown")


def parse_path(text: str) -> tuple[EmbedPath, FieldPath]:
    """Parse a filter's name: `clients.projects.name`, `data->>id`."""
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
    """Parse `not.eq.5`; with `taken`, the text ends after the operator, and `taken` is the
    value.
    """
    scanner = Scanner(text, "filter")
    try:
        condition = _condition(scanner, field, taken, nested=False)
        if not scanner.at_end():
            raise scanner.fault("end of input")
    except Fault as fault:
        raise scanner.refusal(fault) from None
    return condition


def parse_logic(operator: Literal["and", "or"], negated: bool, text: str) -> Logic:
    """Parse the parenthesized list of `or=(…)` or `and=(…)`."""
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
    if not scanner.take(")"):
        raise scanner.fault('"," or ")"')
    scanner.spaces()
    return tuple(parts)


def _part(scanner: Scanner) -> Filter:
    scanner.spaces()
    start = scanner.position
    negated = scanner.take("not.")
    clearer = scanner.other_word(_LOGIC, "and") if negated else None
    words: tuple[Literal["and", "or"], ...] = ("and", "or")
    for operator in words:
        if scanner.take(operator):
            scanner.spaces()
            if scanner.peek() == "(":
                return Logic(operator, _parts(scanner), negated)
            clearer = scanner.fault('"("')
            break
    scanner.position = start
    try:
        return _nested_condition(scanner)
    except Fault:
        # Once a group has begun, Parsec reports the error in it, not that of an alternative.
        if clearer is None:
            raise
        raise clearer from None


def _nested_condition(scanner: Scanner) -> Condition:
    try:
        field = field_path(scanner)
    except Fault as fault:
        expected = f"{fault.expecting}, negation operator (not) or {_LOGIC}"
        raise Fault(fault.position, expected) from None
    if not scanner.take("."):
        raise scanner.fault(f"{_NAME_GOES_ON} or delimiter (.)")
    return _condition(scanner, field, None, nested=True)


def _condition(
    scanner: Scanner, field: FieldPath, taken: Placeholder | None, nested: bool
) -> Condition:
    before = scanner.position
    negated = scanner.take("not.")
    start = scanner.position
    word = scanner.until("(.,)") if nested else scanner.until("(.")
    quantifier: Literal["any", "all"] | None = None
    config: str | None = None
    known = word in QUANTIFIABLE or word in SEARCHES or word in PLAIN or word == "is"
    if known and scanner.take("("):
        inside = scanner.until(")").strip()
        known = scanner.take(")")
        if word in SEARCHES and inside:
            config = inside
        elif word in QUANTIFIABLE and inside in ("any", "all"):
            quantifier = cast(Literal["any", "all"], inside)
        else:
            known = False
    if not known or not scanner.take("."):
        raise _no_operator(scanner, before, start)
    operand: Operand = taken if taken is not None else _operand(scanner, word, nested)
    return Condition(field, word, operand, negated, quantifier, config)


def _no_operator(scanner: Scanner, before: int, start: int) -> Fault:
    """Return the fault at the furthest position to which the text is a valid filter."""
    negatable = start == before
    known = max((one for one in _WORDS if scanner.text.startswith(one, start)), key=len, default="")
    if known and (negatable or known != "not"):
        return Fault(_furthest(scanner.text, start + len(known), known), _OPERATOR)
    differs = start + scanner.matched("not" if negatable else "in", start)
    return Fault(start, _EITHER if negatable else _OPERATOR, scanner.shown(differs))


def _furthest(text: str, end: int, operator: str) -> int:
    """Return the furthest valid position within the parentheses after an operator."""
    if not text.startswith("(", end) or operator not in (*QUANTIFIABLE, *SEARCHES):
        return end
    first = end = end + 1
    if operator in QUANTIFIABLE:
        end += len("any") if text.startswith(("any", "all"), end) else 0
    else:
        while is_name_character(text[end : end + 1]):
            end += 1
    return end + 1 if end > first and text.startswith(")", end) else end


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
        lower = Scanner(scanner.text.lower(), "")
        furthest = max(lower.matched(one, start) for one in _IS if one != word.lower())
        raise Fault(start + furthest, "isVal: (null, not_null, true, false, unknown)")
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
    """Parse `(1,"a,b",c)`; an element may be quoted, one with text after the quote is taken
    literally.

    A list of blanks alone is empty.
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
    if not scanner.take(")"):
        raise scanner.fault('"," or ")"')
    scanner.spaces()
    return items


def _element(scanner: Scanner) -> str:
    text = _quoted_element(scanner)
    return scanner.until(",)") if text is None else text


def _quoted_element(scanner: Scanner) -> str | None:
    """Parse a quoted element; return None, without advancing, if there is none."""
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


#: What `parse_list` treats in another way than as an element's text or the comma behind it.
_SCANNED = re.compile(r'[")]|\A\s|\A\Z')


def list_items(text: str, behind: str = "in.") -> list[str]:
    """Return the elements of an `in` filter's operand; `()` has none.

    `behind` is what it stands behind in its filter. Raises RequestError PGRST100.
    """
    inside = text[1:-1]
    # Without quotes, parentheses and a blank start, commas alone divide it: 50 times as fast.
    if text[:1] == "(" and text[-1:] == ")" and not _SCANNED.search(inside):
        return inside.split(",")
    scanner = Scanner(behind + text, "filter")
    scanner.position = len(behind)
    try:
        items = parse_list(scanner)
        if not scanner.at_end():
            raise scanner.fault("end of input")
    except Fault as fault:
        raise scanner.refusal(fault) from None
    return items


def parse_order(text: str) -> tuple[OrderTerm, ...]:
    """Parse `name.desc.nullslast,clients(name)`. Raises RequestError PGRST100."""
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
    behind = scanner.position
    if not field.steps and scanner.take("("):
        relation, field = field.name, field_path(scanner)
        if not scanner.take(")"):
            scanner.position = behind
            raise _no_term(scanner, plain=True, directed=False, placed=False)
    descending = scanner.take(".desc")
    directed = descending or scanner.take(".asc")
    nulls_first: bool | None = None
    if scanner.take(".nullsfirst"):
        nulls_first = True
    elif scanner.take(".nullslast"):
        nulls_first = False
    scanner.spaces()
    if not scanner.at_end() and scanner.peek() != ",":
        plain = relation is None and not field.steps
        raise _no_term(scanner, plain, directed, nulls_first is not None)
    return OrderTerm(field, relation, descending, nulls_first)


def _no_term(scanner: Scanner, plain: bool, directed: bool, placed: bool) -> Fault:
    """Return the fault after a term: at a column, a direction or the position of nulls."""
    if scanner.peek() == "." and not placed:
        scanner.position += 1
        if directed:
            return scanner.other_word('"nullsfirst" or "nullslast"', "nullsfirst")
        return scanner.other_word('"asc", "desc", "nullsfirst" or "nullslast"', "asc")
    ends = '"," or end of input'
    if not placed:
        ends = f"delimiter (.), {ends}"
    if plain and not directed and not placed:
        ends = f"{_NAME_GOES_ON}, {ends}"
    return Fault(scanner.position, ends, scanner.shown(scanner.position, "'"))


def parse_names(text: str, what: str) -> tuple[str, ...]:
    """Parse a list of column names: `columns=id,name` or `on_conflict=id`."""
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
