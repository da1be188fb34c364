"""Lies about the text of a message: where it ends, and what bare line ends and NUL are in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from harness.protocol.receiver import RULES, Rules
from harness.protocol.receiver.chunks import ChunkReader
from harness.protocol.transparency import END, DataReader
from reference_server.lies.model import Lie, no_objection


def _ends_at(mark: bytes) -> Rules:
    """Ends the text at this mark too, and sees nothing wrong in what is left of it."""
    return replace(RULES, data_ends=(*RULES.data_ends, mark), object_to_content=no_objection)


def _refuses_at(mark: bytes) -> Rules:
    """Ends the text at this mark too, to refuse it for its bare line ends and read commands on."""
    return replace(RULES, data_ends=(*RULES.data_ends, mark))


# The lengths of buffers that servers read lines into, with a line end and without.
_BUFFERS = (510, 512, 998, 1000, 1024, 2048, 4096)
_FULL_BUFFER = re.compile(
    rb"(?<=\n)(%s)(?=\.\r\n)" % b"|".join(b"[^\r\n]{%d}" % size for size in _BUFFERS)
)


class _Buffered(DataReader):
    """Takes the octet behind a full buffer for the first one of a line."""

    def feed(self, octets: bytes) -> None:
        """Part what follows a full buffer from it."""
        super().feed(_FULL_BUFFER.sub(rb"\1\r\n", octets))


class _BlindBehindCr(DataReader):
    """Does not see the end of the text if a CR stands before it."""

    def feed(self, octets: bytes) -> None:
        """Make text of such an end."""
        super().feed(octets.replace(b"\r" + END, b"\r\r\n..\r\n"))


class _EarlyCommands(DataReader):
    """Takes what came before 354 for commands, and the message for one without text."""

    _asked = False

    def take(self) -> bytes | None:
        """Nothing, if anything came early."""
        early, self._asked = not self._asked and self.size > 0, True
        if not early:
            return super().take()
        self.rest = bytes(self._buffer[2:])
        return b""


class _DottedChunks(ChunkReader):
    """Ends a chunk where a text would end."""

    def feed(self, octets: bytes) -> None:
        """Leave what follows the mark to the reader of commands."""
        before, mark, after = octets.partition(END)
        if not mark:
            super().feed(octets)
            return
        self._missing = len(before)
        super().feed(before)
        self.rest = after


def _to_nul(octets: bytes) -> bytes:
    return re.sub(rb"\0[^\r\n]*", b"", RULES.unstuff(octets))


ENDS: Final[Mapping[str, Lie]] = {
    "lf-dot-lf": Lie("LF . LF ends the text", _ends_at(b"\n.\n")),
    "lf-dot-crlf": Lie("LF . CR LF ends the text", _ends_at(b"\n.\r\n")),
    "lf-dot-cr": Lie("LF . CR ends the text", _ends_at(b"\n.\r")),
    "crlf-dot-lf": Lie("CR LF . LF ends the text", _ends_at(b"\r\n.\n")),
    "crlf-dot-cr": Lie("CR LF . CR ends the text", _ends_at(b"\r\n.\r")),
    "cr-dot-cr": Lie("CR . CR ends the text", _ends_at(b"\r.\r")),
    "cr-dot-lf": Lie("CR . LF ends the text", _ends_at(b"\r.\n")),
    "cr-dot-crlf": Lie("CR . CR LF ends the text", _ends_at(b"\r.\r\n")),
    "crlf-dot-crcrlf": Lie("CR LF . CR CR LF ends the text", _ends_at(b"\r\n.\r\r\n")),
    "crcrlf-dot-crcrlf": Lie("CR CR LF . CR CR LF ends the text", _ends_at(b"\r\r\n.\r\r\n")),
    "crlf-nul-dot-crlf": Lie("CR LF NUL . CR LF ends the text", _ends_at(b"\r\n\0.\r\n")),
    "crlf-dot-nul-crlf": Lie("CR LF . NUL CR LF ends the text", _ends_at(b"\r\n.\0\r\n")),
    "crlf-dot-blank-crlf": Lie("CR LF . blank CR LF ends the text", _ends_at(b"\r\n. \r\n")),
    "lf-dot-lf-refused": Lie(
        "a text is refused at LF . LF, and what follows are commands", _refuses_at(b"\n.\n")
    ),
    "lf-dot-crlf-refused": Lie(
        "a text is refused at LF . CR LF, and what follows are commands", _refuses_at(b"\n.\r\n")
    ),
    "long-line-is-cut": Lie(
        "a dot behind a full line buffer begins a line", replace(RULES, data_reader=_Buffered)
    ),
    "cr-hides-the-end": Lie(
        "the end of the text is text if a CR stands before it",
        replace(RULES, data_reader=_BlindBehindCr, object_to_content=no_objection),
    ),
    "text-before-354-runs": Lie(
        "what comes in one write with DATA is run as commands",
        replace(RULES, data_reader=_EarlyCommands),
    ),
    "chunk-ends-at-dot": Lie(
        "CR LF . CR LF ends a chunk too", replace(RULES, chunk_reader=_DottedChunks)
    ),
    "bare-line-ends-kept": Lie(
        "text with bare CR and LF is taken as it is", replace(RULES, object_to_content=no_objection)
    ),
    "nul-drops-line": Lie("NUL ends the text of a line", replace(RULES, unstuff=_to_nul)),
}
