"""AUTH: an exchange of challenges and responses (RFC 4954 4), each step of it an event."""

from __future__ import annotations

from harness.protocol.receiver.answers import Occasion
from harness.protocol.receiver.events import LogIn
from harness.protocol.sasl import SERVERS, CheckPassword, Denied, Granted, decode64, encode64


class Attempt:
    """One AUTH exchange; the connection's lines are responses while a challenge is open."""

    def __init__(self, mechanism: str, check: CheckPassword) -> None:
        self._mechanism = mechanism
        self._server = SERVERS[mechanism](check)

    def begin(self, initial: bytes | None) -> LogIn:
        """The first step; `initial` is None where the AUTH line held no response."""
        if initial is None:
            return self._ask(self._server.first_challenge)
        if not self._server.client_begins:
            return self._end(Occasion.INITIAL_REFUSED)  # RFC 4954 4
        return self._take(b"" if initial == b"=" else initial)

    def respond(self, line: bytes) -> LogIn:
        """The step that a line calls for; a lone * gives up."""
        return self._end(Occasion.CANCELLED) if line == b"*" else self._take(line)

    def _take(self, encoded: bytes) -> LogIn:
        response = decode64(encoded)
        if response is None:
            return self._end(Occasion.BAD_BASE64)
        match self._server.feed(response):
            case Granted(user):
                return LogIn(self._mechanism, None, Occasion.LOGGED_IN, user)
            case Denied():
                return self._end(Occasion.WRONG_PASSWORD)
            case challenge:
                return self._ask(challenge)

    def _ask(self, challenge: bytes) -> LogIn:
        encoded = encode64(challenge).decode()
        return LogIn(self._mechanism, None, Occasion.CHALLENGE, challenge=encoded)

    def _end(self, occasion: Occasion) -> LogIn:
        return LogIn(self._mechanism, None, occasion)
