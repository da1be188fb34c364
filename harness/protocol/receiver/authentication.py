"""AUTH: the steps of an exchange of challenges and responses (RFC 4954 4) as events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from harness.protocol.receiver.answers import Occasion
from harness.protocol.receiver.events import LogIn, Verdict
from harness.protocol.sasl import Attempt, Challenge, Granted, Judging, Outcome, Spoilt

_SPOILT: Final[Mapping[Spoilt, Occasion]] = {
    Spoilt.CANCELLED: Occasion.CANCELLED,
    Spoilt.BAD_BASE64: Occasion.BAD_BASE64,
    Spoilt.INITIAL_REFUSED: Occasion.INITIAL_REFUSED,
}


def begin(mechanism: str, attempt: Attempt, initial: bytes | None) -> LogIn:
    """The event of an AUTH line."""
    return _event(mechanism, attempt.begin(initial))


def respond(mechanism: str, attempt: Attempt, line: bytes) -> LogIn:
    """The event of a line within the exchange."""
    return _event(mechanism, attempt.respond(line))


def _event(mechanism: str, step: Challenge | Judging | Spoilt) -> LogIn:
    match step:
        case Spoilt():
            return LogIn(mechanism, lambda: Verdict(said=_SPOILT[step]))
        case Challenge():
            return LogIn(mechanism, lambda: _verdict(step))
        case _:
            return LogIn(mechanism, lambda: _verdict(step.judge()), takes_time=step.takes_time)


def _verdict(outcome: Outcome) -> Verdict:
    match outcome:
        case Challenge(text):
            return Verdict(said=Occasion.CHALLENGE, challenge=text)
        case Granted(user):
            return Verdict(said=Occasion.LOGGED_IN, user=user)
        case _:
            return Verdict(said=Occasion.WRONG_PASSWORD)
