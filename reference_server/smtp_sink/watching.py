"""Watching sessions for their numbers: what is counted, and when it is enough."""

from __future__ import annotations

import trio

from harness.protocol.order import Verb
from harness.protocol.receiver import Answer, Event, Occasion
from harness.protocol.receiver.events import Message, Plain, Unfit
from harness.protocol.replies import Reply
from reference_server.smtp_sink.letters import Letters
from reference_server.watching.visits import Handshake, Visit


class Quiet:
    """A watcher that does nothing, for those that care about a few things."""

    def opened(self, visit: Visit) -> None:
        """A client has come."""

    def answered(self, visit: Visit, event: Event, reply: Reply, seconds: float) -> None:
        """An event was answered."""

    def said(self, visit: Visit, occasion: Occasion, answer: Answer) -> None:
        """The server said something that no command called for."""

    def shaken(self, handshake: Handshake) -> None:
        """A TLS handshake has ended."""

    def closed(self, visit: Visit) -> None:
        """The client is gone."""


class Tally(Quiet):
    """Counts sessions, QUITs and messages; shows them (-c) and knows the end (-n, -M)."""

    def __init__(self, letters: Letters, enough: trio.Event) -> None:
        self._letters = letters
        self._enough = enough
        self.sessions = self.quits = self.messages = 0

    def answered(self, visit: Visit, event: Event, reply: Reply, seconds: float) -> None:
        """A message has ended, or a client takes its leave."""
        if isinstance(event, Message | Unfit):
            self.messages += 1
        elif isinstance(event, Plain) and event.verb is Verb.QUIT:
            self.quits += 1
        else:
            return
        self._look()

    def closed(self, visit: Visit) -> None:
        """A session is over."""
        self.sessions += 1
        self._look()

    def _look(self) -> None:
        if self._letters.counts:
            counted = f"sess={self.sessions} quit={self.quits} mesg={self.messages}\r"
            print(counted, end="", flush=True)
        if self.sessions == self._letters.sessions or self.messages == self._letters.messages:
            self._enough.set()
