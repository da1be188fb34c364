"""One message from envelope to handover, by whatever means the server offers."""

from __future__ import annotations

from harness.errors import NotOffered
from harness.protocol.replies import Capabilities
from harness.protocol.sender.chunking import CHUNK, hand_over_chunks
from harness.protocol.sender.flow import Flow
from harness.protocol.sender.handover import Handover
from harness.protocol.sender.lmtp import hand_over_each, hand_over_each_chunks
from harness.protocol.sender.opening import Envelope, Outgoing, make_opening
from harness.protocol.sender.parameters import fitted
from harness.protocol.sender.transactions import hand_over
from harness.protocol.services import Service
from harness.protocol.transparency import stuff, whole_lines


def send_message(
    envelope: Envelope,
    content: bytes,
    capabilities: Capabilities,
    *,
    pipeline: bool = True,
    chunk: int | None = None,
    service: Service = Service.SMTP,
) -> Flow[Handover]:
    """One mail transaction, pipelined where the server offers that; `chunk` octets a BDAT.

    Without `chunk` it goes by DATA, unless it is binary and the server takes that.  Raises Refused
    if all of it failed, and NotOffered if the server offers too little for this message.
    """
    envelope = fitted(envelope, content, capabilities)
    pipeline = pipeline and "PIPELINING" in capabilities
    is_binary = ("BODY", "BINARYMIME") in envelope.mail_parameters
    if not is_binary:
        content = whole_lines(content)
    if is_binary or chunk is not None:
        if "CHUNKING" not in capabilities:
            # RFC 3030 2: who does not know BDAT takes the content for commands.
            raise NotOffered("CHUNKING", "BDAT is wanted, and the server offers no CHUNKING")
        by_chunks = hand_over_each_chunks if service is Service.LMTP else hand_over_chunks
        return (yield from by_chunks(envelope, content, pipeline=pipeline, size=chunk or CHUNK))
    if service is Service.LMTP:
        return (yield from hand_over_each(envelope, stuff(content), pipeline=pipeline))
    outgoing = Outgoing(make_opening(envelope), stuff(content))
    return (yield from hand_over(outgoing, pipeline=pipeline))
