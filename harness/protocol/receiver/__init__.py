"""The receiving end: a machine that obeys a `Rules` value."""

from harness.protocol.limits import Limits
from harness.protocol.receiver.answers import ANSWERS, Answer, Answers, Occasion, Speech, reworded
from harness.protocol.receiver.events import Addressee, Envelope, Event
from harness.protocol.receiver.rules import RULES, TLS_FIRST, Rules
from harness.protocol.receiver.services import rules_for
from harness.protocol.receiver.session import Receiver

__all__ = [
    "ANSWERS",
    "RULES",
    "TLS_FIRST",
    "Addressee",
    "Answer",
    "Answers",
    "Envelope",
    "Event",
    "Limits",
    "Occasion",
    "Receiver",
    "Rules",
    "Speech",
    "reworded",
    "rules_for",
]
