"""Surroundings: what a session stands in, and what it can offer there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from harness.protocol.extensions import Facts
from harness.protocol.receiver.offer import Offer, keywords, make_offer, no_offer
from harness.protocol.receiver.rules import Rules
from harness.protocol.receiver.scene import Scene
from harness.protocol.receiver.transaction import Memory
from harness.protocol.sasl import Credentials, ServerSide, offered_mechanisms
from harness.protocol.sasl.sides import Bindings

NO_BINDINGS: Final[Bindings] = {}


class Surroundings:
    """The rules, the accounts, TLS and the clock of one session."""

    def __init__(
        self,
        rules: Rules,
        *,
        credentials: Credentials | None,
        has_tls: bool,
        secure: bool,
        bindings: Bindings,
        now: Callable[[], float] | None,
    ) -> None:
        self.secure = secure
        self._rules = rules
        self._credentials = credentials
        self._bindings = bindings
        self._has_tls = has_tls
        self._now = now
        self._offer: Offer | None = None  # as it was made last

    def secured(self, bindings: Bindings) -> None:
        """From now on everything comes inside TLS."""
        self.secure, self._bindings = True, bindings

    def scene(self, memory: Memory) -> Scene:
        """What the next command of this client will meet."""
        rules, extended = self._rules, memory.extended
        enhanced = "ENHANCEDSTATUSCODES" in rules.extensions and rules.attaches_codes(extended)
        need_tls = rules.need_tls.get(rules.service, frozenset())
        return Scene(
            rules=rules,
            memory=memory,
            offer=self._make_offer() if extended else no_offer(rules, self._facts()),
            enhanced=enhanced,
            words=rules.words[rules.service],
            needs_qualified=rules.service in rules.need_qualified,
            guarded=need_tls | rules.need_log_in.get(rules.service, frozenset()),
        )

    def keywords(self) -> Sequence[str]:
        """The lines of the EHLO reply below the first."""
        return keywords(self._rules, self._make_offer())

    def side(self, host: str) -> ServerSide:
        """What a mechanism of AUTH has to know of us."""
        assert self._credentials is not None, "AUTH is offered where there are accounts"
        return ServerSide(credentials=self._credentials, bindings=self._bindings, host=host)

    def _make_offer(self) -> Offer:
        facts = self._facts()
        if self._offer is None or self._offer.facts != facts:
            self._offer = make_offer(self._rules, facts)
        return self._offer

    def _facts(self) -> Facts:
        return Facts(
            service=self._rules.service,
            limits=self._rules.limits,
            can_secure=self._has_tls,
            secure=self.secure,
            has_accounts=self._credentials is not None,
            mechanisms=self._mechanisms(),
            now=self._now,
        )

    def _mechanisms(self) -> Sequence[str]:
        """How a client may log in: not at all in the clear, unless the rules say so."""
        accounts = self._credentials
        if accounts is None or not (self.secure or self._rules.allows_auth_in_clear):
            return ()
        return offered_mechanisms(accounts, bindings=self._bindings, is_secure=self.secure)
