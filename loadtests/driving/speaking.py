"""What a connection says: octets go to the kernel as it takes them, or slowly on purpose."""

from __future__ import annotations

from abc import ABC, abstractmethod
from os import write
from time import perf_counter
from typing import Any, Final

import gevent

from loadtests.driving.dialing import WRITABLE, Socket

READABLE = 1  # libev's EV_READ
_TICK = 0.1  # seconds between two writes of a slow talker, about; one may say an octet a second
_EMPTY: Final = memoryview(b"")


class Speaker(ABC):
    """The half of a connection that writes."""

    __slots__ = (
        "_fileno",
        "_loop",
        "_moved_at",
        "_output",
        "_pace",
        "_socket",
        "_tick",
        "_unsent",
        "_written_at",
    )

    def __init__(self, fileno: int, pace: float | None) -> None:
        """`pace` is how many octets a second a slow talker writes."""
        self._socket = Socket(fileno=fileno)
        self._socket.setblocking(False)
        self._fileno = fileno  # read and written as such: a socket's own methods take longer
        self._pace = pace
        self._loop = gevent.get_hub().loop
        self._output = self._loop.io(fileno, WRITABLE)
        self._tick: Any = None  # the timer of a slow talker
        self._unsent = _EMPTY
        # When octets last went out, or a reply was whole, and when an exchange had been written.
        self._moved_at = self._written_at = perf_counter()

    @abstractmethod
    def _look_at_replies(self, now: float) -> None:
        """All has been written that had to wait: replies that came meanwhile count now."""

    def _stop_speaking(self) -> None:
        """Say nothing more, for good."""
        for watcher in (self._output, self._tick):
            if watcher is not None:
                watcher.stop()
                watcher.close()
        self._fileno = -1  # soon it is another's

    def _push(self, octets: bytes | memoryview) -> None:
        """Hand octets to the kernel, as many as it takes; behind others they wait their turn."""
        if self._unsent or self._pace is not None:
            self._wait_in_line(octets)
            return
        try:
            sent = write(self._fileno, octets)
        except BlockingIOError:
            sent = 0
        except OSError:
            sent = len(octets)  # who went away may have said why: reading finds it, or the end
        if sent < len(octets):
            self._unsent = memoryview(octets)[sent:]
            self._output.start(self._writable)
            return
        self._written_at = perf_counter()

    def _stop_writing(self) -> None:
        self._output.stop()
        if self._tick is not None:
            self._tick.stop()
        self._unsent = _EMPTY

    def _writable(self) -> None:
        self._output.stop()
        unsent, self._unsent = self._unsent, _EMPTY
        self._push(unsent)
        self._moved_at = perf_counter()
        self._look_at_replies(self._moved_at)

    def _wait_in_line(self, octets: bytes | memoryview) -> None:
        if self._unsent:
            self._unsent = memoryview(bytes(self._unsent) + octets)
        else:
            self._dribble(octets)

    # --- slow talkers ----------------------------------------------------------------------------

    def _dribble(self, octets: bytes | memoryview) -> None:
        assert self._pace is not None, "somebody is slow"
        self._unsent = memoryview(octets)
        if self._tick is None:
            _, seconds = at_a_time(self._pace)
            self._tick = self._loop.timer(seconds, seconds)
        if not self._tick.active:
            self._tick.start(self._say_a_bit)

    def _say_a_bit(self) -> None:
        assert self._pace is not None, "somebody is slow"
        some, _ = at_a_time(self._pace)
        try:
            sent = write(self._fileno, self._unsent[:some])
        except BlockingIOError:
            return
        except OSError:
            sent = len(self._unsent)  # reading finds out why
        now = self._moved_at = perf_counter()
        self._unsent = self._unsent[sent:]
        if not self._unsent:
            self._tick.stop()
            self._unsent = _EMPTY
            self._written_at = now
            self._look_at_replies(now)


def at_a_time(pace: float) -> tuple[int, float]:
    """How many octets are written at once at this pace, and the seconds until the next."""
    some = max(1, int(pace * _TICK))
    return some, some / pace
