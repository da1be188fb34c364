"""The text of a message: collected to its end, then judged as content."""

from __future__ import annotations

from harness.protocol.receiver.answers import Occasion
from harness.protocol.receiver.events import Envelope, Message, Unfit
from harness.protocol.receiver.rules import Rules
from harness.protocol.transparency import DataReader


def open_reader(rules: Rules) -> DataReader:
    """A reader for the text that follows 354."""
    return rules.data_reader(
        ends=rules.data_ends, unstuff=rules.unstuff, limit=rules.limits.message
    )


def judge(rules: Rules, reader: DataReader, content: bytes, envelope: Envelope) -> Message | Unfit:
    """The message, or why its text is no message."""
    if reader.too_big:
        return Unfit(Occasion.TOO_BIG)
    if _longest_line(content, rules.limits.text_line):
        return Unfit(Occasion.TEXT_LINE_TOO_LONG)
    objection = rules.object_to_content(content)
    return Unfit(objection) if objection else Message(envelope, content)


def _longest_line(content: bytes, limit: int | None) -> bool:
    if limit is None:
        return False
    return any(len(line) + 2 > limit for line in content.split(b"\r\n"))
