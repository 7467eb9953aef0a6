"""How much one request may ask for, so that no URL holds the server up while it is made sense of.

In charge of what each part of a request weighs. Must not know tables or SQL.
"""

from __future__ import annotations

from collections.abc import Iterable

from jotbase.errors import RequestError
from jotbase.query.intent import Filter, Logic

#: What a request may weigh: a thousand conditions and a thousand keys. What weighs 1 takes about
#: 7 µs to plan and to write as SQL, so that the heaviest request takes some 40 ms.
MOST = 6000
KEY = 1
CONDITION = 5
TERM = 5
EMBED = 10


def weight_of(filters: Iterable[Filter]) -> int:
    """Return what conditions weigh; each alternative of `eq(any).{…}` is one."""
    return sum(_weight(one) for one in filters)


def _weight(one: Filter) -> int:
    if isinstance(one, Logic):
        return CONDITION + weight_of(one.parts)
    if one.quantifier is not None and isinstance(one.operand, str):
        return CONDITION * (1 + one.operand.count(","))
    return CONDITION


def too_heavy() -> RequestError:
    """Return the error for a request that asks for too much."""
    return RequestError(
        "54001",
        "The request asks for too much at once",
        details=f"Each key weighs {KEY}, each condition and each term of an order {CONDITION}, each"
        f" related table {EMBED}; together they weigh more than {MOST}.",
        hint="Compare with many values by in.(…), or ask in several requests.",
    )
