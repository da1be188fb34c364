"""Lies about where a message ends: a mark that is none is taken for the end of data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from harness.protocol.receiver import RULES, Rules
from reference_server.lies.model import Lie, no_objection


def _ends_at(mark: bytes) -> Rules:
    """Ends the text at this mark too, and sees nothing wrong in what is left of it."""
    return replace(RULES, data_ends=(*RULES.data_ends, mark), object_to_content=no_objection)


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
}
