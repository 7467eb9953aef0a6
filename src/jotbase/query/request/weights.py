"""The complexity limit of one request, so that no URL blocks the server while it is planned.

In charge of the weight of each part of a request. Must not know tables or SQL.
"""

from __future__ import annotations

from collections.abc import Iterable

from jotbase.errors import RequestError
from jotbase.query.request.intent import Filter, Logic

#: The largest weight of a request, and the weights of its parts: the measured cost of planning,
#: compiling and preparing them. The heaviest request takes 0.1 to 0.2 s. SQLite's time for grouping
#: grows with the square of the number of keys.
MAX_WEIGHT = 12_000
KEY = 2
GROUPED_KEY = 40
CONDITION = 10
TERM = 20
EMBED = 25
#: A condition with a regular expression, read before any row: see `regex.MAX_READING`.
EXPRESSION = 500


#: Parameters of a request, and characters of each header that is read: nothing honest has more.
MOST_PARAMETERS = 2_000
MOST_HEADER = 16_384


def check_size(parameters: int, headers: Iterable[str]) -> None:
    """Refuse what is too much to be read at all. Raises RequestError 54001."""
    if parameters > MOST_PARAMETERS:
        raise RequestError(
            "54001",
            "The request has too many parameters",
            details=f"The limit is {MOST_PARAMETERS}.",
            hint="Compare with many values by in.(…), or ask in several requests.",
        )
    if any(len(text) > MOST_HEADER for text in headers):
        raise RequestError(
            "54001",
            "A header of the request is too long",
            details=f"The limit is {MOST_HEADER} characters.",
        )


def check_names(text: str, each: int) -> None:
    """Refuse a list of more names than a request may weigh. Raises RequestError 54001."""
    if text.count(",") * each > MAX_WEIGHT:
        raise request_too_complex()


def weight_of(filters: Iterable[Filter]) -> int:
    """Return the weight of filters; each alternative of `eq(any).{…}` counts as one condition."""
    return sum(_weight(one) for one in filters)


def _weight(one: Filter) -> int:
    if isinstance(one, Logic):
        return CONDITION + weight_of(one.parts)
    each = EXPRESSION if one.operator in ("match", "imatch") else CONDITION
    if one.quantifier is not None and isinstance(one.operand, str):
        return each * (1 + one.operand.count(","))
    return each


def request_too_complex() -> RequestError:
    """Return the error for a request that exceeds `MAX_WEIGHT`."""
    return RequestError(
        "54001",
        "The request asks for too much at once",
        details=f"Each key weighs {KEY} ({GROUPED_KEY} beside aggregates), each condition"
        f" {CONDITION} ({EXPRESSION} with a regular expression), each term of an order {TERM},"
        f" each related table {EMBED}; together they weigh more than {MAX_WEIGHT}.",
        hint="Compare with many values by in.(…), or ask in several requests.",
    )
