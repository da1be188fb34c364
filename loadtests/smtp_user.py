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
import random
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from time import perf_counter

from gevent.event import Event
from locust import User, task
from locust.env import Environment

from harness.errors import PeerClosed, PeerError
from harness.protocol.replies import Capabilities
from harness.protocol.sender import Outgoing, PausingFlow, open_session, quit_, stream
from harness.target import read_target
from loadtests import phases
from loadtests.driving import Connection, Lost
from loadtests.ledger import Failed, Ledger
from loadtests.load_run import LoadRun, prepare
from loadtests.profile import Pipelining, read_profile

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds before a connection that failed is tried again
GRACE = 5.0  # seconds a user has to end its transaction, besides waiting for one reply


def share(run: LoadRun, environment: Environment) -> None:
    """Make the run known to all users, and give them the time to end their transactions."""
    environment.smtp_load = run  # type: ignore[attr-defined]  # as Locust's documentation does
    if not environment.stop_timeout:
        environment.stop_timeout = run.target.timeouts.reply + GRACE


class SmtpUser(User):
    """One sending client."""

    abstract = True
    profile = "smoke"

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._load = self._shared(environment)
        self._number = next(self._load.numbers)
        self._random = random.Random(f"{self._load.profile.seed}/{self._number}")
        self._serials = itertools.count()
        self._behaviour = self._load.profile.behaviours[0]
        self._leaving = Event()
        self._failures = 0  # in a row, without a message accepted in between

    def _shared(self, environment: Environment) -> LoadRun:
        run = getattr(environment, "smtp_load", None)
        if run is None:
            started = datetime.now(UTC).isoformat(timespec="seconds")
            target, profile = read_target(self.host or ""), read_profile(self.profile)
            run = prepare(target, profile, started=started)
            share(run, environment)
        assert isinstance(run, LoadRun)
        return run

    def stop(self, force: bool = False) -> bool:
        """Stop after the message under way, or at once."""
        self._leaving.set()
        return bool(super().stop(force))

    @task
    def converse(self) -> None:
        """The life of one connection, and a pause behind one that failed."""
        ledger = Ledger(self._load.recorder, self._tell_locust)
        error: PeerError | None = None
        try:
            self._talk(ledger)
        except PeerError as problem:
            error = problem
        finally:  # also when Locust kills us: its messages are counted
            ledger.end(error, perf_counter())
        self._failures = 0 if ledger.accepted or error is None else self._failures + 1
        if error is not None:
            self._leaving.wait(pause(self._failures, self._random))

    def messages(self, capabilities: Capabilities) -> Iterator[Outgoing]:
        """What is sent on one connection; to be overridden for mail of your own."""
        serials: Iterator[int] = self._serials
        if (span := self._behaviour.messages_per_connection) is not None:
            serials = itertools.islice(serials, span.draw_whole(self._random))
        return self._load.mail.messages(self._behaviour, self._number, serials, capabilities)

    def _talk(self, ledger: Ledger) -> None:
        connection = self._connect(ledger)
        try:
            connection.run(self._session(ledger))
        finally:
            connection.close()

    def _connect(self, ledger: Ledger) -> Connection:
        address, timeouts = self._load.target.address, self._load.target.timeouts
        begun = perf_counter()
        try:
            made = socket.create_connection((address.host, address.port), timeouts.greeting)
            # Nagle and delayed acknowledgements together cost 40 ms where a write is small.
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as problem:
            cause = PeerClosed(problem.strerror or str(problem))
            raise Lost(phases.CONNECT, cause) from None
        self._load.recorder.measure(phases.CONNECT, perf_counter() - begun)
        return Connection(made.detach(), observe=ledger.observe, patience=timeouts.reply)

    def _session(self, ledger: Ledger) -> PausingFlow[None]:
        capabilities = yield from open_session(self._load.target.our_name)
        if ledger.greeting is not None:
            self._load.recorder.greet(ledger.greeting)
        wish = self._behaviour.pipelining
        pipeline = wish is Pipelining.ON or (
            wish is Pipelining.AUTO and "PIPELINING" in capabilities
        )
        wanted = self._until_leaving(self.messages(capabilities))
        yield from stream(wanted, pipeline=pipeline, tell=ledger.tell)
        yield from quit_()

    def _until_leaving(self, messages: Iterator[Outgoing]) -> Iterator[Outgoing]:
        while not self._leaving.is_set():
            message = next(messages, None)
            if message is None:
                return
            yield message

    def _tell_locust(self, name: str, seconds: float, failed: Failed | None) -> None:
        self.environment.events.request.fire(
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
