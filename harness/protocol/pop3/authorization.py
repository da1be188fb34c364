"""Logging in: USER and PASS, APOP, AUTH; what is offered of them depends on accounts and TLS.

Nobody logs in in the clear, however well a mechanism hides the password, unless somebody allowed it
in so many words.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from harness.protocol.pop3.events import LogIn
from harness.protocol.pop3.saying import Voice
from harness.protocol.sasl import (
    Ability,
    Attempt,
    Challenge,
    Denied,
    Granted,
    Judging,
    ServerSide,
    Spoilt,
    judge_password,
    offered_mechanisms,
    prepare,
)
from harness.protocol.sasl.sides import Bindings

_SPOILT: Final[Mapping[Spoilt, str]] = {
    Spoilt.CANCELLED: "authentication cancelled",
    Spoilt.BAD_BASE64: "cannot decode base64",
    Spoilt.INITIAL_REFUSED: "this mechanism begins with a challenge",
}


@dataclass(slots=True, kw_only=True)
class Authorization:
    """What there is to log in with on one connection, and the exchange that is under way."""

    side: ServerSide
    has_tls: bool
    secure: bool
    allows_clear: bool
    attempt: Attempt | None = None  # while an AUTH exchange goes on
    timestamp: str = field(init=False)

    def __post_init__(self) -> None:
        self.timestamp = f"<{self.side.nonce()}@{self.side.host}>"

    @property
    def _abilities(self) -> Sequence[Ability]:
        """What accounts can do for whoever logs in now."""
        open_now = self.secure or self.allows_clear
        return tuple(self.side.credentials.abilities) if open_now else ()

    def secured(self, bindings: Bindings) -> None:
        """The handshake is done."""
        self.secure, self.side = True, replace(self.side, bindings=bindings)

    def capabilities(self) -> Iterator[str]:
        """What CAPA tells of logging in (RFC 2449 6.2, 6.3)."""
        if Ability.PASSWORD in self._abilities:
            yield "USER"
        if mechanisms := self._mechanisms():
            yield f"SASL {' '.join(mechanisms)}"

    def greeting(self) -> str:
        """What the greeting tells of logging in: APOP needs a timestamp there (RFC 1939 7)."""
        return f" {self.timestamp}" if Ability.SECRET in self.side.credentials.abilities else ""

    def lacks(self, ability: Ability, voice: Voice) -> bool:
        """Whether nobody can log in like that here and now; says so then."""
        if ability in self._abilities:
            return False
        if ability in self.side.credentials.abilities:
            voice.err("nobody logs in here in the clear" + ": say STLS first" * self.has_tls)
        else:
            voice.err("nobody logs in here like that")
        return True

    def by_password(self, user: str, password: str) -> LogIn:
        """PASS."""
        credentials = self.side.credentials
        return LogIn(lambda: judge_password(self.side, user, password), credentials.takes_time)

    def by_digest(self, user: str, digest: str) -> LogIn:
        """APOP: the digest of the timestamp and a secret that is kept in the clear."""
        return LogIn(lambda: self._judge_digest(user, digest), takes_time=False)

    def _judge_digest(self, user: str, digest: str) -> Granted | Denied:
        name = prepare(user)
        if not name:
            return Denied()
        told = self.timestamp.encode() + self.side.credentials.shared_secret(name)
        right = hashlib.md5(told, usedforsecurity=False).hexdigest()  # RFC 1939 7
        return Granted(name) if hmac.compare_digest(right.encode(), digest.encode()) else Denied()

    def begin(self, mechanism: str, initial: str | None, voice: Voice) -> LogIn | None:
        """AUTH."""
        name = mechanism.upper()
        if name not in self._mechanisms():
            voice.err("nobody logs in here and now by that mechanism")
            return None
        self.attempt = Attempt(name, self.side)
        return self._step(self.attempt.begin(initial.encode() if initial else None), voice)

    def respond(self, attempt: Attempt, line: bytes, voice: Voice) -> LogIn | None:
        """A line within the exchange."""
        return self._step(attempt.respond(line), voice)

    def _step(self, step: Challenge | Judging | Spoilt, voice: Voice) -> LogIn | None:
        match step:
            case Judging(judge, takes_time):
                return LogIn(judge, takes_time)
            case Challenge(text):
                voice.challenge(text)
            case _:
                self.attempt = None
                voice.err(_SPOILT[step])
        return None

    def _mechanisms(self) -> Sequence[str]:
        if not self._abilities:
            return ()
        return offered_mechanisms(
            self.side.credentials, bindings=self.side.bindings, is_secure=self.secure
        )
