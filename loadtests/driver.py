"""Steps a sending flow from libev's read callback: no greenlet is switched for an exchange.

One persistent watcher a connection calls `_readable` in the hub, while the greenlet that asked for
the flow sleeps from its first exchange to its end.  So nothing here may block but `run`, and no
exception may leave a callback: gevent would print it, and `run` would never return.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any, Final, TypeVar

import gevent
from gevent import monkey
from gevent.event import AsyncResult

from harness.errors import PeerClosed, PeerError, PeerSilent, Refused
from harness.protocol.replies import CLOSING, Reply, ReplyReader
from harness.protocol.sender import Exchange, Flow

READABLE, WRITABLE = 1, 2  # libev's EV_READ and EV_WRITE
CHUNK = 65_536  # octets read at once

# What stands for the replies that will never come.  A flow takes a 421 for the last reply there
# is, which is just what the loss of the peer means; who hears of it knows this one by identity.
GONE: Final = Reply(CLOSING, b"")

Socket: Any = monkey.get_original("socket", "socket")  # Locust puts gevent's in its place

# An exchange, its replies, and when it was sent, when the first reply came and when the last.
Observe = Callable[[Exchange, tuple[Reply, ...], float, float, float], None]
_T = TypeVar("_T")


class Unasked(PeerError):
    """The other end said more than was asked: whose answer the next reply is, nobody knows."""


class Lost(PeerError):
    """The connection ended before its flow did."""

    def __init__(self, stage: str, cause: PeerError) -> None:
        super().__init__(f"{stage}: {cause}")
        self.stage = stage
        self.cause = cause


class Connection:
    """A connected socket, and the flow that runs on it."""

    def __init__(self, fileno: int, *, observe: Observe, patience: float) -> None:
        self._socket = Socket(fileno=fileno)
        self._socket.setblocking(False)
        self._observe = observe
        self._patience = patience
        self._reader = ReplyReader()
        self._replies: list[Reply] = []  # that have come and were not handed on
        self._unsent = memoryview(b"")
        self._flow: Flow[Any] | None = None
        self._exchange = Exchange((), b"")
        self._wanted = 0  # replies to the exchange under way; 0 if there is none
        self._sent_at = self._first_at = self._moved_at = perf_counter()
        self._trouble: PeerError | None = None  # the connection is good for nothing any more
        self._ended = AsyncResult()
        self._loop = gevent.get_hub().loop
        self._input = self._loop.io(fileno, READABLE)
        self._output = self._loop.io(fileno, WRITABLE)
        self._alarm = self._loop.timer(patience)
        self._input.start(self._readable)
        self._alarm.start(self._look_at_the_clock)

    def run(self, flow: Flow[_T]) -> _T:
        """Run a flow to its end, and sleep meanwhile; raises what it raises, or `Lost`."""
        self._flow = flow
        self._ended = AsyncResult()
        try:
            self._step(None)
            result: _T = self._ended.get()
            return result
        finally:
            self._wanted = 0
            self._flow = None
            flow.close()

    def close(self) -> None:
        """Let go of the socket and its watchers; nothing can be run any more."""
        for watcher in (self._input, self._output, self._alarm):
            watcher.stop()
            watcher.close()
        self._socket.close()

    # --- called by libev, in the hub -------------------------------------------------------------

    def _readable(self) -> None:
        try:
            octets = self._socket.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(PeerClosed(error.strerror or "reset"))
            return
        if not octets:
            self._lose(PeerClosed("closed"))
            return
        now = self._moved_at = perf_counter()
        replies, reader = self._replies, self._reader
        if not replies:
            self._first_at = now
        reader.feed(octets)
        while (reply := reader.take()) is not None:
            replies.append(reply)
        if self._unsent and len(replies) > self._wanted:
            self._distrust()  # who floods us while we write must not fill our memory
        else:
            self._look_at_replies(now)

    def _writable(self) -> None:
        self._output.stop()
        self._moved_at = perf_counter()
        self._write(self._unsent)
        self._look_at_replies(self._moved_at)

    def _look_at_the_clock(self) -> None:
        # Waiting is cheaper than setting an alarm for each exchange: libev's manual, "Be smart
        # about timeouts", number 3.
        now = perf_counter()
        if not self._wanted:
            self._moved_at = now
        left = self._moved_at + self._patience - now
        if left <= 0:
            self._lose(PeerSilent("silent"))
            return
        self._alarm.stop()
        self._alarm.close()
        self._alarm = self._loop.timer(left)
        self._alarm.start(self._look_at_the_clock)

    # --- between the socket and the flow ---------------------------------------------------------

    def _step(self, replies: tuple[Reply, ...] | None) -> None:
        """Hand the flow its replies, and do what it wants next."""
        assert self._flow is not None, "a flow is being run"
        try:
            wish = self._flow.send(replies)  # type: ignore[arg-type]  # None to begin with
        except StopIteration as done:
            self._ended.set(done.value)
        except Refused as refused:
            self._ended.set_exception(self._explained(refused))
        except Exception as error:
            self._ended.set_exception(error)
        else:
            assert isinstance(wish, Exchange), "targets that want TLS were refused before the run"
            self._start(wish)

    def _explained(self, refused: Refused) -> PeerError:
        if refused.reply is not GONE or self._trouble is None:
            return refused
        return Lost(refused.doing, self._trouble)

    def _start(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._wanted = len(exchange.names)
        self._sent_at = self._moved_at = perf_counter()
        if self._trouble is not None:
            self._give_up()
        elif not self._replies:
            if exchange.octets:  # the greeting is only waited for
                self._write(exchange.octets)
        elif self._replies[0].code == CLOSING or not exchange.octets:
            self._look_at_replies(self._sent_at)  # nothing needs saying to hear this
        else:
            self._distrust()

    def _distrust(self) -> None:
        self._replies.clear()
        self._lose(Unasked("a reply that nothing asked for"))

    def _write(self, octets: bytes | memoryview) -> None:
        try:
            sent = self._socket.send(octets)
        except BlockingIOError:
            sent = 0
        except OSError:
            sent = len(octets)  # who went away may have said why: reading finds it, or the end
        if sent < len(octets):
            self._unsent = memoryview(octets)[sent:]
            self._output.start(self._writable)
        elif self._unsent:
            self._unsent = memoryview(b"")

    def _look_at_replies(self, now: float) -> None:
        replies, wanted = self._replies, self._wanted
        if not wanted or not replies or self._unsent:
            return
        if len(replies) == wanted:
            given = tuple(replies)
            replies.clear()
        elif len(replies) > wanted or replies[-1].code == CLOSING:
            given = tuple(replies[:wanted])
            del replies[:wanted]
        else:
            return
        self._answer(given, now)

    def _answer(self, replies: tuple[Reply, ...], now: float) -> None:
        self._wanted = 0
        try:
            self._observe(self._exchange, replies, self._sent_at, self._first_at, now)
        except Exception as error:
            self._ended.set_exception(error)
        else:
            self._step(replies)

    def _lose(self, trouble: PeerError) -> None:
        self._trouble = trouble
        self._input.stop()  # the end of a stream stays readable for ever
        self._output.stop()
        self._unsent = memoryview(b"")
        if self._wanted:
            self._give_up()

    def _give_up(self) -> None:
        """The replies that came are handed on, with one behind them that says it was all."""
        replies = tuple(self._replies[: self._wanted])
        self._replies.clear()
        if len(replies) < self._wanted and not (replies and replies[-1].code == CLOSING):
            replies += (GONE,)
        self._answer(replies, perf_counter())
