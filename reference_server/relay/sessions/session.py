"""A session: an open connection to a next hop that has been greeted, and secured if it may be."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable

import trio

from harness.certificates import client_context
from harness.errors import NotOffered, PeerError, Refused, TlsFailed
from harness.protocol.replies import CLOSING, Capabilities
from harness.protocol.sender import Flow, greet, hello, quit_, secure
from harness.protocol.services import Service
from harness.target import Address
from harness.target.address import Scheme
from harness.wire import Log, Wire
from reference_server.relay.exchangers import Host
from reference_server.relay.routes import Tls
from reference_server.relay.sessions.talk import Talk, Unkept
from reference_server.relay.settings import Settings

# How a wire to an address is had: `harness.wire.dial` on a real network.
Dial = Callable[[Address, Log, float], Awaitable[Wire]]


class Session:
    """One connection to one host."""

    def __init__(
        self, host: Host, talk: Talk, service: Service, capabilities: Capabilities, tls: Tls
    ) -> None:
        self.host = host
        self.talk = talk
        self.service = service
        self.capabilities = capabilities
        # RFC 8689 2: TLS, a certificate that we trust, and for a name that is beyond doubt.
        self.is_trusted = talk.wire.is_secure and tls is Tls.REQUIRED and host.is_vouched
        self.messages = 0  # how many have gone over it
        self.opened_at = trio.current_time()

    async def leave(self) -> None:
        """Say QUIT if there is somebody to hear it, and close."""
        try:
            await self.talk.run(quit_())
        except PeerError:
            pass  # it has gone, or does not care
        finally:
            await self.talk.wire.aclose()

    async def drop(self) -> None:
        """Close without a word: the other end has gone, or has said 421."""
        await self.talk.wire.aclose()


class Caller:
    """Opens sessions; raises UsageError at once if it cannot believe whom it is told to."""

    def __init__(self, settings: Settings, dial: Dial) -> None:
        self._settings = settings
        self._dial = dial
        # Reading all authorities takes longer than a session, so it is done once, if at all.
        self._contexts: dict[Tls, ssl.SSLContext] = {}
        if settings.ca is not None:
            self._context(Tls.REQUIRED)

    async def call(self, host: Host, address: Address, tls: Tls) -> Session:
        """A session with one address of a host; raises PeerError, with the reason, if none."""
        try:
            return await self._call(host, address, tls)
        except TlsFailed:
            if tls is not Tls.OPPORTUNISTIC or address.scheme.has_implicit_tls:
                raise
        # Opportunistic is: rather in the clear than not at all.
        return await self._call(host, address, Tls.OFF)

    async def _call(self, host: Host, address: Address, tls: Tls) -> Session:
        timeouts = self._settings.timeouts
        wire = await self._dial(address, Unkept(), timeouts.connect)
        try:
            implicit = address.scheme.has_implicit_tls
            context = self._context(tls) if implicit or tls is not Tls.OFF else None
            talk = Talk(wire, timeouts, context, host.name)
            if implicit:
                await talk.secure()
            service = Service.LMTP if address.scheme is Scheme.LMTP else Service.SMTP
            flow = _introduce(self._settings.name, service, Tls.OFF if implicit else tls)
            return Session(host, talk, service, await talk.run(flow), tls)
        except BaseException:
            await wire.aclose()
            raise

    def _context(self, tls: Tls) -> ssl.SSLContext:
        if tls not in self._contexts:
            verify = tls is Tls.REQUIRED
            self._contexts[tls] = client_context(verify=verify, ca=self._settings.ca)
        return self._contexts[tls]


def _introduce(name: str, service: Service, tls: Tls) -> Flow[Capabilities]:
    """From the greeting to where MAIL may be said."""
    yield from greet()
    capabilities = yield from hello(name, service=service)
    if tls is Tls.OFF:
        return capabilities
    if "STARTTLS" not in capabilities:
        if tls is Tls.REQUIRED:
            raise NotOffered("STARTTLS", "mail goes there under TLS alone")
        return capabilities
    try:
        return (yield from secure(name, service=service))
    except Refused as refusal:
        is_over = refusal.reply.code == CLOSING or refusal.doing != "STARTTLS"
        if is_over or tls is Tls.REQUIRED:
            raise
        return capabilities
