"""SmtpUser: a sender that keeps its connection, and comes back when it was cut off.

Its one task is the life of a connection.  Messages inside are not tasks of Locust's: the flow is
stepped from libev's callback, and the greenlet of the user sleeps until the connection is over.
For a locustfile of your own:

    from loadtests import SmtpUser

    class Newsletter(SmtpUser):
        host = "smtp://127.0.0.1:2525"
        profile = "smoke"                  # or the path of a file
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from gevent.event import Event
from locust import User, task
from locust.env import Environment

from harness.errors import PeerError
from harness.protocol.replies import Capabilities
from harness.protocol.sender import Outgoing, Pause
from harness.target import read_target
from loadtests.counting import phases
from loadtests.counting.ledger import Failed, Ledger
from loadtests.driving import Connection, Lost, dial
from loadtests.mail import Letter
from loadtests.profile import Leave, read_profile
from loadtests.running.conducting import share
from loadtests.running.load_run import LoadRun, prepare
from loadtests.sessions import session

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds before a connection that failed is tried again
FOR_EVER = math.inf  # nothing is due any more: until somebody wakes us


class SmtpUser(User):
    """One sending client."""

    abstract = True
    profile = "smoke"

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._load = self._shared(environment)
        self._fire: Any = environment.events.request.fire
        self._load.senders.add(self)
        self._number, self._behaviour = self._load.enlist()
        self._random = random.Random(f"{self._load.profile.seed}/{self._number}")
        self._serials = itertools.count()
        self._leaving = Event()  # no message begins any more
        self._dismissed = Event()  # by Locust, who would begin the task again until then
        self.is_talking = False
        self._connection: Connection | None = None
        self._due: float | None = None  # the moment of a message that is ours to send
        self._failures = 0  # in a row, without a message accepted in between

    def _shared(self, environment: Environment) -> LoadRun:
        run = getattr(environment, "smtp_load", None)
        if run is None:
            started = datetime.now(UTC).isoformat(timespec="seconds")
            target, profile = read_target(self.host or ""), read_profile(self.profile)
            run = prepare(target, profile, started=started)
            share(environment, run)
            run.start(perf_counter())  # who wrote the locustfile says when it is over
        assert isinstance(run, LoadRun)
        return run

    def stop(self, force: bool = False) -> bool:
        """Stop after the message under way, or at once."""
        self.leave()
        self._dismissed.set()
        return bool(super().stop(force))

    def leave(self) -> None:
        """Begin no message any more; a pause is over."""
        self._leaving.set()
        if self._connection is not None:
            self._connection.wake()

    @task
    def converse(self) -> None:
        """The life of one connection, and a pause behind it where there should be one."""
        load = self._load
        if load.is_spent or load.is_closing:
            self._dismissed.wait()
            return
        self.is_talking = True
        ledger = Ledger(
            load.recorder, self._tell_locust, sender=self._number, receipts=load.receipts
        )
        error: PeerError | None = None
        try:
            self._talk(ledger)
            if self._behaviour.leave is not Leave.NEVER:
                ledger.abandon()
        except PeerError as problem:
            error = problem
        finally:  # also when Locust kills us: its messages are counted
            ledger.end(error, perf_counter())
            self.is_talking = False
        self._failures = 0 if ledger.accepted or error is None else self._failures + 1
        if error is not None:
            self._leaving.wait(pause(self._failures, self._random))
        elif self._behaviour.leave is not Leave.NEVER or load.agenda is None:
            self._think()  # also who connects anew for each message

    def _think(self) -> None:
        seconds = self._thought()
        if seconds:  # waiting for no time at all takes its time, too
            self._leaving.wait(seconds)

    def messages(self, capabilities: Capabilities) -> Iterator[Letter]:
        """What is sent on one connection; to be overridden for mail of your own."""
        serials: Iterator[int] = self._serials
        if (span := self._behaviour.messages_per_connection) is not None:
            serials = itertools.islice(serials, span.draw_whole(self._random))
        return self._load.mail.messages(self._behaviour, self._number, serials, capabilities)

    def _talk(self, ledger: Ledger) -> None:
        load, behaviour = self._load, self._behaviour
        connection = self._connect(ledger)
        self._connection = connection
        try:
            connection.run(
                session(
                    behaviour,
                    load.target,
                    lambda capabilities: self._items(ledger, capabilities),
                    tell=ledger.tell,
                    login=load.login,
                )
            )
        finally:
            self._connection = None
            connection.close()

    def _connect(self, ledger: Ledger) -> Connection:
        load, behaviour = self._load, self._behaviour
        timeouts = load.target.timeouts
        begun = perf_counter()
        try:
            descriptor = dial(load.doors.place(behaviour), timeouts.greeting)
        except PeerError as problem:
            raise Lost(phases.CONNECT, problem) from None
        load.recorder.measure(phases.CONNECT, perf_counter() - begun)
        return Connection(
            descriptor,
            observe=ledger.observe,
            patience=timeouts.reply,
            own=load.own,
            familiar=load.familiar,
            tls=load.doors.tls(behaviour),
            pace=behaviour.pace,
        )

    def _items(self, ledger: Ledger, capabilities: Capabilities) -> Iterator[Outgoing | Pause]:
        """What goes out on this connection, and the pauses in between."""
        load, behaviour = self._load, self._behaviour
        resumed = self._connection is not None and self._connection.is_resumed
        if ledger.greeting is not None:
            load.recorder.greet(ledger.greeting, resumed=resumed)
        letters = self.messages(capabilities)
        age = behaviour.connection_age
        dies = None if age is None else perf_counter() + age
        first = True
        while not self._leaving.is_set() and (dies is None or perf_counter() < dies):
            letter = next(letters, None)
            if letter is None:  # before a turn is claimed, or one of all that are wanted is spent
                return
            moment = self._turn(ledger, first)
            if moment is not None:
                yield Pause(moment)
                if self._leaving.is_set():
                    return
            if not load.spend():
                return
            ledger.hand(letter, self._due)
            self._due, first = None, False
            yield letter

    def _turn(self, ledger: Ledger, first: bool) -> float | None:
        """When a message is due, or thought of, or a server that put us off may be asked."""
        if self._load.agenda is not None:
            if self._due is None:
                self._due = self._load.agenda.claim()
            moment = FOR_EVER if self._due is None else self._due
            return moment if moment > perf_counter() else None
        if ledger.put_off:
            # RFC 5321 4.5.4.1: who is put off waits before it tries again.
            return perf_counter() + pause(ledger.put_off, self._random)
        if self._behaviour.think is not None and not first:
            return perf_counter() + self._thought()
        return None

    def _thought(self) -> float:
        span = self._behaviour.think
        return span.draw(self._random) if span is not None else 0.0

    def _tell_locust(self, name: str, seconds: float, failed: Failed | None) -> None:
        self._fire(
            request_type="SMTP",
            name=name,
            response_time=seconds * 1_000,
            response_length=0,
            exception=failed,
            context={},
        )


def pause(failures: int, source: random.Random) -> float:
    """Seconds until the next try: doubled each time, and never the same for all senders."""
    longest: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures, 10))
    return longest * source.uniform(0.5, 1.0)
