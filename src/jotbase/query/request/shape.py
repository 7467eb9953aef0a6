"""The shape of a request: the request without its values, the key of the plan cache.

In charge of extracting the values from a raw query string in a few microseconds. Must not know the
grammar: what is not obviously a value stays in the shape unchanged, for `grammar` to parse.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from jotbase.errors import RequestError
from jotbase.expression.operators import OPERATORS
from jotbase.values import Request

#: A parameter unchanged (`select=id`), or (name, operator) whose value was extracted.
Piece = str | tuple[str, str]

QUANTIFIABLE = ("eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch")
SEARCHES = ("fts", "plfts", "phfts", "wfts")
#: Every other operator of the table that a filter may name.
PLAIN = tuple(
    one.name
    for one in OPERATORS.values()
    if one.url and one.name not in (*QUANTIFIABLE, *SEARCHES, "is")
)

#: The operators whose value is extracted. The SQL of `is` and of quantifiers depends on the
#: operand.
TAKEN = frozenset((*QUANTIFIABLE, *SEARCHES, *PLAIN))
RESERVED = frozenset(
    ("select", "order", "columns", "on_conflict", "and", "or", "not.and", "not.or")
)
_RESERVED_ENDS = (".order", ".and", ".or")
_LIMITS = (".limit", ".offset")

#: The operator of a piece whose value is a limit or an offset.
NUMBER = "#"


#: The operator of a piece whose value is an argument of a function call.
ARGUMENT = ""
_CALLS = "/rest/v1/rpc/"


class Shape(NamedTuple):
    """A request without its values; a tuple, because it is made, hashed and compared each time.

    `prefer` … `profile` are header texts as sent, "" where absent.
    """

    method: str
    path: str
    pieces: tuple[Piece, ...]
    prefer: str = ""
    accept: str = ""
    range: str = ""
    range_unit: str = ""
    content_type: str = ""
    profile: str = ""


def shape(request: Request) -> tuple[Shape, tuple[str, ...]]:
    """Return (shape, values in order, percent-decoded) of a request.

    Raises RequestError PGRST100 for broken UTF-8 and 22P05 for U+0000.
    """
    values: list[str] = []
    pieces: tuple[Piece, ...] = ()
    header = request.headers.get
    method = request.method
    reading = method in ("GET", "HEAD")
    if request.query:
        pieces = tuple([_piece(piece, values) for piece in request.query.split("&") if piece])
        if reading and request.path.startswith(_CALLS):
            pieces, values = _arguments(pieces, values)
    question = Shape(
        method,
        request.path,
        pieces,
        header("prefer", ""),
        header("accept", ""),
        header("range", "") if method == "GET" else "",
        header("range-unit", "") if method == "GET" else "",
        "" if reading else header("content-type", ""),
        header("accept-profile" if reading else "content-profile", ""),
    )
    return question, tuple(values)


def _piece(piece: str, values: list[str]) -> Piece:
    name, _, text = piece.partition("=")
    operator, dot, operand = text.partition(".")
    if operator == "not" and dot:
        operator, dot, operand = operand.partition(".")
        written = "not." + operator + "."
    else:
        written = operator + "."
    if (
        dot
        and (operator in TAKEN or _is_search(operator))
        and name not in RESERVED
        and not name.endswith(_RESERVED_ENDS)
    ):
        values.append(decoded(operand))
        return name, written
    if (name in ("limit", "offset") or name.endswith(_LIMITS)) and _is_number(text):
        values.append(text)
        return name, NUMBER
    return piece


def _arguments(pieces: tuple[Piece, ...], values: list[str]) -> tuple[tuple[Piece, ...], list[str]]:
    """Extract the arguments of a function call: parameters that are neither filters nor
    reserved.
    """
    made: list[Piece] = []
    all_values: list[str] = []
    rest = iter(values)
    for piece in pieces:
        if not isinstance(piece, str):
            all_values.append(next(rest))
            made.append(piece)
            continue
        name, _, text = piece.partition("=")
        if _is_argument(name, text):
            all_values.append(decoded(text))
            made.append((name, ARGUMENT))
        else:
            made.append(piece)
    return tuple(made), all_values


def _is_argument(name: str, text: str) -> bool:
    if (
        name in RESERVED
        or name in ("limit", "offset")
        or name.endswith((*_RESERVED_ENDS, *_LIMITS))
    ):
        return False
    operator = text.removeprefix("not.").partition(".")[0].partition("(")[0]
    return operator != "is" and operator not in TAKEN


def _is_search(operator: str) -> bool:
    """Whether the operator is a full-text search with a configuration: `fts(german)`."""
    name, _, inside = operator.partition("(")
    return operator.endswith(")") and inside != ")" and name in SEARCHES


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def decoded(text: str) -> str:
    """Percent-decode one name or value of a query string; `+` is a space.

    Raises RequestError PGRST100 for broken UTF-8 and 22P05 for U+0000.
    """
    if "+" in text:
        text = text.replace("+", " ")
    if "%" not in text and text.isascii():
        return text
    try:
        # The server passes raw bytes as Latin-1; the text of a test client is Unicode.
        raw = text.encode("latin-1")
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "surrogatepass")
    try:
        result = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError as error:
        raise RequestError(
            "PGRST100",
            "The query string is not valid UTF-8",
            details=f"Byte {error.start + 1} of {text[:80]!r} cannot be decoded.",
            hint="Percent-encode names and values as UTF-8.",
        ) from None
    if "\0" in result:
        raise RequestError("22P05", "unsupported Unicode character U+0000 in the query string")
    return result
