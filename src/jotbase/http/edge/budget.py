"""A budget: a total limit, and a limit for each owner.

In charge of counting. Must not know what is counted, nor the owners.
"""

from __future__ import annotations

from collections.abc import Hashable


class Budget:
    """The amounts that owners have taken; they may be returned in any order."""

    __slots__ = ("_of", "most", "most_of_one", "taken")

    def __init__(self, most: int, most_of_one: int) -> None:
        self.most = most
        self.most_of_one = most_of_one
        self.taken = 0
        self._of: dict[Hashable, int] = {}

    def take(self, owner: Hashable, amount: int = 1) -> bool:
        """Take the amount if both limits allow it; return whether they did."""
        had = self._of.get(owner, 0)
        if self.taken + amount > self.most or had + amount > self.most_of_one:
            return False
        self.taken += amount
        self._of[owner] = had + amount
        return True

    def give_back(self, owner: Hashable, amount: int = 1) -> None:
        """Return an amount to the budget."""
        left = self._of.get(owner, 0) - amount
        if left > 0:
            self._of[owner] = left
        else:
            self._of.pop(owner, None)
        self.taken -= amount

    def of(self, owner: Hashable) -> int:
        """Return the amount that an owner has taken."""
        return self._of.get(owner, 0)
