"""The stage: what all cases of one run against one target share."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable

import trio

from harness.certificates import client_context, speaking_only
from harness.delivery import Post
from harness.errors import TargetUnreachable
from harness.runner.connection import Connection
from harness.runner.facts import facts_of
from harness.runner.mailboxes import Mailboxes
from harness.runner.offers import Offer
from harness.runner.settings import Settings
from harness.target import Address, Target
from harness.transcripts.model import Case
from harness.transcripts.steps import MAIN
from harness.transcripts.variables import Values, make_token
from harness.wire import Log, Wire, dial

Dial = Callable[[Address, Log, float, str], Awaitable[Wire]]


class Stage:
    """A target, how it is met, and what has been found out about it."""

    def __init__(self, target: Target, settings: Settings, dial: Dial = dial) -> None:
        self.target = target
        self.settings = settings
        self.mailboxes = Mailboxes()
        self.post = Post(target, self.context)
        self._dial = dial
        self.offers: dict[Address, Offer | TargetUnreachable] = {}
        self.asking = trio.Lock()  # one at a time finds out what a listener offers
        self._context: ssl.SSLContext | None = None
        if target.tls.ca is not None:
            self.context()  # a file that cannot be used is told at once

    def context(self, only: str | None = None) -> ssl.SSLContext:
        """The TLS context to meet the target with; made where it is needed, for that takes time.

        `only` is the one version to speak, such as "1.2".
        """
        policy = self.target.tls
        if only is not None:
            return speaking_only(client_context(verify=policy.verify, ca=policy.ca), only)
        if self._context is None:
            self._context = client_context(verify=policy.verify, ca=policy.ca)
        return self._context

    @property
    def greeting(self) -> str:
        """What the target said first."""
        return self._offer.greeting

    @property
    def _offer(self) -> Offer:
        found = self.offers.get(self.target.address)
        return found if isinstance(found, Offer) else Offer()

    def listener(self, over: str | None) -> Address:
        """The address of the listener that `over:` picks."""
        address = self.target.listener(over)
        assert address is not None, "the plan has skipped what needs another listener"
        return address

    async def connect(
        self, log: Log, address: Address, *, name: str = MAIN, recipient: str | None = None
    ) -> Connection:
        """A fresh connection; raises TargetUnreachable."""
        patience = self.target.timeouts.greeting
        return Connection(
            wire=await self._dial(address, log, patience, name),
            address=address,
            target=self.target,
            context=self.context,
            recipient=recipient or self.target.recipient,
        )

    def token(self, address: str, attempt: int) -> str:
        """A token of its own for a run of a case."""
        token = make_token(self.settings.seed, address, attempt)
        self.mailboxes.tokens.add(token.encode())
        return token

    def values(self, case: Case, token: str) -> Values:
        """What the case's variables stand for."""
        facts = facts_of(
            self.target,
            token=token,
            domain=self._domain,
            over_size=self._offer.over_size,
            rcpt_max=self._offer.rcpt_max,
        )
        return Values.of(case, facts, as_written=self.settings.as_written)

    @property
    def _domain(self) -> str:
        """What to take for the target's domain if nobody says: what it calls itself."""
        host = self.target.address.host
        literal = f"[IPv6:{host}]" if ":" in host else f"[{host}]"
        return self._offer.domain or literal
