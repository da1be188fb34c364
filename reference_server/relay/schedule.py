"""When to try, when to warn, when to give up (RFC 5321 4.5.4.1); time is an argument here.

A retry belongs to a destination, or to a recipient that was told to wait; how long both wait is
said by one table.  What runs out is counted from when a message may go, not from when it came.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from harness.protocol.options import mail_options
from reference_server.queue.items import Item, QueuedRecipient

HOUR: Final = 3_600.0
DAY: Final = 24 * HOUR

_SLACK: Final = 1.0  # seconds: neither clocks nor sleeps are exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How often mail is tried, and for how long, in seconds."""

    # Before the second try, the third, and so on; the last stands for all that follow.  RFC 5321
    # wants 30 minutes at least, and 4 to 5 days.
    pauses: tuple[float, ...] = (1_800.0,)
    lifetime: float = 5 * DAY
    warn_after: float | None = 4 * HOUR  # the sender is told of the delay; None for never
    jitter: float = 0.1  # how much longer a pause may be, as a part of it

    def pause(self, tries: int, chance: float = 0.0) -> float:
        """How long to wait after so many tries; `chance` is from 0 to 1."""
        chosen = self.pauses[min(tries, len(self.pauses)) - 1]
        return chosen * (1.0 + self.jitter * chance)

    def expires(self, item: Item) -> float:
        """When there is no use in trying any more."""
        return release(item) + self.lifetime

    def may_wait_until(self, item: Item, next_try: float) -> bool:
        """Whether a try then is still worth the wait."""
        return next_try <= self.expires(item) + _SLACK

    def is_slow(self, item: Item, now: float) -> bool:
        """Whether the message has been here for so long that its sender should be told."""
        return self.warn_after is not None and now >= release(item) + self.warn_after - _SLACK


def release(item: Item) -> float:
    """When the message may go (RFC 4865); what is counted is counted from there."""
    wishes = mail_options(item.parameters)
    return max(item.arrived, item.arrived + (wishes.hold_for or 0), wishes.hold_until or 0)


def deadline(item: Item) -> float | None:
    """When it shall have been delivered (RFC 2852); None if that has not been said."""
    wish = mail_options(item.parameters).deliver_by
    return None if wish is None else release(item) + wish.seconds


def is_overdue(item: Item, now: float) -> bool:
    """Whether it should have been delivered by now."""
    until = deadline(item)
    return until is not None and now >= until - _SLACK


def due(item: Item, recipient: QueuedRecipient) -> float:
    """When the next try for this recipient may begin."""
    return max(recipient.not_before, release(item))


def next_moment(item: Item, recipient: QueuedRecipient) -> float:
    """When something has to be done about this recipient: a try, or what the deadline asks for."""
    when, until = due(item, recipient), deadline(item)
    is_settled = until is None or (recipient.told_of_delay and not is_returned(item))
    return when if is_settled or until is None else min(when, until)


def is_returned(item: Item) -> bool:
    """Whether the message is to go back at its deadline, and not only to be told of."""
    wish = mail_options(item.parameters).deliver_by
    return wish is not None and wish.mode == "R"


def priority(item: Item) -> int:
    """How urgent it is, from -9 to 9 (RFC 6710)."""
    return mail_options(item.parameters).priority or 0
