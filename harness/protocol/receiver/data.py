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
