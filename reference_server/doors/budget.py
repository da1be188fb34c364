"""The budget: how many octets of messages all clients together may have in our memory.

Only what has come is counted, not what a SIZE declares: who announces much and sends nothing takes
no room away from others.
"""

from __future__ import annotations


class Budget:
    """The octets of messages that are on their way in, of all clients, and the most of them."""

    __slots__ = ("most", "taken")

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0

    def has_room(self, octets: int) -> bool:
        """Whether a message of so many octets could be taken now, as far as anybody can know."""
        return self.taken + (octets or 1) <= self.most


class Share:
    """What one client has of a budget."""

    __slots__ = ("_budget", "octets")

    def __init__(self, budget: Budget) -> None:
        self.octets = 0
        self._budget = budget

    def hold(self, octets: int) -> bool:
        """Have so many octets from now on; false, and all stays as it was, if there is no room."""
        more, budget = octets - self.octets, self._budget
        if more > 0 and budget.taken + more > budget.most:
            return False
        budget.taken += more
        self.octets = octets
        return True
