"""A connected socket and the flow that runs on it, stepped from libev's callbacks.

One persistent watcher a connection calls `_readable` in the hub, while the greenlet that asked for
the flow sleeps from its first exchange to its end.  So nothing here may block but `run`, and no
exception may leave a callback: gevent would print it, and `run` would never return.
"""

from __future__ import annotations

from collections.abc import Callable
from os import read
from time import perf_counter
from typing import Any, Final, TypeVar

from gevent.event import AsyncResult

from harness.errors import PeerClosed, PeerError, PeerSilent, Refused, TlsFailed
from harness.protocol.replies import CLOSING, Reply
from harness.protocol.sender import Exchange, Pause, PausingFlow
from loadtests.driving.ends import GONE, Lost, Unasked, explained
from loadtests.driving.familiar import Familiar
from loadtests.driving.hearing import Hearing
from loadtests.driving.own import Own
from loadtests.driving.speaking import READABLE, Speaker
from loadtests.driving.tunnel import CHUNK, TLS, TlsClient, Tunnel

_NOTHING: Final = Exchange((), b"")
_HANDSHAKE: Final = Exchange((TLS,), b"")
_UNASKED: Final = "a reply that nothing asked for"

# An exchange, its replies, and when it was sent, when its last octet had been handed to the kernel,
# when the first reply came and when the last.  A handshake is one without replies.
Observe = Callable[[Exchange, tuple[Reply, ...], float, float, float, float], None]
_T = TypeVar("_T")


