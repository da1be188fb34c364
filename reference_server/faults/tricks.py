"""Doing a trick on a stream: what is said, how, how fast we read, and how we go.

Everything here works on any stream.  What needs a socket (a reset, a small window) is done where
there is one and is a plain close, or nothing, on a stream without.
"""

from __future__ import annotations

import select
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

import trio

from harness.protocol.replies import CLOSING
from reference_server.doors.sockets import SocketStream
from reference_server.faults.model import Drop, Split, Trick

Act = Callable[[trio.abc.Stream], Awaitable[None]]
Excuse = Callable[[float], None]  # of so many seconds, which we take ourselves
Say = Callable[[bytes, trio.abc.Stream], Awaitable[None]]

LONGEST_SILENCE: Final = 3_600.0  # seconds; nobody is held for ever
TAKING: Final = 300.0  # seconds within which a client must take what we say
_SMALL_WINDOW: Final = 2_048  # octets that the system may take in for us while we read slowly
_LOOK: Final = 1.0  # seconds between looks for whether a client that we do not read has left
_HANG_UP: Final = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR


class LetGo(trio.BrokenResourceError):
    """We let the connection go on purpose; who talks ends as if the client had left."""


def speaks(trick: Trick) -> bool:
    """Whether anything is said: a drop or silence alone stands for the reply."""
    if not (trick.drop or trick.silent):
        return True
    return trick.truncate is not None or bool(
        trick.reply or trick.garbage or trick.line_ends or trick.split
    )


def mangled(trick: Trick, octets: bytes) -> bytes:
    """What gets out of a reply."""
    if trick.garbage:
        octets = trick.garbage
    elif trick.line_ends == "lf":
        octets = octets.replace(b"\r\n", b"\n")
    return octets[: trick.truncate]


def pieces(octets: bytes, split: Split) -> Iterator[bytes]:
    """The octets in the writes that they go out by."""
    size, begin = split.pieces, 0
    cuts = [split.after or 0] if size is None else range(size, len(octets), size)
    for cut in cuts:
        yield octets[begin:cut]
        begin = cut
    yield octets[begin:]


async def say(trick: Trick, octets: bytes, stream: trio.abc.Stream) -> None:
    """Send a reply as the trick has it."""
    octets = mangled(trick, octets)
    split = trick.split or Split(after=len(octets))
    for piece in filter(None, pieces(octets, split)):
        with trio.fail_after(TAKING):
            await stream.send_all(piece)
        if split.pause:
            await trio.sleep(split.pause)


async def end(trick: Trick, stream: trio.abc.Stream, *, reading: bool = True) -> None:
    """Go silent, or go, if the trick says so; raises LetGo then.

    Without `reading`, nothing is taken from the client any more: it cannot even get rid of what it
    has to say.
    """
    if trick.silent:
        with trio.move_on_after(LONGEST_SILENCE):
            await (_read_to_the_end(stream) if reading else _wait_for_the_end(stream))
        raise LetGo("silent to the end")
    if trick.drop is Drop.RESET:
        prepare_reset(stream)
    if trick.drop is not None:
        await trio.aclose_forcefully(stream)  # without TLS's last word, too
        raise LetGo("dropped")


async def _read_to_the_end(stream: trio.abc.Stream) -> None:
    while await stream.receive_some(65_536):
        pass


async def _wait_for_the_end(stream: trio.abc.Stream) -> None:
    sock = socket_of(stream)
    if sock is None:
        await trio.sleep_forever()
    assert sock is not None
    poll = select.poll()
    poll.register(sock, _HANG_UP)
    while not poll.poll(0):  # noqa: ASYNC110 - the system tells nobody of it
        await trio.sleep(_LOOK)


def prepare_reset(stream: trio.abc.Stream) -> None:
    """Let the close that follows be a reset."""
    sock = socket_of(stream)
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def socket_of(stream: trio.abc.Stream) -> socket.socket | None:
    """The socket below all layers, if there is one."""
    while not isinstance(stream, SocketStream):
        if isinstance(stream, trio.SSLStream):
            stream = stream.transport_stream
        elif isinstance(stream, Layer):
            stream = stream.below
        else:
            return None
    return stream.socket


class Layer(trio.abc.Stream):
    """A stream over a stream that passes everything on."""

    def __init__(self, below: trio.abc.Stream) -> None:
        self.below = below

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """What the stream below received."""
        return await self.below.receive_some(max_bytes)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send through the stream below."""
        await self.below.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """Wait for the stream below."""
        await self.below.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """Close the stream below."""
        await self.below.aclose()


class Slow(Layer):
    """Reads no more than so many octets a second; whoever is slowed down is excused for it."""

    def __init__(self, below: trio.abc.Stream, rate: float, excuse: Excuse | None = None) -> None:
        super().__init__(below)
        self.excuse = excuse
        self._rate = rate
        self._owed = 0.0  # seconds for what has been read
        sock = socket_of(below)
        if sock is not None:  # or the system would read on for us, by the megabyte
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_WINDOW)

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """A second's worth of octets at most, once what was read before is paid for."""
        if self.excuse is not None:
            self.excuse(self._owed)
        await trio.sleep(self._owed)
        most = min(max_bytes or 65_536, max(int(self._rate), 1))
        octets = await self.below.receive_some(most)
        self._owed = len(octets) / self._rate
        return octets


class Midway(Layer):
    """Does something once so many octets have been read."""

    def __init__(self, below: trio.abc.Stream, after: int, act: Act) -> None:
        super().__init__(below)
        self._left = after
        self._act = act

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """What the stream below received, up to where something is to be done."""
        if self._left <= 0:
            return await self.below.receive_some(max_bytes)
        octets = await self.below.receive_some(min(max_bytes or 65_536, self._left))
        self._left -= len(octets)
        if self._left == 0:
            await self._act(self.below)
        return octets


class FirstWords(Layer):
    """Says what is sent first in a way of its own."""

    def __init__(self, below: trio.abc.Stream, say: Say) -> None:
        super().__init__(below)
        self._say: Say | None = say

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send through the stream below; the first octets as they are to be said."""
        say, self._say = self._say, None
        if say is None:
            await self.below.send_all(data)
        else:
            await say(bytes(data), self.below)


async def interrupt(trick: Trick, stream: trio.abc.Stream) -> None:
    """What a trick does where no reply is due, but for its delay: amid a text, before TLS."""
    if trick.reply is not None or trick.garbage:
        await say(trick, b"" if trick.reply is None else trick.reply.octets, stream)
    await end(trick, stream, reading=False)
    if trick.reply is not None and trick.reply.code == CLOSING:
        raise LetGo("421")
