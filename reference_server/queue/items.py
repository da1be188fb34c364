"""What the queue holds, and what whoever delivers from it may ask.

Times are seconds since the epoch.  Addresses stand as RFC 5321 writes them, without brackets.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from harness.protocol.commands import Parameters
from harness.protocol.replies import Reply


class Fate(StrEnum):
    """What has become of a recipient's copy."""

    WAITING = "waiting"
    DELIVERED = "delivered"  # into a mailbox of ours, or by a next hop that sends DSNs itself
    RELAYED = "relayed"  # to a next hop that knows nothing of DSN (RFC 3461 5.2.2)
    FAILED = "failed"  # and whoever is to be told has been told


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedRecipient:
    """One recipient of a queued message, and how far its delivery has come."""

    address: str
    parameters: Parameters = ()  # of RCPT, as they came
    fate: Fate = Fate.WAITING
    tries: int = 0
    not_before: float = 0.0  # when the next try is due
    told_of_delay: bool = False  # the sender knows already (RFC 3461 4.1: NOTIFY=DELAY)
    last: str = ""  # what the last try met, in words: "mx.example.net: 451 4.7.1 try later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A queued message without its content."""

    id: str
    reverse_path: str  # the empty string is the null reverse-path
    parameters: Parameters = ()  # of MAIL, as they came
    arrived: float
    size: int  # octets of its content
    recipients: tuple[QueuedRecipient, ...]

    @property
    def is_over(self) -> bool:
        """Whether nobody waits for it any more."""
        return all(one.fate is not Fate.WAITING for one in self.recipients)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What has become of one recipient of one item."""

    id: str
    recipient: QueuedRecipient  # by its address, which stands once in an item


@dataclass(frozen=True, slots=True)
class Submitted:
    """What has become of an item for those of its recipients who are here."""

    refused: Mapping[str, Reply] = field(default_factory=dict)  # by address: who is not, and why
    # What came of it besides copies.  It belongs into the commit that records the delivery: then a
    # crash before it repeats none of this, and copies are known by their names.
    items: Mapping[Item, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody asked for from outside (`smtp-harness queue retry`, `queue drop`).

    It stands in the queue already: `due` have a `not_before` of zero, `dropped` are not there.
    """

    due: tuple[tuple[str, str], ...] = ()  # item's id and recipient's address: try at once
    dropped: frozenset[str] = frozenset()  # ids: forget, and tell nobody

    def __bool__(self) -> bool:
        return bool(self.due or self.dropped)


class Queue(Protocol):
    """Where items wait.  What `commit` was told is on disk, synced, when it returns.

    All methods raise OSError if the disk refuses; nothing has changed then.
    """

    async def load(self) -> Sequence[Item]:
        """Everything that waits, the oldest first."""

    async def content(self, id: str) -> bytes:
        """The content of an item as it was received, with our trace line on top.

        KeyError if it is not there any more: somebody may drop an item at any time.
        """

    async def commit(
        self,
        *,
        new: Mapping[Item, bytes] | None = None,
        changes: Sequence[Change] = (),
        done: Collection[str] = (),
    ) -> None:
        """All of it or nothing, as one: new items, changed recipients, items to forget.

        A change of an item that has been dropped meanwhile changes nothing.
        """

    async def wishes(self) -> Wishes:
        """What has been asked for since the last look; ask about once a second, it costs little."""
