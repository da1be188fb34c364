"""Lies about the text of a message: what is taken for its end, and what it may hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from harness.protocol.receiver import RULES, Answer, Occasion, Rules
from harness.protocol.transparency import DataReader
from reference_server.lies.model import Lie, answers_with


class _CommandsInText(DataReader):
    """Takes a line that is a command for the end of the text."""

    def feed(self, octets: bytes) -> None:
        """End the text before such a line, and leave the line to be run."""
        super().feed(octets.replace(b"\r\nRSET\r\n", b"\r\n.\r\nRSET\r\n"))


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
    "hang-up-ends-text": Lie(
        "who hangs up within a text has sent all of it", replace(RULES, stream_end=b".\r\n")
    ),
}
