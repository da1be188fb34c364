"""Discretion: what a target says may hold the password that it was told.

Our own lines are masked as they go into the log; a server that puts the command it refuses into
its reply would bring the password into every report all the same.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace

from harness.errors import UsageError
from harness.results import Exchange, Outcome, Surprise
from harness.target import Target
from harness.visible import visible
from harness.wire.log import HIDDEN

_SHORTEST = 6  # octets; a shorter password as it stands would be found in half of all words


class Discretion:
    """Takes a target's password out of outcomes, in each form in which it goes over a wire."""

    def __init__(self, target: Target) -> None:
        self._octets = _forms(target)
        self._texts = [visible(octets) for octets in self._octets]

    def hush(self, outcome: Outcome) -> Outcome:
        """The outcome without the password."""
        if not self._octets:
            return outcome
        return replace(
            outcome,
            reason=self._text(outcome.reason),
            notes=tuple(map(self._text, outcome.notes)),
            surprise=outcome.surprise and self._surprise(outcome.surprise),
            exchanges=tuple(map(self._exchange, outcome.exchanges)),
        )

    def _surprise(self, surprise: Surprise) -> Surprise:
        detail = tuple(map(self._text, surprise.detail))
        return replace(surprise, met=self._text(surprise.met), detail=detail)

    def _exchange(self, exchange: Exchange) -> Exchange:
        octets = exchange.octets
        for secret in self._octets:
            octets = octets.replace(secret, HIDDEN)
        return replace(exchange, octets=octets, happened=self._text(exchange.happened))

    def _text(self, text: str) -> str:
        for secret in self._texts:
            text = text.replace(secret, HIDDEN.decode())
        return text


def _forms(target: Target) -> list[bytes]:
    """The password as PLAIN and LOGIN say it (RFC 4616 2), and as it is."""
    if target.login is None:
        return []
    try:
        password = target.login.password.reveal().encode()
    except UsageError:  # then nobody was told it
        return []
    if not password:
        return []
    user = target.login.user.encode()
    whole = (b"\0%b\0%b" % (user, password), b"%b\0%b\0%b" % (user, user, password), password)
    padded = [b64encode(octets) for octets in whole]
    bare = [octets.rstrip(b"=") for octets in padded]
    return padded + bare + [password] * (len(password) >= _SHORTEST)
