"""A driver without policy or sockets: every event gets the answer that it suggests."""

from __future__ import annotations

from collections.abc import Callable

from harness.protocol.receiver import RULES, Event, Occasion, Receiver, Rules, Speech
from harness.protocol.receiver.events import Message, StartTls
from tests.protocol.accounts import Accounts


class Obliging:
    """One connection to a receiver, and what it took."""

    def __init__(
        self,
        rules: Rules = RULES,
        *,
        tls: bool = True,
        secure: bool = False,
        now: Callable[[], float] | None = None,
    ) -> None:
        self.messages: list[Message] = []
        self.events: list[Event] = []
        self.receiver = Receiver(
            rules,
            speech=Speech(rules.answers, "example.test"),
            credentials=Accounts(),
            has_tls=tls,
            secure=secure,
            now=now,
        )
        self.receiver.say(Occasion.GREETING)
        self.greeting = self.receiver.output()

    def say(self, *segments: bytes) -> bytes:
        """Feed each segment, answer as suggested, and give all that was said back."""
        told = b""
        for segment in segments:
            self.receiver.feed(segment)
            while (event := self.receiver.next_event()) is not None:
                self.events.append(event)
                if isinstance(event, Message):
                    self.messages.append(event)
                self.receiver.answer(event.said, id="1")
                if isinstance(event, StartTls):
                    self.receiver.secured()
            told += self.receiver.output()
        return told

    def codes(self, *segments: bytes) -> list[int]:
        """The code of each reply to these segments."""
        lines = self.say(*segments).split(b"\r\n")[:-1]
        return [int(line[:3]) for line in lines if line[3:4] != b"-"]
