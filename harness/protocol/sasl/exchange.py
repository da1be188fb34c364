"""The two ends of one exchange, around the generator that knows the mechanism.

What each end yields first says who begins.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Granted:
    """The exchange has ended well."""

    user: str


@dataclass(frozen=True, slots=True)
class Denied:
    """The exchange has ended, and not well."""


@dataclass(frozen=True, slots=True)
class Proven:
    """Instead of a response: the server has proven itself, and there is nothing left to say."""


# Yields the initial response first, or None where the server begins.
ClientSteps = Generator[bytes | Proven | None, bytes, None]

# Yields the first challenge first: an empty one where the client begins.
ServerSteps = Generator[bytes, bytes, Granted | Denied]


class SaslClient:
    """The client's end of one exchange."""

    def __init__(self, steps: ClientSteps, *, is_mutual: bool = False) -> None:
        self._steps = steps
        self._is_proven = not is_mutual
        self._unsaid = self._octets(next(steps))

    @property
    def is_content(self) -> bool:
        """Whether a success may be believed: the server has proven itself, or it never does."""
        return self._is_proven

    def initial(self, room: int = 12_288) -> bytes | None:
        """What may stand in the AUTH line; None where the server begins, or if it has no room.

        An initial response that has no room waits for an empty challenge (RFC 4954 4).
        """
        if self._unsaid is None or len(self._unsaid) > room:
            return None
        initial, self._unsaid = self._unsaid, None
        return initial

    def respond(self, challenge: bytes) -> bytes | None:
        """The answer to a challenge; None to give up, because there should be none."""
        if self._unsaid is not None:
            unsaid, self._unsaid = self._unsaid, None
            return unsaid
        try:
            return self._octets(self._steps.send(challenge))
        except StopIteration:
            return None

    def _octets(self, response: bytes | Proven | None) -> bytes | None:
        if isinstance(response, Proven):
            self._is_proven = True
            return b""
        return response


class SaslServer:
    """The server's end of one exchange."""

    def __init__(self, steps: ServerSteps, *, takes_initial: bool = False) -> None:
        self._steps = steps
        self.first_challenge = next(steps)
        # RFC 4954 4: an initial response may come in the AUTH line where the client begins.
        self.takes_initial = takes_initial or self.first_challenge == b""

    def feed(self, response: bytes) -> bytes | Granted | Denied:
        """The next challenge, or how the exchange has ended; takes as long as the accounts do."""
        try:
            return self._steps.send(response)
        except StopIteration as end:
            outcome: Granted | Denied = end.value
            return outcome
