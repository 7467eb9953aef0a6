"""Regular expressions of a caller's: found in a text in time that grows with the text alone.

In charge of what an expression may be, and of none holding the process (Python's `re` backtracks,
and holds the interpreter's lock meanwhile). Must not know where expression and text come from.
"""

from __future__ import annotations

from functools import lru_cache

import jsonschema_rs

from jotbase.errors import RequestError

#: Automata alone (no look-around, no back-references), and of a bounded size: what repeats itself
#: 10,000 times would take its time with every character of every row.
_OPTIONS = jsonschema_rs.RegexOptions(size_limit=1 << 18)


@lru_cache(maxsize=512)
def _finder(pattern: str) -> jsonschema_rs.Validator:
    try:
        return jsonschema_rs.validator_for({"pattern": pattern}, pattern_options=_OPTIONS)
    except (jsonschema_rs.ValidationError, ValueError) as error:
        raise RequestError(
            "2201B",
            "invalid regular expression",
            details=f"Pattern: {pattern[:200]}",
            hint="Look-around and back-references are not supported, nor is a pattern that"
            " repeats itself thousands of times.",
            status=400,
        ) from error


def found(pattern: str, text: str, *, any_case: bool = False) -> bool:
    """Whether the regular expression is found anywhere in the text. Raises RequestError 2201B."""
    return bool(_finder("(?i)" + pattern if any_case else pattern).is_valid(text))
