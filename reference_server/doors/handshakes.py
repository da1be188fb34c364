"""TLS handshakes on the server's side: with a deadline, and told to whoever watches."""

from __future__ import annotations

import contextlib
import re
import ssl
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, cast

import trio

from harness.wire.tls import Tap
from reference_server.doors.door import Door
from reference_server.server import Server
from reference_server.watching.visits import Handshake


class Sieve(Tap):
    """Keeps what comes before the handshake from TLS, if rules say that anything does.

    By the honest ones nothing does, so TLS meets the first octet, whatever it is.
    """

    def __init__(self, stream: trio.abc.Stream, begins_at: Callable[[bytes], int]) -> None:
        super().__init__(stream)
        self.kept = b""
        self._begins_at: Callable[[bytes], int] | None = begins_at

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """What the stream received, from the handshake on."""
        while self._begins_at is not None:
            octets = bytes(await super().receive_some(max_bytes))
            at = self._begins_at(octets)
            self.kept += octets[:at]
            if octets[at:] or not octets:
                self._begins_at = None
                return octets[at:]
        return await super().receive_some(max_bytes)


async def shake_hands(
    server: Server,
    stream: trio.abc.Stream,
    peer: str,
    door: Door,
    *,
    session: str = "",
    tls: ssl.SSLContext | None = None,
) -> trio.SSLStream[trio.abc.Stream]:
    """The stream inside TLS.  Raises trio's errors if the client cannot, or takes too long."""
    tls = tls or server.tls
    assert tls is not None, "TLS is offered where there is a certificate"
    tls.sni_callback = partial(_look_at_name, server.rules.knows_name)
    words = _Words(tls)
    secured = trio.SSLStream(stream, cast(ssl.SSLContext, words), server_side=True)
    version = problem = ""
    try:
        with trio.fail_after(server.patience.handshake):
            await secured.do_handshake()
        version = secured.version() or ""
    except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
        problem = _why(error)
        await _say(words.unsaid.read(), stream, server.patience.farewell)
        raise
    except trio.TooSlowError:
        problem = "it took too long"
        raise
    finally:
        if version or problem:
            made = Handshake(
                peer=peer, door=door, session=session, version=version, problem=problem
            )
            for watcher in server.watchers:
                watcher.shaken(made)
    return secured


@contextlib.asynccontextmanager
async def impatience(server: Server, stream: trio.abc.Stream) -> AsyncIterator[None]:
    """As long as no handshake has been made, nothing is said; by the rules of a lie it is."""
    seconds = server.rules.speaks_before_tls
    if seconds is None:
        yield
        return
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_speak, server, stream, seconds)
        yield
        nursery.cancel_scope.cancel()


async def _speak(server: Server, stream: trio.abc.Stream, seconds: float) -> None:
    await trio.sleep(seconds)
    greeting = f"220 {server.house.domain} ESMTP, in the clear\r\n"
    await _say(greeting.encode(), stream, server.patience.farewell)


def suite_of(stream: trio.abc.Stream) -> str | None:
    """The registered name of the cipher suite of a TLS stream; None if there is none."""
    cipher = stream.cipher() if isinstance(stream, trio.SSLStream) else None
    return None if cipher is None else registered(cipher[0])


def registered(name: str) -> str | None:
    """The name that a cipher suite has with IANA, by OpenSSL's; None for those out of use."""
    if name.startswith("TLS_"):
        return name
    # Before TLS 1.3 OpenSSL has names of its own, for those in use made in one way.
    match = re.fullmatch(r"(ECDHE|DHE)-([A-Z]+)-(.+?)(?:-(SHA[0-9]*))?", name)
    if match is None:
        return None
    exchange, signature, cipher, digest = match.groups()
    cipher = re.sub(r"AES(\d+)", r"AES_\1", cipher).replace("-", "_")
    return f"TLS_{exchange}_{signature}_WITH_{cipher}_{digest or 'SHA256'}"


class _Words:
    """A context that remembers where its words are put: trio sends none once they have failed."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self.unsaid = ssl.MemoryBIO()
        self._tls = tls

    def wrap_bio(
        self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, **options: Any
    ) -> ssl.SSLObject:
        """What the context itself makes of them."""
        self.unsaid = outgoing
        return self._tls.wrap_bio(incoming, outgoing, **options)


async def _say(alert: bytes, stream: trio.abc.Stream, seconds: float) -> None:
    """Tell the client why (RFC 8446 6.2), if it still listens."""
    with (
        contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError),
        trio.move_on_after(seconds),
    ):
        if alert:
            await stream.send_all(alert)


def _look_at_name(
    knows: Callable[[str | None], bool], connection: object, name: str | None, context: object
) -> int | None:
    return None if knows(name) else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME


def _why(error: Exception) -> str:
    """OpenSSL's word for what went wrong, which holds nothing that the client said."""
    cause = error.__cause__
    if isinstance(cause, ssl.SSLError) and cause.reason:
        return cause.reason.lower().replace("_", " ")
    return "the client left"
