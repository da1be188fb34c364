"""What there is to say about a TLS handshake, above all about one that did not succeed."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

import trio

from harness.certificates import ServerContext, end_point
from harness.errors import PeerClosed, PeerError, TlsFailed, Untrusted
from harness.protocol.sasl.sides import Bindings

_REMEMBERED = 64  # octets


@dataclass(frozen=True, slots=True)
class Handshake:
    """What came of a handshake."""

    version: str
    cipher: str
    certificate: bytes | None  # the server's, as DER


def handshake_of(stream: trio.abc.Stream) -> Handshake | None:
    """What came of the handshake on a stream; None where there was none."""
    if not isinstance(stream, trio.SSLStream):
        return None
    cipher = stream.cipher()
    return Handshake(
        stream.version() or "", cipher[0] if cipher else "", _server_certificate(stream)
    )


class Tap(trio.abc.Stream):
    """Passes everything on and remembers the first octets that came: they tell what is spoken."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self.first = b""

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """What the stream received."""
        octets = await self.stream.receive_some(max_bytes)
        if len(self.first) < _REMEMBERED:
            self.first += bytes(octets[:_REMEMBERED])
        return octets

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send through the stream."""
        await self.stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """Wait for the stream."""
        await self.stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """Close the stream."""
        await self.stream.aclose()


def innermost(stream: trio.abc.Stream) -> trio.abc.Stream:
    """The stream below all layers: a socket, or memory."""
    while isinstance(stream, trio.SSLStream | Tap):
        stream = stream.transport_stream if isinstance(stream, trio.SSLStream) else stream.stream
    return stream


def channel_bindings(stream: trio.abc.Stream) -> Bindings:
    """The channel bindings of a TLS connection by type, as far as Python's ssl tells them.

    tls-exporter (RFC 9266) is among them as soon as Python can make it; tls-unique means nothing in
    TLS 1.3 (RFC 9266 2); tls-server-end-point (RFC 5929 4) is made of the server's certificate.
    """
    if not isinstance(stream, trio.SSLStream):
        return {}
    is_modern = stream.version() == "TLSv1.3"
    if stream.session_reused and not is_modern:
        return {}  # RFC 7677 4: who stands between two resumed sessions could make them look alike
    types = [type for type in ssl.CHANNEL_BINDING_TYPES if type != "tls-unique" or not is_modern]
    bindings = {type: stream.get_channel_binding(type) for type in types}
    certificate = _server_certificate(stream)
    hashed = end_point(certificate) if certificate else None
    return bindings if hashed is None else bindings | {"tls-server-end-point": hashed}


def _server_certificate(stream: trio.SSLStream[trio.abc.Stream]) -> bytes | None:
    if not stream.server_side:
        found: bytes | None = stream.getpeercert(binary_form=True)
        return found
    context = stream.context
    return context.certificate if isinstance(context, ServerContext) else None


def is_cut_short(gone: BaseException) -> bool:
    """Whether TCP ended where TLS had not said so before (RFC 8446 6.1)."""
    cause = gone.__cause__
    return isinstance(cause, ssl.SSLEOFError) or (
        isinstance(cause, ssl.SSLError) and cause.reason == "UNEXPECTED_EOF_WHILE_READING"
    )


def is_tls(octets: bytes) -> bool:
    """Whether a TLS record begins so: an alert or a handshake of version 3 (RFC 8446 5.1)."""
    return octets[:1] in (b"\x15", b"\x16") and octets[1:2] == b"\x03"


def handshake_error(problem: BaseException, first: bytes) -> PeerError:
    """PeerClosed or TlsFailed, by what went wrong and the first octets that came instead."""
    cause = problem.__cause__
    if first and not is_tls(first):
        answer = first.splitlines()[0].decode("ascii", "backslashreplace")
        return TlsFailed(f"the handshake was answered in plain text: {answer}")
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Untrusted(f"the certificate is not trusted: {cause.verify_message}")
    if isinstance(cause, ssl.SSLError) and not is_cut_short(problem):
        return TlsFailed((cause.reason or str(cause)).lower().replace("_", " "))
    return PeerClosed("closed within the TLS handshake")
