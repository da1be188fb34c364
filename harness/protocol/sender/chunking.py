"""Mail transactions by BDAT (RFC 3030): chunks that say how long they are, with no dot at the end.

Chunks are pipelined a window at a time, so a server that refuses one in mid-stream is not sent all
the rest.  What a failed BDAT leaves behind is indeterminate (RFC 3030 2): RSET clears it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.errors import Refused
from harness.protocol.replies import Reply
from harness.protocol.sender.addressing import name_recipients
from harness.protocol.sender.flow import RSET, Exchange, Flow, ask, is_done
from harness.protocol.sender.handover import Handover
from harness.protocol.sender.opening import Envelope

CHUNK = 131_072  # octets, where nobody says otherwise
WINDOW = 1_048_576  # octets that go out before the replies to their chunks are looked at


def hand_over_chunks(
    envelope: Envelope, content: bytes, *, pipeline: bool, size: int = CHUNK
) -> Flow[Handover]:
    """One mail transaction, after which another may begin; raises `Refused` if all of it failed."""
    them = yield from name_recipients(envelope, pipeline=pipeline)
    if not them.accepted:
        return Handover((), them.refused, None)
    chunks = make_chunks(content, size)
    reply = yield from send_chunks(windows(chunks) if pipeline else chunks)
    accepted = tuple(dict.fromkeys(them.accepted))
    return Handover(accepted, them.refused, reply)


def make_chunks(content: bytes, size: int) -> tuple[Exchange, ...]:
    """The chunks of a content, the last one marked; an empty content is one of no octets."""
    assert size > 0, "a chunk moves something"
    starts = range(0, len(content), size) or (0,)
    return tuple(_chunk(content[at : at + size], is_last=at == starts[-1]) for at in starts)


def windows(chunks: Sequence[Exchange]) -> Iterator[Exchange]:
    """The chunks in as few writes as the window allows."""
    waiting: list[Exchange] = []
    held = 0
    for chunk in chunks:
        if waiting and held + len(chunk.octets) > WINDOW:
            yield _joined(waiting)
            waiting, held = [], 0
        waiting.append(chunk)
        held += len(chunk.octets)
    if waiting:
        yield _joined(waiting)


def send_chunks(parts: Iterator[Exchange] | Sequence[Exchange]) -> Flow[Reply | None]:
    """The reply to the last of these chunks; raises Refused, and RSET is said, if one fails."""
    reply = None
    for part in parts:
        replies = yield from ask(part)
        for name, reply in zip(part.names, replies, strict=True):
            if not is_done(reply):
                # RFC 3030 2: no more chunks, and RSET before anything else.
                yield RSET
                raise Refused(name, reply)
    return reply


def _joined(chunks: Sequence[Exchange]) -> Exchange:
    names = tuple(name for chunk in chunks for name in chunk.names)
    return Exchange(names, b"".join(chunk.octets for chunk in chunks))


def _chunk(octets: bytes, *, is_last: bool) -> Exchange:
    if is_last:
        return Exchange(("message",), b"BDAT %d LAST\r\n" % len(octets) + octets)
    return Exchange(("BDAT",), b"BDAT %d\r\n" % len(octets) + octets)
