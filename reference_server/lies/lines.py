"""Lies about lines, letters and octets: RFC 5321 2.3.8 and 2.4."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from harness.protocol.addresses import Mailbox, ReversePath, read_reverse_path
from harness.protocol.commands import Objection, PathCommand, read_path_command
from harness.protocol.receiver import RULES, Answer
from harness.protocol.receiver.lines import LineReader
from reference_server.lies.model import Lie, answers_with

_SEVEN: Final = bytes(octet & 0x7F for octet in range(256))
_CONTROLS: Final = bytes([*range(32), 127])


class _CrEndsIt(LineReader):
    """Takes CR for a line end."""

    def feed(self, octets: bytes) -> None:
        """Put the LF behind each CR that has none; one at a segment's end may get it yet."""
        super().feed(re.sub(rb"\r(?=[^\n])", b"\r\n", octets))


class _SegmentIsCommand(LineReader):
    """Takes what comes in one segment for a command, whether its line has ended or not."""

    def feed(self, octets: bytes) -> None:
        """End the segment's last line."""
        super().feed(octets if not octets or octets.endswith(b"\n") else octets + b"\r\n")


class _Translated(LineReader):
    """Reads other octets than those that came."""

    table: bytes | None = None
    without = b""

    def take(self, limit: int) -> bytes | None:
        """The next line, as it would be nicer."""
        line = super().take(limit)
        is_line = line is not None and b"\r\n" not in line
        return line.translate(self.table, self.without) if line and is_line else line


class _SevenBits(_Translated):
    table = _SEVEN


class _NoControls(_Translated):
    without = _CONTROLS


class _NoBlanksAtTheEnd(LineReader):
    """Knows no command behind which a blank stands."""

    def take(self, limit: int) -> bytes | None:
        """The next line, or one that nobody knows."""
        line = super().take(limit)
        return b"?" if line and line.endswith((b" ", b"\t")) else line


def _upper_case_keyword(
    argument: bytes, keyword: bytes, *, utf8: bool = False
) -> PathCommand | Objection:
    if not argument.startswith(keyword + b":"):
        return Objection(501, "5.5.4", f"{keyword.decode()}:<address> is needed")
    return read_path_command(argument, keyword, utf8=utf8)


def _upper_case_parameters(
    argument: bytes, keyword: bytes, *, utf8: bool = False
) -> PathCommand | Objection:
    words = (word for word in argument.split(b" ")[1:] if b"<" not in word)
    names = [word.partition(b"=")[0] for word in words]
    if any(name != name.upper() for name in names):
        return Objection(555, "5.5.4", "Unknown parameter")
    return read_path_command(argument, keyword, utf8=utf8)


def _in_lower_case(octets: bytes, *, utf8: bool) -> ReversePath | Objection:
    path = read_reverse_path(octets, utf8=utf8)
    if isinstance(path, Objection) or path.mailbox is None:
        return path
    return replace(path, mailbox=Mailbox(path.mailbox.local.lower(), path.mailbox.domain))


LINES: Final[Mapping[str, Lie]] = {
    "lf-ends-line": Lie("a bare LF ends a command", replace(RULES, line_ends=(b"\r\n", b"\n"))),
    "cr-ends-line": Lie("a bare CR ends a command", replace(RULES, line_reader=_CrEndsIt)),
    "segment-is-command": Lie(
        "a TCP segment is taken for a command", replace(RULES, line_reader=_SegmentIsCommand)
    ),
    "seven-bit-commands": Lie(
        "the eighth bit of each octet of a command is lost", replace(RULES, line_reader=_SevenBits)
    ),
    "controls-dropped": Lie(
        "control characters in commands are passed over", replace(RULES, line_reader=_NoControls)
    ),
    "blank-at-end-refused": Lie(
        "a blank at the end of a command makes it unknown",
        replace(RULES, line_reader=_NoBlanksAtTheEnd),
    ),
    "keywords-case-sensitive": Lie(
        "FROM and TO are known in upper case alone",
        replace(RULES, read_path_command=_upper_case_keyword),
    ),
    "parameters-case-sensitive": Lie(
        "names of parameters are known in upper case alone",
        replace(RULES, read_path_command=_upper_case_parameters),
    ),
    "local-part-folded": Lie(
        "the sender's local-part is put into lower case",
        replace(RULES, read_reverse_path=_in_lower_case),
    ),
    "domain-case-sensitive": Lie(
        "the domain of a recipient is ours in lower case alone", replace(RULES, fold_domain=str)
    ),
    "refusal-beyond-ascii": Lie(
        "who says something unknown is told so in French",
        replace(
            RULES, answers=answers_with(UNKNOWN_COMMAND=Answer(500, "5.5.1", "Commande refusée"))
        ),
    ),
    "unregistered-keyword": Lie(
        "EHLO lists a keyword that nobody has registered",
        replace(RULES, announce=lambda keywords: [*keywords, "TLS"]),
    ),
}
