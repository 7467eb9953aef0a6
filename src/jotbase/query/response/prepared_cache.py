"""The cache of prepared requests by shape, bounded in number and size.

In charge of evicting the oldest entries. Must not know the content of an entry.
"""

from __future__ import annotations

from jotbase.query.request.shape import Shape
from jotbase.query.response.prepared import Prepared

#: A shape, and whether the caller passes all rules.
Key = tuple[Shape, bool]

#: How many questions are remembered, and how many characters they have together: a plan takes up to
#: two hundred bytes for each character of its question.
MAX_ENTRIES = 4096
MAX_CHARACTERS = 1_000_000
#: One of more characters is not remembered; it is prepared in a thread, which this is not for.
LONGEST = 6_000


class PreparedCache(dict[Key, Prepared]):
    """The cache; `keep` adds an entry and evicts the oldest ones beyond the limits."""

    __slots__ = ("_characters",)

    def __init__(self) -> None:
        super().__init__()
        self._characters = 0

    def keep(self, key: Key, prepared: Prepared) -> None:
        """Add a new entry, unless its shape is longer than `LONGEST`."""
        length = shape_length(key[0])
        if length > LONGEST:
            return
        while self and (len(self) >= MAX_ENTRIES or self._characters + length > MAX_CHARACTERS):
            oldest = next(iter(self))
            self._characters -= shape_length(oldest[0])
            del self[oldest]
        self._characters += length
        self[key] = prepared


def shape_length(request_shape: Shape) -> int:
    """Return the number of characters of a shape, including its headers."""
    pieces = sum(
        len(piece) if isinstance(piece, str) else len(piece[0]) + len(piece[1])
        for piece in request_shape.pieces
    )
    return pieces + sum(len(text) for text in request_shape if isinstance(text, str))
