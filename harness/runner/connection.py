"""A connection of a case: a wire, and what the dialogue has to remember about it."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.certificates import client_context
from harness.errors import PeerClosed, PeerSilent
from harness.protocol.replies import CHALLENGE, GO_AHEAD, Capabilities, Reply, read_capabilities
from harness.protocol.sasl import SaslClient, decode64, encode64
from harness.protocol.transparency import DataReader
from harness.target import Address, Scheme, Target
from harness.transcripts.matching import Closed, Heard, Silent
from harness.transcripts.steps import Expect
from harness.wire import Piece, Wire

GRACE = 0.3  # seconds in which a reply shows that another one was not the last

_HELLO = re.compile(rb"[ \t]*(?:EHLO|LHLO|HELO)\b", re.IGNORECASE)


@dataclass(slots=True)
class Connection:
    """One connection, from our side."""

    wire: Wire
    address: Address
    target: Target
    context: Callable[..., ssl.SSLContext]  # of one version of TLS, if that is said
    recipient: str  # whom a start names in RCPT
    capabilities: Capabilities | None = None  # of the last EHLO; None before, and after STARTTLS
    pending: list[Expect] = field(default_factory=list)  # replies that may be missing
    texts: list[bytes] = field(default_factory=list)  # what was sent after each 354
    replies: int = 0
    refusals: int = 0  # negative replies: some servers hang up after a number of them
    is_over: bool = False  # it has ended as the dialogue allows, or we ended it
    has_quit: bool = False
    is_half_closed: bool = False
    sasl: SaslClient | None = None
    is_sasl_mutual: bool = False  # by this mechanism the server proves itself too
    challenge: Reply | None = None  # a 334 that `{sasl}` has not answered yet
    _answer: bytes | None = None  # what `{sasl}` will stand for, where that is known already
    _asks_hello: bool = False
    _in_text: bool = False

    @property
    def offers_enhanced(self) -> bool:
        """Whether replies on this connection carry enhanced codes (RFC 2034 3)."""
        return self.capabilities is not None and "ENHANCEDSTATUSCODES" in self.capabilities

    @property
    def hello(self) -> str:
        """The command that opens a session here."""
        return "LHLO" if self.address.scheme is Scheme.LMTP else "EHLO"

    async def send(self, pieces: list[Piece]) -> None:
        """Write; raises PeerSilent if the target does not read."""
        octets = b"".join(piece.octets for piece in pieces)
        self._asks_hello = _HELLO.match(octets) is not None
        if self._in_text and self.texts:
            self.texts[-1] += octets
        elif self.wire.code == GO_AHEAD:
            self._in_text = True
            self.texts.append(octets)
        await self.wire.send(pieces, self.target.timeouts.reply)

    async def hear(self, patience: float | None = None) -> Heard:
        """The next reply, or what came in its place."""
        seconds = patience or self._patience
        try:
            reply = await self.wire.reply(seconds)
        except PeerClosed as end:
            return Closed(f"the connection was {end}")
        except PeerSilent:
            return Silent(seconds, self.wire.left)
        self._remember(reply)
        return reply

    @property
    def _patience(self) -> float:
        timeouts = self.target.timeouts
        return timeouts.reply if self.replies else max(timeouts.greeting, timeouts.reply)

    def _remember(self, reply: Reply) -> None:
        self.replies += 1
        self.refusals += reply.code >= 400
        self._in_text = False
        self.challenge = reply if reply.code == CHALLENGE else None
        self.has_quit = reply.code == 221
        if self._asks_hello and reply.code == 250:
            self.capabilities = read_capabilities(reply)
        self._asks_hello = False

    async def is_more_coming(self) -> bool:
        """Whether another reply comes soon."""
        await self.wire.silence(GRACE)
        return self.wire.has_more

    async def secure(self, *, named: str | None = None, only: str | None = None) -> None:
        """Shake hands; raises PeerError.  What the target said before counts no more.

        A target that we call by another name, or by none (""), need not show a certificate for it.
        With `only` we speak that version of TLS and no other.
        """
        name: str | None = self.target.tls.server_name or self.address.host
        context = self.context() if only is None else self.context(only)
        if named is not None:
            name, context = named or None, client_context(verify=False)
        await self.wire.start_tls(context, self.target.timeouts.reply, server_name=name)
        self.capabilities = None

    @property
    def contents(self) -> list[bytes]:
        """The contents that were sent: without the mark that ends them, periods un-doubled."""
        return [_content(text) for text in self.texts]

    def next_answer(self) -> bytes:
        """What `{sasl}` stands for now."""
        assert self.sasl is not None, "lint has seen `* sasl` above"
        self.take_challenge()
        answer, self._answer = self._answer, None
        if answer is not None:
            return answer
        initial = self.sasl.initial()
        return b"" if initial is None else encode64(initial) or b"="

    def take_challenge(self) -> None:
        """Tell the last 334 to the mechanism; what it answers waits for `{sasl}`."""
        if self.sasl is None or self.challenge is None:
            return
        challenge = decode64(self.challenge.lines[0].encode())
        self.challenge = None
        answer = None if challenge is None else self.sasl.respond(challenge)
        self._answer = b"*" if answer is None else encode64(answer)


def _content(text: bytes) -> bytes:
    reader = DataReader()
    reader.feed(text)
    content = reader.take()
    return text if content is None else content
