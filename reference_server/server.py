"""What all connections of one server share, and what those to one service do."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import trio

from harness.protocol.receiver import Receiver, Rules, Speech, rules_for
from harness.protocol.services import Service
from reference_server.doors.attendance import Attendance
from reference_server.doors.budget import Budget
from reference_server.doors.door import Door
from reference_server.doors.limits import Allowance
from reference_server.intake.intake import Intake
from reference_server.intake.policy import House
from reference_server.pop3.maildrop import Maildrops
from reference_server.relay.relay import Relay
from reference_server.users.guesses import FIRST, Guesses
from reference_server.watching.log import Fact, Level, Log
from reference_server.watching.metrics import Metrics
from reference_server.watching.visits import Visit, WatchedReceiver, Watcher


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long we wait, in seconds."""

    idle: float = 301.0  # for the next octets, within a second: RFC 5321 4.5.3.2.7 wants 300
    handshake: float = 30.0
    farewell: float = 0.2  # to get a last 421 out
    mailbox: float = 601.0  # for the next command of POP3: RFC 1939 3 wants ten minutes
    guess: float = FIRST  # before the answer to a wrong password, after the first few; then longer
    stop: float = 10.0  # for transactions under way to finish when we are to stop


@dataclass(frozen=True, slots=True)
class Desk:
    """How one service is given: by which rules, in which words."""

    rules: Rules
    speech: Speech


@dataclass(slots=True, kw_only=True)
class Server:
    """A house, its intake, the rules it obeys, and the clients that it has now."""

    house: House
    intake: Intake
    relay: Relay | None = None  # None where nothing is kept
    rules: Rules
    tls: ssl.SSLContext | None = None
    patience: Patience = field(default_factory=Patience)
    allowance: Allowance = field(default_factory=Allowance)
    is_stopping: bool = False  # who has no transaction under way is asked to leave
    attendance: Attendance = field(default_factory=Attendance)
    maildrops: Maildrops | None = None  # where users read their mail
    guesses: Guesses = field(default_factory=Guesses)
    log: Log | None = None
    metrics: Metrics | None = None
    watchers: tuple[Watcher, ...] = ()
    # A password's hash takes a core for a while, and memory: a crowd that guesses gets no more.
    judges: trio.CapacityLimiter = field(default_factory=lambda: trio.CapacityLimiter(4))
    budget: Budget = field(init=False, default_factory=lambda: Budget(0))
    desks: Mapping[Service, Desk] = field(init=False)

    def __post_init__(self) -> None:
        self.obey(self.rules, self.house)

    def obey(self, rules: Rules, house: House) -> None:
        """Go by these rules, for this house, from now on."""
        self.rules, self.house = rules, house
        self.intake.rules, self.intake.house = rules, house
        self.desks = {service: self._desk(service) for service in Service}
        self.guesses.first = self.patience.guess
        # Whoever is alone is let in with the largest message that we say we take, spelled at its
        # longest: RFC 1870 6.1 lets us refuse it for the moment, but not every time.
        self.budget.most = max(self.allowance.in_flight, 2 * rules.limits.message)

    def _desk(self, service: Service) -> Desk:
        rules = rules_for(service, self.rules)
        return Desk(rules, Speech(rules.answers, self.house.domain))

    @property
    def open_connections(self) -> int:
        """How many clients there are now."""
        return self.attendance.total

    def receiver(self, peer: str, door: Door) -> Callable[..., Receiver]:
        """What makes a receiver for a client: one that is watched, if anybody wants to watch."""
        if not self.watchers:
            return Receiver
        visit = Visit(id=self.intake.next_id(), peer=peer, door=door)
        return partial(WatchedReceiver, self.watchers, visit)

    def tell(self, event: str, level: Level = Level.INFO, /, **facts: Fact) -> None:
        """Write an event to the log, if there is one."""
        if self.log is not None:
            self.log.tell(event, level, **facts)
