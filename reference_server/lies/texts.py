"""Lies about the text of a message: what is taken for its end, and what it may hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from harness.protocol.receiver import RULES, Answer, Occasion, Rules
from harness.protocol.trace import Trace
from harness.protocol.transparency import DataReader
from reference_server.lies.model import Lie, answers_with, no_objection


class _CommandsInText(DataReader):
    """Takes a line that is a command for the end of the text."""

    def feed(self, octets: bytes) -> None:
        """End the text before such a line, and leave the line to be run."""
        super().feed(octets.replace(b"\r\nRSET\r\n", b"\r\n.\r\nRSET\r\n"))


def _unstuff_lines(octets: bytes) -> bytes:
    return RULES.unstuff(octets).replace(b"\n.", b"\n")


def _a_line_less(trace: Trace, content: bytes) -> bytes:
    is_taken_for_mbox = content.startswith(b"From ")
    return RULES.stamp(trace, content.partition(b"\r\n")[2] if is_taken_for_mbox else content)


def _refusing(pattern: bytes) -> Rules:
    """The rules where a content is refused in which the pattern is found."""
    found = re.compile(pattern, re.IGNORECASE | re.MULTILINE).search

    def judge(content: bytes) -> Occasion | None:
        return Occasion.BAD_CONTENT if found(content) else RULES.object_to_content(content)

    return replace(
        RULES,
        object_to_content=judge,
        answers=answers_with(BAD_CONTENT=Answer(550, "5.6.0", "We do not like this message")),
    )


def _header_first(content: bytes) -> Occasion | None:
    is_bad = b"From: @@\r\n" in content
    return Occasion.BAD_CONTENT if is_bad else RULES.object_to_content(content)


TEXTS: Final[Mapping[str, Lie]] = {
    "commands-in-text": Lie(
        "a line of text that is a command is run", replace(RULES, data_reader=_CommandsInText)
    ),
    "resent-refused": Lie(
        "Resent-To without Resent-From is refused",
        _refusing(rb"\A(?![\s\S]*^Resent-From:)[\s\S]*^Resent-To:"),
    ),
    "bad-trace-refused": Lie(
        "a Received field without a semicolon is refused", _refusing(rb"^Received:[^;\r]*\r$")
    ),
    "bad-header-501": Lie(
        "a header that names no address is refused with 501",
        replace(
            RULES,
            object_to_content=_header_first,
            answers=answers_with(BAD_CONTENT=Answer(501, "5.6.0", "That is no address")),
        ),
    ),
    "controls-refused": Lie(
        "a text with control characters is refused", _refusing(rb"[\x01-\x08\v\f\x0e-\x1f\x7f]")
    ),
    "lf-is-line": Lie(
        "a bare LF in a text ends a line",
        replace(RULES, unstuff=_unstuff_lines, object_to_content=no_objection),
    ),
    "empty-text-closes": Lie(
        "a text without a line ends the connection",
        replace(
            RULES,
            object_to_content=lambda content: None if content else Occasion.BAD_CONTENT,
            answers=answers_with(BAD_CONTENT=Answer(554, "5.6.0", "No message", closes=True)),
        ),
    ),
    "body-loses-a-line": Lie(
        "a first line that begins with From and a blank is taken for an mbox's",
        replace(RULES, stamp=_a_line_less),
    ),
    "hang-up-ends-text": Lie(
        "who hangs up within a text has sent all of it", replace(RULES, stream_end=b".\r\n")
    ),
    "half-closed-is-gone": Lie(
        "who says nothing more gets no reply to what was said last", replace(RULES, lingers=0.25)
    ),
}
