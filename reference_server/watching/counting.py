"""Counting: a watcher that keeps the metrics of sessions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from harness.protocol.order import Verb
from harness.protocol.receiver import Answer, Event, Occasion
from harness.protocol.receiver.events import (
    Chunk,
    Etrn,
    Hello,
    LogIn,
    Mail,
    Message,
    Objected,
    Plain,
    Recipient,
    StartTls,
    Text,
    Unfit,
    Verify,
)
from harness.protocol.replies import CHALLENGE, Reply
from reference_server.relay.standing import Standing
from reference_server.watching import metrics as m
from reference_server.watching.visits import Handshake, Visit

NO_VERB: Final = "none"  # in place of one that we know


class Counter:
    """Counts what happens in sessions."""

    def __init__(self, metrics: m.Metrics) -> None:
        self._metrics = metrics

    def opened(self, visit: Visit) -> None:
        """A client has come."""
        self._metrics.count(m.CONNECTIONS, visit.door.kind)
        self._metrics.count(m.OPEN, visit.door.kind)

    def closed(self, visit: Visit) -> None:
        """The client is gone."""
        self._metrics.count(m.OPEN, visit.door.kind, by=-1)
        self._metrics.count(m.RECEIVED, by=visit.octets)

    def answered(self, visit: Visit, event: Event, reply: Reply, seconds: float) -> None:
        """A command, or the end of a text."""
        self._metrics.count(m.REPLIES, str(reply.code))
        match event:
            case Message(content=content):
                self._metrics.count(m.MESSAGES, str(reply.code))
                self._metrics.observe(m.STORING, seconds)
                if reply.is_positive:
                    self._metrics.count(m.OCTETS, by=len(content))
            case Unfit():
                self._metrics.count(m.MESSAGES, str(reply.code))
            case _:
                self._metrics.count(m.COMMANDS, _verb(event))
        if isinstance(event, LogIn) and reply.code != CHALLENGE:
            outcome = "succeeded" if reply.is_positive else "failed"
            self._metrics.count(m.LOG_INS, event.mechanism, outcome)

    def said(self, visit: Visit, occasion: Occasion, answer: Answer) -> None:
        """What no command called for."""
        self._metrics.count(m.REPLIES, str(answer.code))

    def shaken(self, handshake: Handshake) -> None:
        """A TLS handshake has ended."""
        self._metrics.count(m.HANDSHAKES, handshake.version or "failed")


def _verb(event: Event) -> str:
    match event:
        case Hello(extended=extended):
            return Verb.EHLO if extended else Verb.HELO
        case Plain(verb=verb) | Verify(verb=verb):
            return verb
        case Objected(verb=refused):
            return refused or NO_VERB
        case _:
            return VERBS[type(event)]


VERBS: Final[Mapping[type, str]] = {
    Mail: Verb.MAIL,
    Recipient: Verb.RCPT,
    Text: Verb.DATA,
    Chunk: Verb.BDAT,
    StartTls: Verb.STARTTLS,
    LogIn: Verb.AUTH,
    Etrn: Verb.ETRN,
}


# --- the queue -----------------------------------------------------------------------------------


def queue_sources(
    standing: Callable[[], Standing], now: Callable[[], float]
) -> Mapping[m.Family, m.Source]:
    """What the relay knows of the queue, asked for when somebody looks."""

    def oldest() -> float:
        arrived = standing().oldest
        return 0.0 if arrived is None else max(0.0, now() - arrived)

    return {
        m.QUEUED: lambda: {(): standing().messages},
        m.WAITING: lambda: {(): standing().recipients},
        m.OLDEST: lambda: {(): oldest()},
        m.OUTCOMES: lambda: {(outcome,): n for outcome, n in standing().counts.items()},
    }
