"""A transaction as far as its recipients: what BDAT and LMTP begin with.

Both want to know who has been accepted before any text goes out: RFC 3030 2 collects the replies to
RCPT first, and RFC 2033 4.2 counts them.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.protocol.replies import Reply
from harness.protocol.sender.flow import RSET, Flow, insisted, is_done
from harness.protocol.sender.opening import Envelope, address, grouped
from harness.protocol.sender.transactions import open_


@dataclass(frozen=True, slots=True)
class Addressed:
    """Who has been accepted, in the order of RCPT and as often as it was said; and who has not."""

    accepted: tuple[str, ...]
    refused: dict[str, Reply]


def name_recipients(envelope: Envelope, *, pipeline: bool) -> Flow[Addressed]:
    """MAIL and RCPT, all answered; where nobody has been accepted, RSET as well."""
    steps = address(envelope)
    replies = yield from open_(grouped(steps) if pipeline else steps)
    insisted("MAIL", replies[0], 2)
    answers = list(zip(envelope.recipients, replies[1:], strict=True))
    accepted = tuple(to for to, answer in answers if is_done(answer))
    if not accepted:
        yield RSET
    return Addressed(accepted, {to: answer for to, answer in answers if to not in accepted})
