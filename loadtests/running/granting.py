"""Who may still begin how many messages, where a profile wants so many in all and not one more.

Only the master knows all workers, and only a worker knows how many it begins.  So the master hands
messages out and asks for them back, and counts on no answer before it has come.  What a worker that
dies had begun since its last report nobody knows: that is handed out again, so the target may be
sent up to a second of one worker's messages more than were wanted, which no count of ours knows.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass

# What a worker reports: how many orders it has obeyed, how many messages it has begun, and how many
# it may still begin.
Held = tuple[int, int, int]


@dataclass(slots=True)
class _Account:
    """What one worker was given."""

    given: int = 0  # at the most: what comes back counts when it has come
    begun: int = 0
    left: int = 0
    orders: int = 0
    obeyed: int = 0

    @property
    def is_settled(self) -> bool:
        """Whether no order is under way."""
        return self.orders == self.obeyed

    def order(self, more: int) -> int:
        """Note an order: so many more, or fewer."""
        self.orders += 1
        self.given += max(0, more)
        return more


class Grants:
    """The messages of a run, as its master gives them to workers."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._accounts: dict[str, _Account] = {}

    def hear(self, worker: str, held: Held) -> None:
        """What a worker reports."""
        account = self._account(worker)
        account.obeyed, account.begun, account.left = held
        if account.is_settled:
            account.given = account.begun + account.left

    def orders(self, users: Mapping[str, int]) -> dict[str, int]:
        """What the workers that are there, each with so many users, may begin more, or fewer."""
        return dict(self._orders(users))

    def is_spent(self, present: Iterable[str]) -> bool:
        """Whether all have begun, as far as those know of it that are there."""
        there = {worker: self._account(worker) for worker in present}
        idle = all(account.is_settled and not account.left for account in there.values())
        return idle and self._free(there) <= 0

    def _orders(self, users: Mapping[str, int]) -> Iterator[tuple[str, int]]:
        accounts = {worker: self._account(worker) for worker in users}
        settled = {worker: each for worker, each in accounts.items() if each.is_settled}
        idle = [worker for worker, each in settled.items() if users[worker] and not each.left]
        free = self._free(accounts)
        if free > 0:
            takers = idle or [worker for worker in users if users[worker]] or list(users)
            for place, worker in enumerate(takers):
                part = free // len(takers) + (place < free % len(takers))
                if part:
                    yield worker, accounts[worker].order(part)
            return
        richest = max(settled, key=lambda worker: settled[worker].left, default=None)
        if richest is None or not (idle or free < 0):
            return
        # Who has users goes on with half of it; who has none would never begin any.
        left = settled[richest].left
        back = left // 2 if users[richest] else left
        if free < 0:  # somebody came back who had been given up
            back = min(left, -free)
        if back:
            yield richest, accounts[richest].order(-back)

    def _free(self, present: Container[str]) -> int:
        """How many nobody holds; fewer than none where a lost worker came back with its own."""
        return self._wanted - sum(
            account.given if worker in present else account.begun
            for worker, account in self._accounts.items()
        )

    def _account(self, worker: str) -> _Account:
        return self._accounts.setdefault(worker, _Account())
