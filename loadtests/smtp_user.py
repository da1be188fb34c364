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

from harness.errors import NotOffered, PeerError
from harness.protocol.replies import Capabilities
from harness.protocol.sender import Outgoing, Pause
from harness.target import read_target
from loadtests.counting import phases
from loadtests.counting.ledger import Failed, Ledger
from loadtests.driving import Connection, Lost, dial
from loadtests.profile import Leave, read_profile
from loadtests.running.conducting import share_alone
from loadtests.running.load_run import LoadRun, prepare
from loadtests.running.tallying import METHOD
from loadtests.sessions import session
from loadtests.timing.agenda import Agenda

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds before what failed is tried again
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
        self._stirred = Event()  # there may be something to do for who waits for that
        self.is_talking = False
        self._connection: Connection | None = None
        self._due: float | None = None  # the moment of a message that is ours to send
        self._lacking: NotOffered | None = None  # a message wants what this server does not offer
        self._is_roused = False  # from a pause: an earlier message may be ours to send
        self._failures = 0  # in a row, without a message accepted in between

    def _shared(self, environment: Environment) -> LoadRun:
        run = getattr(environment, "smtp_load", None)
        if run is None:
            started = datetime.now(UTC).isoformat(timespec="seconds")
            target, profile = read_target(self.host or ""), read_profile(self.profile)
            run = prepare(target, profile, started=started)
            share_alone(environment, run)  # who wrote the locustfile says when it is over
        assert isinstance(run, LoadRun)
        return run

    def stop(self, force: bool = False) -> bool:
        """Stop after the message under way, or at once."""
        self.leave()
        self._stirred.set()
        return bool(super().stop(force))

    def leave(self) -> None:
        """Begin no message any more; a pause is over."""
        self._leaving.set()
        self._load.resting.pop(self, None)
        self.wake()
        if self._due is not None:
            due, self._due = self._due, None
            self._load.give_back(due)

    def wake(self) -> None:
        """Look again whether the message that we wait for is the next."""
        self._is_roused = True
        if self._connection is not None:
            self._connection.wake()

    def stir(self) -> None:
        """There are messages to send again."""
        self._stirred.set()

    @task
    def converse(self) -> None:
        """The life of one connection, and a pause behind it where there should be one."""
        load = self._load
        if load.is_spent or load.is_closing:
            self._stirred.wait()
            self._stirred.clear()
            return
        self.is_talking = True
        ledger = Ledger(
            load.recorder, self._tell_locust, sender=self._number, receipts=load.receipts
        )
        error: Exception | None = None
        try:
            self._talk(ledger)
            if self._behaviour.leave is not Leave.NEVER:
                ledger.abandon()
        except Exception as problem:
            error = problem
        finally:  # also when Locust kills us: its messages are counted
            load.resting.pop(self, None)
            ledger.end(_as_trouble(error), perf_counter())
            for due in ledger.unsaid:
                load.take_back(due)
            self.is_talking = False
        self._failures = 0 if ledger.accepted or error is None else self._failures + 1
        seconds = 0.0 if error is None else back_off(self._failures, self._random)
        if self._behaviour.leave is not Leave.NEVER or load.agenda is None:
            seconds = max(seconds, self._thought())  # also who connects anew for each message
        if seconds:  # waiting for no time at all takes its time, too
            self._leaving.wait(seconds)
        if error is not None and not isinstance(error, PeerError):
            raise error  # Locust shows it, and would begin anew at once

    def messages(self, capabilities: Capabilities) -> Iterator[Outgoing]:
        """What is sent on one connection; to be overridden for mail of your own.

        The hub asks for it while everybody waits: nothing in here may sleep, or wait for anything.
        """
        serials: Iterator[int] = self._serials
        if (span := self._behaviour.messages_per_connection) is not None:
            serials = itertools.islice(serials, span.draw_whole(self._random))
        return self._load.mail.messages(self._behaviour, self._number, serials, capabilities)

    def _talk(self, ledger: Ledger) -> None:
        load, behaviour = self._load, self._behaviour
        connection = self._connect(ledger)
        self._connection = connection
        self._lacking = None
        timeouts = load.target.timeouts
        connection.be_patient(max(timeouts.greeting, timeouts.reply))

        def greeted() -> None:
            connection.be_patient(timeouts.reply)

        try:
            session(
                connection.run,
                behaviour,
                load.target,
                lambda capabilities: self._items(ledger, capabilities),
                tell=ledger.tell,
                greeted=greeted,
                login=load.login,
            )
        finally:
            self._connection = None
            connection.close()
        if self._lacking is not None:
            raise self._lacking

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
            try:
                letter = next(letters, None)
            except NotOffered as lacking:  # the message before is whole, and shall have its end
                self._lacking = lacking
                return
            if letter is None:  # before a turn is claimed, or one of all that are wanted is spent
                return
            moment = self._turn(ledger, first)
            while moment is not None:
                yield Pause(moment)
                if self._leaving.is_set():
                    return
                moment = self._turn(ledger, first) if self._is_roused else None
            if not load.spend():
                return
            ledger.hand(letter, self._due)
            self._due, first = None, False
            yield letter

    def _turn(self, ledger: Ledger, first: bool) -> float | None:
        """When a message is due, or thought of, or a server that put us off may be asked."""
        agenda = self._load.agenda
        if agenda is not None:
            return self._due_later(agenda)
        if not ledger.put_off and (first or self._behaviour.think is None):
            return None
        seconds = self._thought()
        if ledger.put_off:
            # RFC 5321 4.5.4.1: who is put off waits before it tries again.
            seconds = max(seconds, back_off(ledger.put_off, self._random))
        return perf_counter() + seconds

    def _due_later(self, agenda: Agenda) -> float | None:
        """When the message is due that is ours to send; None if it is by now."""
        self._is_roused = False
        self._due = agenda.claim(self._due)
        moment = FOR_EVER if self._due is None else self._due
        if moment <= perf_counter():
            return None
        self._load.resting[self] = moment  # until we rest again: what is past wakes nobody
        return moment

    def _thought(self) -> float:
        span = self._behaviour.think
        return span.draw(self._random) if span is not None else 0.0

    def _tell_locust(self, name: str, seconds: float, failed: Failed | None) -> None:
        self._fire(
            request_type=METHOD,
            name=name,
            response_time=seconds * 1_000,
            response_length=0,
            exception=failed,
            context={},
        )


def _as_trouble(error: Exception | None) -> PeerError | None:
    """What is counted: also what is wrong with us, or with who overrides us."""
    if error is None or isinstance(error, PeerError):
        return error
    return Lost(phases.MESSAGE, PeerError(f"we broke: {type(error).__name__}"))


def back_off(failures: int, source: random.Random) -> float:
    """Seconds until the next try: doubled each time, and never the same for all senders."""
    longest: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures, 10))
    return longest * source.uniform(0.5, 1.0)
