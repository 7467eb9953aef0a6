"""A budget: so much of something for everybody together, and so much of that for any one.

In charge of counting. Must not know what is counted, nor who the owners are.
"""

from __future__ import annotations

from collections.abc import Hashable


class Budget:
    """What is taken of it by each owner; nothing of it has to be returned in the order taken."""

    __slots__ = ("_of", "most", "most_of_one", "taken")

    def __init__(self, most: int, most_of_one: int) -> None:
        self.most = most
        self.most_of_one = most_of_one
        self.taken = 0
        self._of: dict[Hashable, int] = {}

    def take(self, owner: Hashable, amount: int = 1) -> bool:
        """Take that much, or nothing, and say which."""
        had = self._of.get(owner, 0)
        if self.taken + amount > self.most or had + amount > self.most_of_one:
            return False
        self.taken += amount
        self._of[owner] = had + amount
        return True

    def give_back(self, owner: Hashable, amount: int = 1) -> None:
        """Return what was taken."""
        left = self._of.get(owner, 0) - amount
        if left > 0:
            self._of[owner] = left
        else:
            self._of.pop(owner, None)
        self.taken -= amount

    def of(self, owner: Hashable) -> int:
        """Return how much an owner has."""
        return self._of.get(owner, 0)
