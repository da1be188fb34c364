"""A wire: one connection, either end of it, with patience and a log.

Reading goes on while a long write is under way, for a server may have to get replies out before
it can read more (RFC 2920 3.1).  A peer that hangs up while we write is no error of the write:
what it said before is read first, and the end is met where the next reply is due.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import trio

from harness.errors import PeerClosed, PeerSilent
from harness.protocol.replies import LINE_LIMIT, Reply, ReplyReader
from harness.protocol.sasl.sides import Bindings
from harness.visible import excerpt
from harness.wire.log import Log, masked
from harness.wire.tls import (
    Handshake,
    Tap,
    channel_bindings,
    handshake_error,
    handshake_of,
    innermost,
    is_cut_short,
)

_RECEIVE = 65_536
_BLOCK = 65_536  # a peer must read so much within our patience
_AHEAD = 1_048_576  # octets that we take in before anybody wants them
_SMALL = 16_384  # surely fits into the buffers between two hosts: nobody need read meanwhile

_GONE = (trio.BrokenResourceError, trio.ClosedResourceError)


@dataclass(frozen=True, slots=True)
class Piece:
    """Octets that go out in a segment of their own, and a pause after them."""

    octets: bytes
    pause: float = 0.0


class Wire:
    """One connection."""

    def __init__(self, stream: trio.abc.Stream, log: Log, *, name: str = "", we: str = "C") -> None:
        self.name = name
        self.log = log
        self.is_secure = False
        self.is_end_announced = False  # by TLS: an end that anybody could make is not
        self.ended = ""  # how the other end went away: "closed" or "reset"
        self.code = 0  # of the last reply that was taken, or said
        self.last = -1  # the exchange that was last taken
        self._stream = stream
        self._we, self._they = we, "S" if we == "C" else "C"
        self._reader = ReplyReader()
        self._replies: deque[tuple[Reply, int]] = deque()
        self._received = bytearray()  # at the server's end, where lines are read
        self._writable = True
        self._ended_at = -1  # the exchange that tells of the end
        # Our port, or None where there are no ports.
        self.local_port = (
            stream.socket.getsockname()[1] if isinstance(stream, trio.SocketStream) else None
        )

    # --- what we say -------------------------------------------------------------------------

    async def send(self, pieces: Sequence[Piece] | bytes, patience: float) -> None:
        """Write; raises PeerSilent if the other end does not read it in time."""
        if isinstance(pieces, bytes):
            pieces = [Piece(pieces)] if pieces else []
        octets = b"".join(piece.octets for piece in pieces)
        if not octets:
            return
        shown = masked(octets, code=self.code) if self._we == "C" else octets
        if not self._writable:
            self.log.happened(f"too late to say {_beginning(shown)}", self.name)
            return
        self.last = self.log.spoke(self._we, shown, self.name)
        if self._we == "S":
            self.code = _last_code(octets)
        if len(octets) <= _SMALL:
            is_read = await self._transmit(pieces, patience)
        else:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._keep_reading)
                is_read = await self._transmit(pieces, patience)
                nursery.cancel_scope.cancel()
        if not is_read:
            self._writable = False
            self.last = self.log.happened(f"not read within {patience:g} s", self.name)
            if self.ended:
                return  # it hung up while we wrote, and what it said before is still to be read
            raise PeerSilent(f"what we say has not been read for {patience:g} s")

    async def _transmit(self, pieces: Sequence[Piece], patience: float) -> bool:
        """Write it all, as long as there is an end to write to: whether that end reads."""
        for piece in pieces:
            for at in range(0, len(piece.octets), _BLOCK):
                with trio.move_on_after(patience) as waiting:
                    await self._transmit_block(piece.octets[at : at + _BLOCK])
                if waiting.cancelled_caught or not self._writable:
                    return not waiting.cancelled_caught
            if piece.pause:
                await trio.sleep(piece.pause)
        return True

    async def _transmit_block(self, octets: bytes) -> None:
        try:
            await self._stream.send_all(octets)
        except _GONE:
            self._writable = False
            self.log.happened("could not write: the other end is gone", self.name)

    async def _keep_reading(self) -> None:
        """Take in what comes, but not for ever: who floods us must not fill our memory."""
        taken = 0
        while not self.ended and taken < _AHEAD:
            taken += await self._pull()

    # --- what they say -----------------------------------------------------------------------

    async def reply(self, patience: float) -> Reply:
        """The next reply; raises PeerClosed or PeerSilent if none comes in time."""
        with trio.move_on_after(patience):
            while not self._replies:
                self._raise_if_ended()
                await self._pull()
        if not self._replies:
            raise self._silent(patience, self._reader.left)
        reply, self.last = self._replies.popleft()
        self.code = reply.code
        return reply

    async def line(self, patience: float) -> bytes:
        """The next line with its end, at the server's end of the wire; LF ends it too.

        One of more than LINE_LIMIT octets comes in parts.
        """
        searched = 0
        with trio.move_on_after(patience):
            while not self._end_of_line(searched):
                searched = len(self._received)
                self._raise_if_ended()
                await self._pull()
        end = self._end_of_line(searched)
        if not end:
            raise self._silent(patience, self.left)
        line = bytes(self._received[:end])
        del self._received[:end]
        self.last = self.log.spoke(self._they, masked(line, code=self.code), self.name)
        return line

    def _end_of_line(self, searched: int) -> int:
        """How many octets the first line has; 0 if its end has not come."""
        end = self._received.find(b"\n", searched, LINE_LIMIT) + 1
        return end or (LINE_LIMIT if len(self._received) >= LINE_LIMIT else 0)

    async def silence(self, seconds: float) -> bool:
        """Whether nothing came for so long and the other end stayed."""
        with trio.move_on_after(seconds):
            while not (self.has_more or self.ended):
                await self._pull()
        return not (self.has_more or self.ended)

    async def rest(self, seconds: float) -> None:
        """Say nothing for so long; what comes meanwhile is taken later, but timed now."""
        end = trio.current_time() + seconds
        with trio.move_on_at(end):
            await self._keep_reading()
        await trio.sleep_until(end)

    @property
    def has_more(self) -> bool:
        """Whether something has come that nobody took: a reply, or part of one or of a line."""
        return bool(self._replies or self._reader.is_midway or self._received)

    @property
    def left(self) -> bytes:
        """What has come and is neither a reply nor a line yet, passwords hidden."""
        return self._reader.left or masked(bytes(self._received), code=self.code)

    async def _pull(self) -> int:
        """Wait for octets, or for the end; how many octets came."""
        try:
            octets = bytes(await self._stream.receive_some(_RECEIVE))
        except _GONE as gone:
            # Hardly any mail server says close_notify, so an end without it is an end all the same.
            self._end("closed" if is_cut_short(gone) else "reset")
            return 0
        if not octets:
            self.is_end_announced = self.is_secure
            self._end("closed")
        elif self._we == "S":
            self._received += octets
        else:
            self._reader.feed(octets)
            while (reply := self._reader.take()) is not None:
                at = self.log.spoke(self._they, reply.octets, self.name)
                self._replies.append((reply, at))
        return len(octets)

    def _end(self, how: str) -> None:
        self.ended = how
        if self.left:
            self.log.spoke(self._they, self.left, self.name)
        self._ended_at = self.log.happened(f"{how} by the other end", self.name)

    def _raise_if_ended(self) -> None:
        if self.ended:
            self.last = self._ended_at
            what = "reply" if self._we == "C" else "line"
            left = f" in the middle of a {what}: {excerpt(self.left)}" if self.left else ""
            raise PeerClosed(self.ended + left)

    def _silent(self, patience: float, left: bytes) -> PeerSilent:
        begun = f", but for the beginning {excerpt(left)}" if left else ""
        words = f"nothing for {patience:g} s{begun}"
        self.last = self.log.happened(words, self.name)
        return PeerSilent(words)

    @property
    def bindings(self) -> Bindings:
        """What stands for this TLS connection in an exchange that is bound to it (RFC 5056)."""
        return channel_bindings(self._stream)

    @property
    def handshake(self) -> Handshake | None:
        """What came of the TLS handshake; None without one."""
        return handshake_of(self._stream)

    # --- what happens to the wire --------------------------------------------------------------

    async def start_tls(
        self, context: ssl.SSLContext, patience: float, *, server_name: str | None = None
    ) -> None:
        """Shake hands; raises TlsFailed, PeerClosed or PeerSilent.  What came before is dropped."""
        # Whatever stands in front of the handshake was said by anybody (RFC 3207 4.2).
        dropped = b"".join(reply.octets for reply, _ in self._replies) + self._reader.clear()
        self._replies.clear()
        if dropped or self._received:
            self.log.happened(f"dropped what came before TLS: {excerpt(dropped)}", self.name)
        self._received.clear()
        tap = Tap(self._stream)
        secured = trio.SSLStream(
            tap, context, server_hostname=server_name, server_side=self._we == "S"
        )
        with trio.move_on_after(patience) as waiting:
            try:
                await secured.do_handshake()
            except _GONE as problem:
                error = handshake_error(problem, tap.first)
                self._writable, self.ended = False, "closed"
                self.last = self._ended_at = self.log.happened(f"no TLS: {error}", self.name)
                raise error from problem
        if waiting.cancelled_caught:
            raise self._silent(patience, tap.first)
        self._stream = secured
        self.is_secure = True
        version, cipher = secured.version(), secured.cipher()
        self.log.happened(f"{version}, {cipher[0] if cipher else ''}", self.name)

    async def half_close(self) -> None:
        """Say no more, and go on listening."""
        self.log.happened("we half-close: no more octets from us", self.name)
        self._writable = False
        stream = innermost(self._stream)
        assert isinstance(stream, trio.abc.HalfCloseableStream)
        with contextlib.suppress(*_GONE):  # if it has gone already, the next read will tell
            await stream.send_eof()

    async def reset(self) -> None:
        """Let the connection go with a TCP reset."""
        self.log.happened("we reset the connection", self.name)
        stream = innermost(self._stream)
        if isinstance(stream, trio.SocketStream):
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self._let_go()

    async def aclose(self) -> None:
        """Close our end, whatever the other end still says."""
        if not self.ended:
            self.log.happened("we close", self.name)
        await self._let_go()

    async def _let_go(self) -> None:
        self.ended = self.ended or "closed"
        self._writable = False
        with trio.CancelScope(shield=True):  # who is interrupted closes all the same
            await trio.aclose_forcefully(self._stream)


def _beginning(octets: bytes) -> str:
    line = octets.splitlines()[0].decode("utf-8", "backslashreplace")
    return line if len(line) <= 40 else f"{line[:40]}..."


def _last_code(replies: bytes) -> int:
    """The code of the last of the replies in one write; 0 if that is none."""
    code = replies.rstrip(b"\r\n").rpartition(b"\n")[2][:3]
    return int(code) if code.isdigit() else 0
