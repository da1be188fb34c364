"""The end of a text under faults: one reply is due, or in LMTP one for each recipient (RFC 2033).

What a sender hears of is kept, and nothing else is: unless the fault says `keep`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from harness.protocol.receiver import Event
from harness.protocol.receiver.events import Message
from harness.protocol.replies import Reply, ReplyReader, reply
from reference_server.faults import tricks
from reference_server.faults.model import Trick

# What we tell the receiver, and nobody else, of a message whose reply is lost with it.
LOST: Final = reply(451, "4.4.2 Lost")


def refusals(each: Sequence[Trick], whole: Trick) -> list[bool]:
    """For which replies the message is not kept; `whole` is what happens to all of them."""
    is_lost = bool(whole.garbage) or not tricks.speaks(whole)
    return [
        not one.keep and (is_lost if one.reply is None else not one.reply.is_positive)
        for one in each
    ]


def without(event: Event, refused: Sequence[bool]) -> Event:
    """The event of a message that some of its recipients do not get."""
    if not isinstance(event, Message) or not any(refused):
        return event
    pairs = zip(event.envelope.recipients, refused, strict=True)
    rest = tuple(one for one, is_refused in pairs if not is_refused)
    return replace(event, envelope=replace(event.envelope, recipients=rest))


def told(ours: Sequence[Reply], each: Sequence[Trick]) -> list[Reply]:
    """The replies that are said: the faults' where they have one, and what we add at the end.

    A fault does not welcome what we have refused ourselves.
    """
    replies = list(ours)
    for number, (one, trick) in enumerate(zip(ours, each, strict=False)):
        if trick.reply is not None and (one.is_positive or not trick.reply.is_positive):
            replies[number] = trick.reply
    return replies


def read_replies(octets: bytes) -> list[Reply]:
    """The replies that these octets are."""
    reader = ReplyReader()
    reader.feed(octets)
    found = []
    while (one := reader.take()) is not None:
        found.append(one)
    return found
