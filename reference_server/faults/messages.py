"""The end of a text under faults: one reply is due, or in LMTP one for each recipient (RFC 2033).

What a sender hears of is kept, and nothing else is: unless the fault says `keep` or `lose`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
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


def kept(event: Event, each: Sequence[Trick], refused: Sequence[bool]) -> Iterator[Event]:
    """What is kept of a message, in one or more ways; nothing at all if it is lost."""
    if not isinstance(event, Message) or not each:
        yield event
        return
    recipients = event.envelope.recipients
    if len(each) != len(recipients):  # SMTP: one reply for all of them
        each, refused = [each[0]] * len(recipients), [refused[0]] * len(recipients)
    fates = list(zip(recipients, each, refused, strict=True))
    found = [(one, trick) for one, trick, is_refused in fates if not (is_refused or trick.lose)]
    for copies in (found, [(one, trick) for one, trick in found if trick.duplicate]):
        for octets in dict.fromkeys(trick.alter for _, trick in copies):
            whose = tuple(one for one, trick in copies if trick.alter == octets)
            envelope = replace(event.envelope, recipients=whose)
            yield replace(event, envelope=envelope, content=altered(event.content, octets))


_LETTER = re.compile(rb"[A-Za-z0-9]")


def altered(content: bytes, octets: int) -> bytes:
    """The content with so many letters and digits below its header turned into their neighbours.

    The same ones whenever the same content comes.
    """
    if not octets:
        return content
    begin = content.find(b"\r\n\r\n") + 1
    places = [match.start() for match in _LETTER.finditer(content, begin)]
    changed = bytearray(content)
    for at in random.Random(content).sample(places, min(octets, len(places))):
        changed[at] ^= 1
    return bytes(changed)


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
