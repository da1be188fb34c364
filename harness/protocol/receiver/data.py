"""The text of a message: collected to its end, then judged as content."""

from __future__ import annotations

from harness.protocol.commands import Parameters
from harness.protocol.extensions import declared_size
from harness.protocol.order import Verb
from harness.protocol.receiver.answers import Occasion
from harness.protocol.receiver.chunks import Announced, ChunkReader
from harness.protocol.receiver.events import Chunk, Envelope, Message, Objected, Unfit
from harness.protocol.receiver.rules import Rules
from harness.protocol.receiver.transaction import Memory
from harness.protocol.services import Service
from harness.protocol.transparency import DataReader


def open_reader(rules: Rules, parameters: Parameters) -> DataReader:
    """A reader for the text that follows 354; the parameters are those of MAIL."""
    most = rules.longest_text(declared_size(parameters), rules.limits.message)
    return rules.data_reader(ends=rules.data_ends, unstuff=rules.unstuff, limit=most)


def open_chunk(rules: Rules, memory: Memory, chunk: Announced) -> ChunkReader:
    """A reader for the octets of a chunk; what is refused already is not kept."""
    if chunk.objection is not None:
        return rules.chunk_reader(rules.pass_over(chunk.size, chunk.is_offered), keep=False)
    return rules.chunk_reader(chunk.size, keep=_has_room(rules, memory, chunk))


def close_chunk(
    rules: Rules,
    memory: Memory,
    chunk: Announced,
    content: bytes,
    *,
    forgone: Occasion | None = None,
) -> tuple[Chunk | Message | Unfit | Objected, Verb | None]:
    """What a chunk comes to that has come as a whole; the verb by which it leads somewhere."""
    if chunk.objection is not None:
        return Objected(chunk.objection, Verb.BDAT), None
    is_last = chunk.verb is Verb.LAST
    if forgone is not None or not _has_room(rules, memory, chunk):
        return Unfit(forgone or Occasion.TOO_BIG, at_its_end=is_last), Verb.LAST
    if not is_last:
        memory.text += content
        return Chunk(memory.envelope, chunk.size), Verb.BDAT
    if rules.service is Service.LMTP and not memory.recipients:
        # RFC 2033 4.3: said to each recipient, so to nobody.
        return Unfit(Occasion.OUT_OF_ORDER), Verb.LAST
    text = bytes(memory.text) + content if memory.text else content
    memory.text = bytearray()  # a large message is not held twice until it is answered
    return judge(rules, rules.unchunk(text), memory.envelope), Verb.LAST


def _has_room(rules: Rules, memory: Memory, chunk: Announced) -> bool:
    return rules.fits(len(memory.text) + chunk.size, rules.limits.message)


def judge(rules: Rules, content: bytes, envelope: Envelope) -> Message | Unfit:
    """The message, or why its text is no message."""
    if rules.needs_chunks(envelope.parameters):
        objection = rules.object_to_binary(content)
    elif _has_longer_line(content, rules.limits.text_line):
        objection = Occasion.TEXT_LINE_TOO_LONG
    else:
        objection = rules.object_to_content(content)
    return Unfit(objection) if objection else Message(envelope, content)


def _has_longer_line(content: bytes, limit: int | None) -> bool:
    if limit is None:
        return False
    return any(len(line) + 2 > limit for line in content.split(b"\r\n"))
