"""Outcomes: what a try came to for one recipient, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from harness.protocol.replies import Reply
from reference_server.bounces import Action
from reference_server.queue.items import Fate


class Kind(StrEnum):
    """How a try can end."""

    PASSED_ON = "passed on"  # to a next hop that tells the sender of success itself
    RELAYED = "relayed"  # to one that does not
    DELIVERED = "delivered"  # into a mailbox
    TAKEN_HERE = "taken here"  # as mail that comes in is, which tells the sender what there is
    FAILED = "failed"
    POSTPONED = "postponed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a try came to."""

    kind: Kind
    status: str  # an enhanced code: RFC 3463
    words: str = ""
    remote: str = ""  # the host that was talked to, or tried
    reply: Reply | None = None
    asked_by_deadline: bool = False  # whether RFC 2852 wants it told

    def __str__(self) -> str:
        what = str(self.reply) if self.reply is not None else f"{self.status} {self.words}".strip()
        return f"{self.remote}: {what}" if self.remote else what


# kind -> what the queue remembers of the recipient, and what the sender may be told
EFFECTS: Final[Mapping[Kind, tuple[Fate, Action | None]]] = {
    Kind.PASSED_ON: (Fate.DELIVERED, None),
    Kind.RELAYED: (Fate.RELAYED, Action.RELAYED),
    Kind.DELIVERED: (Fate.DELIVERED, Action.DELIVERED),
    Kind.TAKEN_HERE: (Fate.DELIVERED, None),
    Kind.FAILED: (Fate.FAILED, Action.FAILED),
    Kind.POSTPONED: (Fate.WAITING, None),
}


def refused(reply: Reply, remote: str) -> Outcome:
    """What a reply other than 2yz comes to."""
    # RFC 5321 4.2.1: 5yz is for good.  What is neither 4yz nor 5yz makes no sense here, and may
    # make sense another time.
    kind = Kind.FAILED if reply.code // 100 == 5 else Kind.POSTPONED
    return Outcome(kind=kind, status=status_of(reply), remote=remote, reply=reply)


def status_of(reply: Reply) -> str:
    """The enhanced code of a reply, or the general one of its class (RFC 3461 6.3 (g))."""
    klass = reply.code // 100 if reply.code // 100 in (2, 5) else 4
    enhanced = reply.enhanced
    # RFC 2034 4: the class must agree with the code; where it does not, the code counts.
    return str(enhanced) if enhanced and enhanced.klass == klass else f"{klass}.0.0"


def failed(status: str, words: str, remote: str = "") -> Outcome:
    """Something that we found out ourselves, and that will not change."""
    return Outcome(kind=Kind.FAILED, status=status, words=words, remote=remote)


def postponed(status: str, words: str, remote: str = "") -> Outcome:
    """Something that may be otherwise another time."""
    return Outcome(kind=Kind.POSTPONED, status=status, words=words, remote=remote)
