"""TLS without a socket: octets in, octets out, so that it is stepped like everything else.

A server's sessions are kept for a share of later connections: a client that comes back resumes
(RFC 8446 2.2), and that costs a server a fraction of a full handshake.
"""

from __future__ import annotations

import contextlib
import random
import ssl
from collections import deque
from typing import Final

from harness.errors import PeerClosed, PeerError, TlsFailed, Untrusted

TLS: Final = "TLS"  # the stage of the handshake
KEPT = 64  # sessions that wait to be resumed
CHUNK: Final = 4_096  # octets read at once: replies are short, and room for more is not free


class TlsClient:
    """How we meet servers inside TLS: which certificates will do, and how many sessions resume."""

    def __init__(
        self,
        context: ssl.SSLContext,
        *,
        server_name: str | None,
        resume: float = 0.0,
        source: random.Random | None = None,
    ) -> None:
        self._context = context
        self._server_name = server_name
        self._resume = resume
        self._source = source or random.Random()
        self._sessions: deque[ssl.SSLSession] = deque(maxlen=KEPT)

    def begin(self) -> Tunnel:
        """A tunnel whose handshake has still to be done."""
        return Tunnel(self._context, self._server_name, self._session())

    def keep(self, tunnel: Tunnel) -> None:
        """Remember the session of a tunnel for later connections."""
        session = tunnel.session
        if self._resume and session is not None and (session.has_ticket or tunnel.has_ids):
            self._sessions.append(session)

    def _session(self) -> ssl.SSLSession | None:
        if not self._sessions or self._source.random() >= self._resume:
            return None
        # RFC 8446 C.4: a ticket is used once, where there are others.
        return self._sessions.pop() if len(self._sessions) > 1 else self._sessions[0]


class Tunnel:
    """The client's end of one TLS connection."""

    __slots__ = ("_feed", "_from_peer", "_read", "_take", "_tls", "_write", "is_up", "to_peer")

    def __init__(
        self, context: ssl.SSLContext, server_name: str | None, session: ssl.SSLSession | None
    ) -> None:
        self._from_peer = ssl.MemoryBIO()
        self.to_peer = ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._from_peer, self.to_peer, server_hostname=server_name, session=session
        )
        # The methods of SSLObject only call those of its inner object: four calls for each message.
        inner = getattr(self._tls, "_sslobj", self._tls)
        self._read, self._write = inner.read, inner.write
        self._feed, self._take = self._from_peer.write, self.to_peer.read
        self.is_up = False

    @property
    def session(self) -> ssl.SSLSession | None:
        """What a later connection can resume; the server may have sent it after the handshake."""
        return self._tls.session

    @property
    def has_ids(self) -> bool:
        """Whether a session without a ticket may be resumed: RFC 8446 2.2 says no."""
        return self._tls.version() != "TLSv1.3"

    @property
    def is_resumed(self) -> bool:
        """Whether the handshake was short, because the server knew us."""
        return self.is_up and bool(self._tls.session_reused)

    def shake(self, octets: bytes = b"") -> bytes:
        """Go on with the handshake; what is to be sent for it.  Raises PeerError if it failed."""
        self._feed(octets)
        try:
            self._tls.do_handshake()
            self.is_up = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as problem:
            raise handshake_error(problem) from None
        return self._take()

    def open(self, octets: bytes) -> bytes:
        """What they said in these octets, if anything yet; raises PeerError if it was the end."""
        self._feed(octets)
        opened = b""
        try:
            # Most often one record has come, and asking for another would raise an exception.
            while piece := self._read(CHUNK):
                opened = opened + piece if opened else piece
                if len(piece) < CHUNK and not self._from_peer.pending:
                    return opened
        except ssl.SSLWantReadError:
            return opened
        except ssl.SSLError as problem:
            if opened:
                return opened  # the end will show again
            if not isinstance(problem, ssl.SSLZeroReturnError):
                raise TlsFailed(_words(problem)) from None
        if opened:
            return opened
        raise PeerClosed("closed")

    def seal(self, octets: bytes) -> bytes:
        """The octets as they go over the wire; raises PeerError if the tunnel has broken down."""
        try:
            self._write(octets)
        except ssl.SSLError as problem:
            raise TlsFailed(_words(problem)) from None
        return self._take()

    def unsent(self) -> bytes:
        """What TLS itself has to say: most often nothing."""
        return self._take()

    def bid_farewell(self) -> bytes:
        """The alert that says that nothing more will come (RFC 8446 6.1)."""
        with contextlib.suppress(ssl.SSLError):  # its answer is not waited for
            self._tls.unwrap()
        return self._take()


def handshake_error(problem: ssl.SSLError) -> PeerError:
    """What a failed handshake means, in words that are the same for the same kind."""
    if isinstance(problem, ssl.SSLCertVerificationError):
        return Untrusted(f"the certificate is not trusted: {problem.verify_message}")
    return TlsFailed(_words(problem))


def _words(problem: ssl.SSLError) -> str:
    return (problem.reason or str(problem)).lower().replace("_", " ")
