"""Subscription filters: `id=eq.1,title=not.ilike."a,b%"` to the one expression type over `row`.

In charge of the filter grammar and of reading its values as the columns' types. Must not know what
an operator means (`query.operators`) nor who follows what.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from jotbase.errors import ChannelError, RequestError
from jotbase.expression.expr import Apply, Expr, Field, Literal, Not, all_of
from jotbase.expression.operators import OPERATORS
from jotbase.schema.model.tables import Column, Table, Type
from jotbase.schema.values.convert import from_text

#: The scope of a subscription filter's row.
SCOPE = "row"
#: The most values of a list: Supabase's limit.
MAX_VALUES = 100
#: The longest filter in characters: each is evaluated at every change.
LONGEST = 4096

#: Values that begin with `"` or `{` and end nowhere; each is looked through to the end.
MOST_OPEN = 16

_OPERATORS = "eq|neq|lt|lte|gt|gte|in|like|ilike|is|match|imatch|isdistinct|cs|cd|ov"
#: Refused: filters are evaluated on the event loop, which a regular expression could block.
_REGULAR = ("match", "imatch")
_TERM = re.compile(
    rf"(?P<column>[^=]+)=(?P<not>not\.)?(?P<operator>{_OPERATORS})\.(?P<value>.*)", re.DOTALL
)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_IS = {"null": None, "true": True, "false": False, "unknown": None}


def parse_filter(text: str | None, table: Table) -> Expr:
    """Parse a filter to a condition on a row; TRUE for blank text.

    Raises ChannelError with the text of the `system` message.
    """
    if text is None or not text.strip():
        return all_of()
    if len(text) > LONGEST or text.strip() == "undefined":
        raise _unreadable(text[:LONGEST])
    return all_of(*(_term(part, table) for part in _split(text)))


def terms(text: str) -> list[str]:
    """Return the filters that a filter joins by commas; all of them must fit."""
    return list(_split(text)) if text.strip() else []


def refusal(message: str) -> ChannelError:
    """Return the error of an invalid subscription; the channel stays open."""
    return ChannelError("RealtimeFilter", message)


def _unreadable(text: str) -> ChannelError:
    return refusal(f"Error parsing `filter` params: {text}")


def _split(text: str) -> Iterator[str]:
    """Split at commas outside parentheses, quoted values and `{}` literals."""
    depth, start, index, tries = 0, 0, 0, MOST_OPEN
    while index < len(text):
        character = text[index]
        if tries and character in '"{' and _begins_value(text, index):
            end = _end_of(text, index)
            tries -= end == index + 1
            index = end
            continue
        if character in "()":
            depth += 1 if character == "(" else -1
        elif character == "," and depth <= 0:
            yield _segment(text[start:index])
            start = index + 1
        index += 1
    yield _segment(text[start:])


def _begins_value(text: str, index: int) -> bool:
    """Return whether a value begins there: behind an operator, or in a list."""
    before = text[:index].rstrip(" ") if index and text[index - 1] == " " else text[:index]
    return not before or before[-1] in "(," or (before[-1] == "." and len(before) == index)


def _end_of(text: str, start: int) -> int:
    """Return where a quoted value or a `{}` literal ends; behind its first character if nowhere,
    since it is none then.
    """
    depth, quoted, index = 0, False, start
    while index < len(text):
        character = text[index]
        if character == "\\" and quoted:
            index += 1
        elif character == '"':
            quoted = not quoted
        elif not quoted and character in "{}":
            depth += 1 if character == "{" else -1
        index += 1
        if depth == 0 and not quoted:
            return index
    return start + 1


def _segment(text: str) -> str:
    if not text.strip():
        raise refusal("filter must not contain empty segments (check for extra commas)")
    return text.strip()


def _term(text: str, table: Table) -> Expr:
    found = _TERM.fullmatch(text)
    if found is None:
        raise _unreadable(text)
    name = found["column"].strip()
    column = table.by_name.get(name)
    # A `writeOnly` column is never sent, so its value must not be found out by filters either.
    if column is None or column.write_only:
        raise refusal(f"invalid column for filter {name}")
    expression = _condition(column, found["operator"], found["value"])
    return Not(expression) if found["not"] else expression


def _condition(column: Column, operator: str, text: str) -> Expr:
    kind = column.type
    if operator in _REGULAR:
        raise refusal(f"operator {operator} is not served in subscription filters; use like")
    if kind not in OPERATORS[operator].types:
        if operator in ("like", "ilike"):
            raise refusal(f"operator {operator} requires a text-compatible column type")
        raise refusal(f"operator {operator} does not fit the column {column.name}")
    field = Field(SCOPE, column.name, kind, column.item)
    return Apply(operator, (field, Literal(_operand(column, operator, text), kind)))


def _operand(column: Column, operator: str, text: str) -> object:
    if operator == "is":
        return _is_operand(column, text)
    if operator == "in":
        return tuple(_value(column, item) for item in _items(text))
    value = _unquoted(text)
    if operator in ("like", "ilike"):
        return value.replace("*", "%")  # as in the data API, whose filters these are
    return _value(column, value)


def _is_operand(column: Column, text: str) -> bool | None:
    word = text.lower()
    if word not in _IS:
        raise refusal("invalid value for is filter: must be null, true, false, or unknown")
    if word != "null" and column.type is not Type.BOOLEAN:
        raise refusal(f"is {word} filter requires a boolean column")
    return _IS[word]


def _items(text: str) -> list[str]:
    if not (text.startswith("(") and text.endswith(")")):
        raise refusal("`in` filter value must be wrapped by parentheses")
    inside = text[1:-1]
    items = [_unquoted(item) for item in _split(inside)] if inside.strip() else []
    if len(items) > MAX_VALUES:
        raise refusal(f"too many values for `in` filter. Maximum {MAX_VALUES}")
    return items


def _unquoted(text: str) -> str:
    """Return what is quoted; quotes that do not enclose the whole text are characters of it."""
    if _QUOTED.fullmatch(text) is None:
        return text
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


def _value(column: Column, text: str) -> object:
    try:
        return from_text(column.type, text, column.item)
    except RequestError as error:
        raise refusal(f"Error parsing `filter` params: {error.message}") from None
