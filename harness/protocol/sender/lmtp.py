"""Mail transactions by LMTP (RFC 2033): the end of a message is answered for each recipient.

A group never holds what ends a message, for the number of replies is known only when all
recipients have been answered.
"""

from __future__ import annotations

from harness.errors import PeerError, Refused
from harness.protocol.replies import CLOSING, Reply, reply
from harness.protocol.sender.addressing import Addressed, name_recipients
from harness.protocol.sender.chunking import CHUNK, make_chunks, send_chunks, windows
from harness.protocol.sender.flow import RSET, Exchange, Flow, ask, is_done
from harness.protocol.sender.handover import Handover
from harness.protocol.sender.opening import Envelope


def hand_over_each(envelope: Envelope, text: bytes, *, pipeline: bool) -> Flow[Handover]:
    """One mail transaction by DATA; `text` is stuffed and ends in the mark.

    Who is refused at the end stands among the refused, even if nobody is left.
    """
    them = yield from name_recipients(envelope, pipeline=pipeline)
    if not them.accepted:
        return Handover((), them.refused, None)
    (answer,) = yield from ask(Exchange(("DATA",), b"DATA\r\n"))
    if answer.code // 100 != 3:
        yield RSET
        raise Refused("DATA", answer)
    return (yield from _hear_each(them, text))


def hand_over_each_chunks(
    envelope: Envelope, content: bytes, *, pipeline: bool, size: int = CHUNK
) -> Flow[Handover]:
    """The same by BDAT."""
    them = yield from name_recipients(envelope, pipeline=pipeline)
    if not them.accepted:
        return Handover((), them.refused, None)
    *chunks, last = make_chunks(content, size)
    yield from send_chunks(windows(chunks) if pipeline else chunks)
    handover = yield from _hear_each(them, last.octets)
    if not handover.accepted:
        yield RSET  # RFC 3030 2: what a failed BDAT leaves behind is indeterminate
    return handover


def _hear_each(them: Addressed, octets: bytes) -> Flow[Handover]:
    """Ends the message, and takes the replies one by one: each may be the last that comes."""
    answers: list[Reply] = []
    try:
        for _ in them.accepted:
            answers += yield from ask(Exchange(("message",), b"" if answers else octets))
    except PeerError as error:
        # What has been accepted before stays accepted, and must not be sent again.
        if not any(map(is_done, answers)):
            raise
        unheard = error.reply if isinstance(error, Refused) else _lost(error)
        answers += [unheard] * (len(them.accepted) - len(answers))
    return _settled(them, answers)


def _settled(them: Addressed, answers: list[Reply]) -> Handover:
    each = dict(zip(them.accepted, answers, strict=True))
    taken = {to: answer for to, answer in each.items() if is_done(answer)}
    left = {to: answer for to, answer in each.items() if to not in taken}
    return Handover(tuple(taken), {**them.refused, **left}, next(iter(taken.values()), None), taken)


def _lost(error: PeerError) -> Reply:
    """What stands for a reply that never came."""
    return reply(CLOSING, f"No answer: {error}", enhanced="4.4.2")
