"""One AUTH exchange as lines of base64, seen from the server: SMTP and POP3 do it alike.

(RFC 4954 4, RFC 5034 4.)  What the client answers is judged when `Judging.judge` is called, for
that may take a moment that an event loop does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from harness.protocol.sasl.encoding import decode64, encode64
from harness.protocol.sasl.exchange import Denied, Granted
from harness.protocol.sasl.mechanisms import MECHANISMS, Mechanism, open_server
from harness.protocol.sasl.sides import Ability, ServerSide


@dataclass(frozen=True, slots=True)
class Challenge:
    """What the client has to answer."""

    text: str = field(repr=False)  # in base64


class Spoilt(Enum):
    """Why an exchange has ended before anything was judged."""

    CANCELLED = auto()
    BAD_BASE64 = auto()
    INITIAL_REFUSED = auto()


Outcome = Challenge | Granted | Denied


@dataclass(frozen=True, slots=True)
class Judging:
    """The client has answered: call `judge` once to know what that is worth."""

    judge: Callable[[], Outcome] = field(repr=False)
    takes_time: bool  # so do it in a thread


class Attempt:
    """One exchange; the connection's lines are responses while a challenge is open."""

    def __init__(
        self,
        mechanism: str,
        side: ServerSide,
        *,
        mechanisms: Mapping[str, Mechanism] = MECHANISMS,
        decode: Callable[[bytes], bytes | None] = decode64,
    ) -> None:
        self._server = open_server(mechanism, side, mechanisms)
        self._decode = decode
        checks_password = mechanisms[mechanism].needs is Ability.PASSWORD
        self._takes_time = checks_password and side.credentials.takes_time

    def begin(self, initial: bytes | None) -> Challenge | Judging | Spoilt:
        """The first step; `initial` is None where the AUTH line held no response."""
        if initial is None:
            return self._challenge(self._server.first_challenge)
        if not self._server.takes_initial:
            return Spoilt.INITIAL_REFUSED  # RFC 4954 4
        return self._take(b"" if initial == b"=" else initial)

    def respond(self, line: bytes) -> Judging | Spoilt:
        """The step that a line calls for; a lone * gives up."""
        return Spoilt.CANCELLED if line == b"*" else self._take(line)

    def _take(self, encoded: bytes) -> Judging | Spoilt:
        response = self._decode(encoded)
        if response is None:
            return Spoilt.BAD_BASE64
        return Judging(lambda: self._judge(response), self._takes_time)

    def _judge(self, response: bytes) -> Outcome:
        outcome = self._server.feed(response)
        return self._challenge(outcome) if isinstance(outcome, bytes) else outcome

    def _challenge(self, octets: bytes) -> Challenge:
        return Challenge(encode64(octets).decode())