class Connection(Speaker):
    """A connected socket, and the flow that runs on it."""

    __slots__ = (
        "_alarm",
        "_ended",
        "_exchange",
        "_familiar",
        "_first_at",
        "_flow",
        "_handshaking",
        "_hearing",
        "_input",
        "_is_kept",
        "_observe",
        "_own",
        "_patience",
        "_replies",
        "_rest",
        "_sent_at",
        "_tls",
        "_trouble",
        "_tunnel",
        "_wanted",
    )  # so many attributes share no dictionary, and are slow to find in one

    def __init__(
        self,
        fileno: int,
        *,
        observe: Observe,
        patience: float,
        own: Own | None = None,
        familiar: Familiar | None = None,
        tls: TlsClient | None = None,
        pace: float | None = None,
    ) -> None:
        """`pace` is how many octets a second a slow talker writes."""
        super().__init__(fileno, pace)
        self._observe = observe
        self._patience = patience
        self._own = own or Own()
        self._familiar = familiar or Familiar()
        self._tls = tls
        self._tunnel: Tunnel | None = None
        self._hearing = Hearing(self._familiar)
        self._replies = self._hearing.replies
        self._flow: PausingFlow[Any] | None = None
        self._exchange = _NOTHING
        self._wanted = 0  # replies to the exchange under way; 0 if there is none
        self._handshaking = False
        self._is_kept = False  # our TLS session, for others to resume
        self._sent_at = self._first_at = self._moved_at
        self._trouble: PeerError | None = None  # the connection is good for nothing any more
        self._ended = AsyncResult()
        self._input = self._loop.io(fileno, READABLE)
        self._alarm = self._loop.timer(patience)
        self._rest: Any = None  # the timer of a pause
        self._input.start(self._readable)
        self._alarm.start(self._look_at_the_clock)

    @property
    def is_resumed(self) -> bool:
        """Whether a TLS session was resumed here."""
        return self._tunnel is not None and self._tunnel.is_resumed

    def run(self, flow: PausingFlow[_T]) -> _T:
        """Run a flow to its end, and sleep meanwhile; raises what it raises, or `Lost`."""
        self._flow = flow
        self._ended = AsyncResult()
        try:
            self._step(None)
            result: _T = self._ended.get()
            return result
        finally:
            self._wanted = 0
            self._handshaking = False
            self._stop_resting()
            self._flow = None
            flow.close()

    def be_patient(self, seconds: float) -> None:
        """Wait so long for each reply from now on, and not as long as it was said before."""
        self._patience = seconds
        self._set_alarm(seconds)

    def wake(self) -> None:
        """End a pause, if there is one, before its time."""
        if self._rest is not None:
            self._stop_resting()
            self._step(())

    def close(self) -> None:
        """Let go of the socket and its watchers; nothing can be run any more."""
        if self._tunnel is not None and self._trouble is None and not self._unsent:
            self._push(self._tunnel.bid_farewell())
        self._stop_resting()
        self._stop_speaking()
        for watcher in (self._input, self._alarm):
            watcher.stop()
            watcher.close()
        self._socket.close()

    # --- called by libev, in the hub -------------------------------------------------------------

    def _readable(self) -> None:
        try:
            octets = read(self._fileno, CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(PeerClosed(error.strerror or "reset"))
            return
        now = perf_counter()
        tunnel = self._tunnel
        if tunnel is not None and octets:
            if not tunnel.is_up:
                self._first_at = now
                self._shake(tunnel, octets)
                if not tunnel.is_up:
                    return
                octets, now = b"", perf_counter()
            octets = self._opened(tunnel, octets)
            if not octets:
                return
        known = self._familiar.get(octets)
        if (
            known is not None
            and len(known) == self._wanted
            and not (self._replies or self._unsent or self._hearing.is_within)
        ):
            self._first_at = now
            self._answer(known, now)
        elif octets:
            self._read(octets, now)
        else:
            self._lose(PeerClosed("closed"))

    def _read(self, octets: bytes, now: float) -> None:
        """What nobody has said before in just these octets."""
        replies = self._replies
        known = len(replies)
        if not known:
            self._first_at = now
        self._hearing.take(octets)
        if len(replies) > known:
            self._moved_at = now  # what is no reply yet moves nothing: it may never be one
            if self._hearing.is_endless:
                self._distrust("a reply that does not end")
                return
        if self._unsent and len(replies) > self._wanted:
            self._distrust(_UNASKED)  # who floods us while we write must not fill our memory
        elif self._rest is not None:
            self._end_rest()
        else:
            self._look_at_replies(now)

    def _look_at_the_clock(self) -> None:
        # Waiting is cheaper than setting an alarm for each exchange: libev's manual, "Be smart
        # about timeouts", number 3.
        now = perf_counter()
        if not self._wanted and not self._handshaking:
            self._moved_at = now
        left = self._moved_at + self._patience - now
        if left <= 0:
            self._lose(PeerSilent("silent"))
            return
        self._set_alarm(left)

    def _set_alarm(self, seconds: float) -> None:
        self._alarm.stop()
        self._alarm.close()
        self._alarm = self._loop.timer(seconds)
        self._alarm.start(self._look_at_the_clock)

    # --- between the socket and the flow ---------------------------------------------------------

    def _step(self, replies: tuple[Reply, ...] | None) -> None:
        """Hand the flow its replies, and do what it wants next."""
        flow = self._flow
        assert flow is not None, "a flow is being run"
        try:
            wish = flow.send(replies)  # type: ignore[arg-type]  # None to begin with
            while not isinstance(wish, Exchange):
                at_once = self._pause(wish.until) if isinstance(wish, Pause) else self._secure()
                if at_once is None:
                    return
                wish = flow.send(at_once)
        except StopIteration as done:
            self._ended.set(done.value)
        except Refused as refused:
            self._ended.set_exception(explained(refused, self._trouble))
        except Exception as error:
            self._ended.set_exception(error)
        else:
            self._start(wish)

    def _start(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._wanted = len(exchange.names)
        self._sent_at = self._written_at = self._moved_at = perf_counter()
        octets = exchange.octets
        if self._trouble is not None:
            self._give_up()
        elif self._replies:
            if octets and self._replies[0].code != CLOSING:
                self._distrust(_UNASKED)
            else:  # nothing needs saying to hear this
                self._look_at_replies(self._sent_at)
        elif octets:  # the greeting is only waited for
            try:
                self._push(octets if self._tunnel is None else self._tunnel.seal(octets))
            except PeerError as problem:
                self._lose(problem)

    def _distrust(self, why: str) -> None:
        self._replies.clear()
        self._lose(Unasked(why))

    def _look_at_replies(self, now: float) -> None:
        replies, wanted = self._replies, self._wanted
        if not wanted or not replies:
            return
        if self._unsent:
            if replies[-1].code != CLOSING:
                return
            self._stop_writing()  # nobody listens to the rest
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
        own, sent = self._own, self._sent_at
        own.ours += now - own.back
        own.waited += now - sent
        try:
            self._observe(self._exchange, replies, sent, self._written_at, self._first_at, now)
        except Exception as error:
            self._ended.set_exception(error)
        else:
            self._step(replies)

    def _lose(self, trouble: PeerError) -> None:
        self._trouble = trouble
        self._input.stop()  # the end of a stream stays readable for ever
        self._stop_writing()
        if self._handshaking:
            self._fail_handshake(trouble)
        elif self._rest is not None:
            self._end_rest()
        elif self._wanted:
            self._give_up()

    def _give_up(self) -> None:
        """The replies that came are handed on, with one behind them that says it was all."""
        now = perf_counter()
        replies = tuple(self._replies[: self._wanted])
        self._replies.clear()
        if not replies:
            self._first_at = now
        if len(replies) < self._wanted and not (replies and replies[-1].code == CLOSING):
            replies += (GONE,)
        self._answer(replies, now)

    # --- pauses ----------------------------------------------------------------------------------

    def _pause(self, until: float) -> tuple[Reply, ...] | None:
        """What the flow is sent at once; None if it has to wait."""
        if self._replies or self._trouble is not None:
            return self._overheard()
        left = until - perf_counter()
        if left <= 0:
            return ()
        self._rest = self._loop.timer(left)
        self._rest.start(self.wake, update=True)
        return None

    def _end_rest(self) -> None:
        """Something was said in a pause, or we are alone: it is over."""
        if self._replies or self._trouble is not None:
            self._stop_resting()
            self._step(self._overheard())

    def _overheard(self) -> tuple[Reply, ...]:
        first = self._replies[0] if self._replies else None
        self._replies.clear()
        if first is not None and first.code == CLOSING:
            return (first,)
        if self._trouble is None:
            self._trouble = Unasked(_UNASKED)
            self._input.stop()
        return (GONE,)

    def _stop_resting(self) -> None:
        if self._rest is not None:
            self._rest.stop()
            self._rest.close()
            self._rest = None

    # --- TLS -------------------------------------------------------------------------------------

    def _secure(self) -> tuple[Reply, ...] | None:
        """Begin a handshake: the flow goes on when it is done."""
        # RFC 3207 6: nothing that came in the clear counts any more.
        self._hearing.clear()
        self._exchange = _HANDSHAKE
        self._sent_at = self._written_at = self._first_at = self._moved_at = perf_counter()
        self._handshaking = True
        if self._trouble is not None:
            self._fail_handshake(self._trouble)
        elif self._tls is None:
            self._fail_handshake(TlsFailed("nobody said how to do a handshake"))
        else:
            self._tunnel = self._tls.begin()
            self._shake(self._tunnel, b"")
        return None

    def _shake(self, tunnel: Tunnel, octets: bytes) -> None:
        try:
            said = tunnel.shake(octets)
        except PeerError as problem:
            self._push(tunnel.unsent())  # the alert: it says why we leave
            self._lose(problem)
            return
        if said:
            self._push(said)
        if tunnel.is_up:
            self._handshaking = False
            self._answer((), perf_counter())

    def _fail_handshake(self, trouble: PeerError) -> None:
        self._handshaking = False
        self._ended.set_exception(Lost(TLS, trouble))

    def _opened(self, tunnel: Tunnel, octets: bytes) -> bytes:
        """What was said inside the tunnel, if anything was."""
        try:
            opened = tunnel.open(octets)
        except PeerError as problem:
            self._lose(problem)
            return b""
        if not self._is_kept and opened:
            assert self._tls is not None, "a tunnel was dug by it"
            self._tls.keep(tunnel)  # TLS 1.3: tickets come after the handshake
            self._is_kept = True
        if tunnel.to_peer.pending:  # TLS itself has something to say, which is rare
            self._push(tunnel.unsent())
        return opened
