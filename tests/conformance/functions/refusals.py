"""Functions that refuse: each way in which a function says no, and the status that follows.

In charge of raising. A refusal undoes whatever the function wrote.
"""

from __future__ import annotations

from jotbase.functions import Refusal, data, rpc

HEADER = [("X-Header", "str")]


@rpc
def problem() -> None:
    """Refuse as PostgreSQL's plain RAISE does: 400."""
    raise Refusal("P0001", "bad thing")


@rpc(name="assert")
def assert_() -> None:
    """Fail an assertion: the server's fault, 500."""
    raise Refusal("P0004", "bad thing")


@rpc
def raise_pt402() -> None:
    """Refuse with a status of the function's choice: the code PTnnn is HTTP status nnn."""
    details, hint = "Quota exceeded", "Upgrade your plan"
    raise Refusal("PT402", "Payment Required", details=details, hint=hint)


@rpc
def raise_bad_pt() -> None:
    """Refuse with a code that looks as if it named a status, and names none: 500."""
    raise Refusal("PT40A", "Wrong")


@rpc
def raise_constraint(deferred: bool = False) -> None:
    """Break a unique constraint with two rows of one insert.

    Checked at once or, as PostgreSQL can, at the end: either way the answer is the refusal.
    """
    data().post("deferrable_unique_constraint", [{"col": 1}, {"col": 1}])


@rpc
def raise_sqlstate_test1() -> None:
    """Refuse with everything said: body, status, its text, and a header."""
    raise Refusal("123", "ABC", details="DEF", hint="XYZ", status=332, headers=HEADER)


@rpc
def raise_sqlstate_test2() -> None:
    """Refuse with a code of one's own, a status that HTTP does not know, and a header."""
    raise Refusal("123", "ABC", status=332, headers=HEADER)


@rpc
def raise_sqlstate_test3() -> None:
    """Refuse with a code of one's own, a status that HTTP knows, and a header."""
    raise Refusal("123", "ABC", status=404, headers=HEADER)


@rpc
def raise_sqlstate_test4() -> None:
    """Refuse as before; HTTP/1.1 lets a server choose the status text, and a client ignore it."""
    raise Refusal("123", "ABC", status=404, headers=HEADER)


#: What PostgREST tells a function whose RAISE it cannot read. In Python there is no text to
#: read, so that nothing can go wrong; these three say what would have been said.
UNREADABLE = "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error"
MESSAGE_HINT = (
    "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' "
    "and optional keys: 'details', 'hint'."
)
DETAIL_HINT = (
    "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' "
    "and optional key: 'status_text'."
)


def _unreadable(details: str, hint: str) -> Refusal:
    return Refusal("PGRST121", UNREADABLE, details=details, hint=hint, status=500)


@rpc
def raise_sqlstate_invalid_json_message() -> None:
    """Refuse with a message that is no JSON."""
    raise _unreadable("Invalid JSON value for MESSAGE: 'INVALID'", MESSAGE_HINT)


@rpc
def raise_sqlstate_invalid_json_details() -> None:
    """Refuse with details that are no JSON."""
    raise _unreadable("Invalid JSON value for DETAIL: 'INVALID'", DETAIL_HINT)


@rpc
def raise_sqlstate_missing_details() -> None:
    """Refuse without the details that say the status."""
    raise _unreadable("DETAIL is missing in the RAISE statement", DETAIL_HINT)
