"""BDAT: a message in chunks, each as long as its command says (RFC 3030 2)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.protocol.order import Verb
from harness.protocol.receiver.answers import Occasion

_SIZE_AND_MARK = re.compile(rb"([0-9]+)(?: +(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ChunkCommand:
    """How many octets follow; an objection is said once they have been passed over."""

    size: int
    last: bool = False
    objection: Occasion | None = None


@dataclass(frozen=True, slots=True)
class Announced:
    """A chunk that is on its way, and what will be said of it if it is not wanted."""

    size: int
    verb: Verb  # BDAT or LAST
    objection: Occasion | None
    is_offered: bool = True  # to this client: CHUNKING stood in our reply to its EHLO


def read_chunk_command(argument: bytes) -> ChunkCommand | Occasion:
    """What stands behind BDAT; the objection where nobody can say how long the chunk is."""
    match = _SIZE_AND_MARK.fullmatch(argument)
    if match is None:
        return Occasion.NO_CHUNK_SIZE
    size, mark = int(match[1]), match[2]
    if mark is None:
        return ChunkCommand(size)
    last = mark.upper() == b"LAST"
    return ChunkCommand(size, last, None if last else Occasion.BAD_CHUNK_MARK)


class ChunkReader:
    """Counts off the octets of one chunk, wherever the network cuts them."""

    def __init__(self, size: int, *, keep: bool) -> None:
        self.rest = b""  # what came after the chunk
        self._missing = size
        self._keep = keep
        # Only a chunk that does not come in one piece is worth a bytearray.
        self._held: bytes | bytearray = b""

    @property
    def held(self) -> int:
        """How many octets are in memory."""
        return len(self._held)

    def discard(self) -> None:
        """Keep nothing of the chunk, what there is of it and what is to come."""
        self._held, self._keep = b"", False

    def feed(self, octets: bytes) -> None:
        """Take octets as they arrived."""
        mine, self.rest = octets[: self._missing], octets[self._missing :]
        self._missing -= len(mine)
        if not self._keep:
            return
        if type(self._held) is bytes and self._held:
            self._held = bytearray(self._held)
        self._held += mine

    def take(self) -> bytes | None:
        """The chunk, empty if it is not kept; None until all of it has come."""
        return None if self._missing else bytes(self._held)
