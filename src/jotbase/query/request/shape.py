"""The shape of a request: the question without its values, so that one plan serves all of them.

In charge of taking values out of a raw query string in a few microseconds. Must not know what the
question means: what is not plainly a value stays in the shape as written, for `grammar` to read.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from jotbase.errors import RequestError
from jotbase.expression.operators import OPERATORS
from jotbase.values import Request

#: A parameter as written (`select=id`), or a name and an operator whose value was taken out.
Piece = str | tuple[str, str]

QUANTIFIABLE = ("eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch")
SEARCHES = ("fts", "plfts", "phfts", "wfts")
#: Every other operator of the table that a filter may name.
PLAIN = tuple(
    one.name
    for one in OPERATORS.values()
    if one.url and one.name not in (*QUANTIFIABLE, *SEARCHES, "is")
)

#: How a taken filter may begin. `is`, and what has a quantifier, decide the SQL by their operand.
TAKEN = frozenset((*QUANTIFIABLE, *SEARCHES, *PLAIN))
RESERVED = frozenset(
    ("select", "order", "columns", "on_conflict", "and", "or", "not.and", "not.or")
)
_RESERVED_ENDS = (".order", ".and", ".or")
_LIMITS = (".limit", ".offset")

#: Stands in a piece for the digits of a limit or an offset.
NUMBER = "#"


#: Stands in a piece for a call's argument.
ARGUMENT = ""
_CALLS = "/rest/v1/rpc/"


class Shape(NamedTuple):
    """One question; a tuple, because it is made, hashed and compared for each request.

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
    """Return the request's shape and its values, percent-decoded, in order.

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
    """Take out what is neither a filter nor a word of the grammar: arguments of a call."""
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
    """Whether it is a search that names its language: `fts(german)`."""
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
        # The server hands raw bytes over as Latin-1; a test's or client's own text is Unicode.
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
