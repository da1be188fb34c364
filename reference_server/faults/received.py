"""What was received, kept in memory for whoever asks through the control port; the oldest goes."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass
from typing import Final

MOST_MESSAGES: Final = 1_000
MOST_OCTETS: Final = 67_108_864  # of all messages together


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMessage:
    """One message that was taken, with its envelope."""

    number: int
    client: str
    hello: str
    user: str | None
    sender: str
    recipients: tuple[str, ...]
    content: bytes


class Received:
    """The last messages, within limits of number and size."""

    def __init__(self, *, messages: int = MOST_MESSAGES, octets: int = MOST_OCTETS) -> None:
        self.total = 0  # that came since the beginning, or since they were forgotten
        self._most, self._most_octets = messages, octets
        self._messages: deque[ReceivedMessage] = deque()
        self._octets = 0
        self._serial = itertools.count(1)

    def __iter__(self) -> itertools.chain[ReceivedMessage]:
        return itertools.chain(self._messages)

    def add(self, *, client: str, hello: str, user: str | None, sender: str,
            recipients: tuple[str, ...], content: bytes) -> None:  # fmt: skip
        """Remember a message, and forget the oldest as long as that is too much."""
        self.total += 1
        self._octets += len(content)
        self._messages.append(
            ReceivedMessage(
                number=next(self._serial),
                client=client,
                hello=hello,
                user=user,
                sender=sender,
                recipients=recipients,
                content=content,
            )
        )
        while len(self._messages) > self._most or self._octets > self._most_octets:
            self._octets -= len(self._messages.popleft().content)

    def find(self, number: int) -> ReceivedMessage | None:
        """The message of that number, if it is still there."""
        return next((one for one in self._messages if one.number == number), None)

    def clear(self) -> None:
        """Forget all; numbers go on."""
        self._messages.clear()
        self._octets = self.total = 0
