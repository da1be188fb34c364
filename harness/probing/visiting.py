"""Visits: one layer of a server is asked question after question; thrown out, we come back.

A question may well end the connection: that it does is an answer too.
"""

from __future__ import annotations

import ssl

from harness.certificates import client_context
from harness.client import drive
from harness.errors import PeerError, TlsFailed
from harness.probing.talk import Talk
from harness.protocol.replies import Reply
from harness.protocol.sasl import ClientSide, Login
from harness.protocol.sender import log_in
from harness.target import Target
from harness.wire import Log


class Visitor:
    """Visits one layer of a target, over one connection as long as that lasts."""

    def __init__(
        self, target: Target, log: Log, *, within_tls: bool, login: Login | None = None
    ) -> None:
        self.target = target
        self.within_tls = within_tls
        self.connections = 0
        self.greeting: Reply | None = None  # of the last connection
        self._log = log
        self._login = login
        self._talk: Talk | None = None

    async def talk(self) -> Talk:
        """The connection, or a new one; EHLO has been said, and no transaction is open."""
        if self._talk is not None and not self._talk.is_over:
            try:
                if (await self._talk.ask("RSET")).is_positive:
                    return self._talk
            except PeerError:
                pass
        await self.leave()
        self._talk = await self.arrive()
        return self._talk

    async def arrive(self) -> Talk:
        """A connection of its own, as far as EHLO and a log-in."""
        talk = await Talk.begin(self.target, self._log)
        self.connections += 1
        try:
            if self.target.address.scheme.has_implicit_tls:
                await talk.shake_hands(self._context())
            self.greeting = await talk.greet()
            await talk.hello()
            if self.within_tls and not talk.wire.is_secure:
                await self._secure(talk)
            if self._login is not None and talk.capabilities.mechanisms:
                await self._log_in(talk, self._login)
        except BaseException:
            await talk.aclose()
            raise
        return talk

    async def leave(self) -> None:
        """Let the connection go."""
        if self._talk is not None:
            await self._talk.aclose()
            self._talk = None

    async def _secure(self, talk: Talk) -> None:
        problem = await talk.start_tls(self._context())
        if problem:
            raise TlsFailed(problem)
        await talk.hello()

    def any_certificate(self) -> ssl.SSLContext:
        """A context that takes any certificate: what is asked is not whether it is trusted."""
        return client_context(verify=False)

    def _context(self) -> ssl.SSLContext:
        # Whether the certificate is trusted is a question of its own, unless we give a password.
        policy = self.target.tls
        verify = policy.verify and self._login is not None
        return client_context(verify=verify, ca=policy.ca)

    async def _log_in(self, talk: Talk, login: Login) -> None:
        address, wire = self.target.address, talk.wire

        async def secure() -> None:
            raise AssertionError("a log-in begins no TLS")

        side = ClientSide(bindings=wire.bindings, host=address.host, port=address.port)
        flow = log_in(login, talk.capabilities, side=side)
        await drive(flow, wire, patience=self.target.timeouts.reply, secure=secure)
