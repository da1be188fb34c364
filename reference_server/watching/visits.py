"""Watching talks: who came, what was asked and answered, how it ended, for a log and for counters.

A receiver that is watched is another class, so that one that is not pays nothing for it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from harness.protocol.order import Verb
from harness.protocol.receiver import Answer, Event, Occasion, Receiver, Rules
from harness.protocol.receiver.events import Message, Plain
from harness.protocol.receiver.transaction import Memory
from harness.protocol.replies import CLOSING, Reply
from reference_server.doors.door import Door

# Whoever reads such a reply may want to look the session up in our log.
_TOLD_THE_SESSION: Final = frozenset({CLOSING, 450, 451, 452})


@dataclass(slots=True, kw_only=True)
class Visit:
    """A client's session, as much of it as is worth telling."""

    id: str
    peer: str
    door: Door
    began: float = field(default_factory=time.monotonic)
    memory: Memory = field(default_factory=Memory)
    messages: int = 0  # accepted
    octets: int = 0  # that the client sent, told at the end
    because: str = "the client left"  # it ended

    @property
    def seconds(self) -> float:
        """How long it has lasted."""
        return time.monotonic() - self.began


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """What became of a TLS handshake."""

    peer: str
    door: Door
    session: str = ""  # none yet where TLS comes first
    version: str = ""  # what was agreed on; nothing if it failed
    problem: str = ""  # why it failed


class Watcher(Protocol):
    """Who wants to know; called while the client waits, so it had better be quick."""

    def opened(self, visit: Visit) -> None:
        """A client has come."""

    def answered(self, visit: Visit, event: Event, reply: Reply, seconds: float) -> None:
        """An event was answered, so many seconds after it was read."""

    def said(self, visit: Visit, occasion: Occasion, answer: Answer) -> None:
        """The server said something that no command called for."""

    def shaken(self, handshake: Handshake) -> None:
        """A TLS handshake has ended."""

    def closed(self, visit: Visit) -> None:
        """The client is gone."""


class WatchedReceiver(Receiver):
    """A receiver that tells its watchers what it answers."""

    def __init__(
        self, watchers: Sequence[Watcher], visit: Visit, rules: Rules, **options: Any
    ) -> None:
        super().__init__(rules, **options)
        visit.memory = self.memory
        self.visit = visit
        self._mark = f" [{visit.id}]\r\n".encode()
        self._watchers = watchers
        self._answers = rules.answers
        self._asked: Event | None = None
        self._since = 0.0
        self._said_meanwhile: list[Occasion] = []
        for watcher in watchers:
            watcher.opened(visit)

    def next_event(self) -> Event | None:
        """What the client said next; the time until its answer is measured."""
        self._asked, self._since = super().next_event(), time.monotonic()
        return self._asked

    def answer(self, said: Occasion | Reply, *, id: str = "") -> Reply:
        """Answer the pending event."""
        answer = super().answer(said, id=id)
        self._tell_answered([answer])
        return answer

    def answer_each(self, said: Sequence[Occasion | Reply], *, id: str = "") -> Sequence[Reply]:
        """Answer the end of a text for each of its recipients."""
        answers = super().answer_each(said, id=id)
        self._tell_answered(answers)
        return answers

    def say(self, occasion: Occasion) -> None:
        """Say something that no command called for."""
        super().say(occasion)
        self._said_meanwhile.append(occasion)
        if self._asked is None:  # else it is told after the answer that called for it
            self._tell_said()

    def close(self) -> None:
        """The client is gone."""
        for watcher in self._watchers:
            watcher.closed(self.visit)

    def _spell(self, occasion: Occasion | None, reply: Reply) -> bytes:
        """The octets of a reply, the session's id behind what a postmaster may be asked about."""
        octets = super()._spell(occasion, reply)
        may_be_marked = reply.code in _TOLD_THE_SESSION and octets.endswith(b"\r\n")
        return octets[:-2] + self._mark if may_be_marked else octets

    def _remember(self, event: Event, answer: Reply) -> None:
        if isinstance(event, Message) and answer.is_positive:
            self.visit.messages += 1
        elif isinstance(event, Plain) and event.verb is Verb.QUIT:
            self.visit.because = "QUIT"

    def _tell_answered(self, answers: Sequence[Reply]) -> None:
        event, self._asked = self._asked, None
        assert event is not None, "nothing waited for an answer"
        seconds = time.monotonic() - self._since
        for answer in answers:
            self._remember(event, answer)
            for watcher in self._watchers:
                watcher.answered(self.visit, event, answer, seconds)
        self._tell_said()

    def _tell_said(self) -> None:
        occasions, self._said_meanwhile = self._said_meanwhile, []
        for occasion in occasions:
            answer = self._answers[occasion]
            if answer.closes:
                self.visit.because = occasion.value.replace("_", " ")
            for watcher in self._watchers:
                watcher.said(self.visit, occasion, answer)
