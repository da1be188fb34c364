"""Lies about chunks, and about octets that are no text (RFC 3030)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from harness.protocol.extensions import check_parameters
from harness.protocol.order import State, Verb
from harness.protocol.receiver import RULES, Occasion
from harness.protocol.receiver.chunks import ChunkCommand, ChunkReader, read_chunk_command
from harness.protocol.replies import Reply
from harness.protocol.transparency import unstuff, whole_lines
from reference_server.lies.model import (
    Lie,
    no_objection,
    order_with,
    with_extension,
    with_parameter,
)


def _silent_about_small_chunks(occasion: Occasion | None, reply: Reply) -> bytes:
    is_small = occasion is Occasion.CHUNK_TAKEN and int(reply.lines[0].split()[1]) < 10
    return b"" if is_small else reply.octets


def _objecting(to: Callable[[ChunkCommand], bool]) -> Callable[[bytes], ChunkCommand | Occasion]:
    """Reads BDAT, and refuses some of what is right."""

    def read(argument: bytes) -> ChunkCommand | Occasion:
        command = read_chunk_command(argument)
        if isinstance(command, ChunkCommand) and to(command):
            return replace(command, objection=Occasion.BAD_CHUNK_MARK)
        return command

    return read


def _case_sensitive(argument: bytes) -> ChunkCommand | Occasion:
    command = read_chunk_command(argument)
    if isinstance(command, ChunkCommand) and command.last and b"LAST" not in argument:
        return replace(command, objection=Occasion.BAD_CHUNK_MARK)
    return command


def _none_is_last(argument: bytes) -> ChunkCommand | Occasion:
    command = read_chunk_command(argument)
    if isinstance(command, ChunkCommand) and not command.size:
        return replace(command, last=True)
    return command


def _anything_is_a_size(argument: bytes) -> ChunkCommand | Occasion:
    command = read_chunk_command(argument)
    is_fine = isinstance(command, ChunkCommand) and command.objection is None
    return command if is_fine else ChunkCommand(0)


class _LineReader(ChunkReader):
    """Ends each chunk with a line end of its own."""

    def take(self) -> bytes | None:
        """The chunk, made into whole lines."""
        chunk = super().take()
        return None if chunk is None else whole_lines(chunk)


def _seven_bits_and_no_nul(octets: bytes) -> bytes:
    return octets.replace(b"\0", b"")


def _as_binary_needs_a_word(content: bytes) -> Occasion | None:
    is_binary = b"content-transfer-encoding: binary" in content.lower()
    return Occasion.BAD_CONTENT if is_binary else RULES.object_to_content(content)


_KEPT: Final = (
    (State.CHUNKS, Verb.LAST, State.RECIPIENTS),
    (State.RECIPIENTS, Verb.LAST, State.RECIPIENTS),
    (State.RECIPIENTS, Verb.MAIL, State.SENDER),
)

CHUNKING: Final[Mapping[str, Lie]] = {
    "chunking-with-parameter": Lie(
        "EHLO lists CHUNKING with a number", with_parameter("CHUNKING", "1000000")
    ),
    "small-chunk-unacknowledged": Lie(
        "a chunk of less than ten octets gets no reply",
        replace(RULES, write_reply=_silent_about_small_chunks),
    ),
    "empty-last-refused": Lie(
        "BDAT 0 LAST is refused",
        replace(RULES, read_chunk=_objecting(lambda command: command.last and not command.size)),
    ),
    "empty-chunk-ends": Lie("BDAT 0 is the last chunk", replace(RULES, read_chunk=_none_is_last)),
    "last-case-sensitive": Lie(
        "LAST is known in upper case alone", replace(RULES, read_chunk=_case_sensitive)
    ),
    "chunked-message-forgets-hello": Lie(
        "after a message in chunks the client must greet again",
        replace(
            RULES,
            order=order_with(
                (State.CHUNKS, Verb.LAST, State.FRESH), (State.RECIPIENTS, Verb.LAST, State.FRESH)
            ),
        ),
    ),
    "bdat-after-last": Lie(
        "after BDAT LAST another chunk is taken", replace(RULES, order=order_with(*_KEPT))
    ),
    "refused-chunk-runs": Lie(
        "the octets of a refused chunk are run as commands",
        replace(RULES, pass_over=lambda size, is_offered: 0 if is_offered else size),
    ),
    "unoffered-chunk-runs": Lie(
        "BDAT without EHLO is refused at once, and its octets are run as commands",
        replace(RULES, pass_over=lambda size, is_offered: size if is_offered else 0),
    ),
    "rset-keeps-chunks": Lie(
        "RSET between chunks forgets nothing",
        replace(RULES, order=order_with((State.CHUNKS, Verb.RSET, State.CHUNKS))),
    ),
    "data-after-bdat": Lie(
        "DATA is taken after a chunk",
        replace(RULES, order=order_with((State.CHUNKS, Verb.DATA, State.READY))),
    ),
    "bdat-unstuffs": Lie("doubled dots in chunks are undone", replace(RULES, unchunk=unstuff)),
    "chunk-is-lines": Lie(
        "a chunk that ends within a line is given a line end",
        replace(RULES, chunk_reader=_LineReader),
    ),
    "bdat-size-unchecked": Lie(
        "BDAT without a number of octets is a chunk of none",
        replace(RULES, read_chunk=_anything_is_a_size),
    ),
    "huge-chunk-awaited": Lie(
        "a chunk of any size is waited for",
        replace(RULES, limits=replace(RULES.limits, chunk=10**30)),
    ),
    "binary-with-parameter": Lie(
        "EHLO lists BINARYMIME with a word", with_parameter("BINARYMIME", "CHUNKING")
    ),
    "binary-case-sensitive": Lie(
        "BODY=BINARYMIME is known in upper case alone",
        with_extension(
            "BINARYMIME",
            mail_parameters={
                "BODY": lambda value: (
                    None if value == "BINARYMIME" else check_parameters((("BODY", "x"),), {})
                )
            },
        ),
    ),
    "binary-by-data": Lie(
        "DATA is taken for a binary message",
        replace(RULES, needs_chunks=lambda parameters: False, object_to_content=no_objection),
    ),
    "binary-mangled": Lie(
        "NUL is dropped from binary messages", replace(RULES, unchunk=_seven_bits_and_no_nul)
    ),
    "binary-needs-word": Lie(
        "a message with a binary part is refused where MAIL did not say BINARYMIME",
        replace(RULES, object_to_content=_as_binary_needs_a_word),
    ),
}
