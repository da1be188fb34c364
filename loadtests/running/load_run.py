"""What all senders of a process share: target, profile, mail, agenda, counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Final, Protocol
from weakref import WeakSet

from harness import __version__
from harness.accounting import Receipts
from harness.load_results import LoadResult
from harness.protocol.sasl import Login
from harness.target import Address, Target
from loadtests.admission import admit
from loadtests.contents import read_messages
from loadtests.counting.recorder import Recorder
from loadtests.driving import Familiar, Own
from loadtests.mail import MOST_SENDERS, Mail
from loadtests.profile import Behaviour, Profile
from loadtests.profile.shares import roles
from loadtests.running.doors import Doors
from loadtests.running.granting import Held
from loadtests.timing.agenda import Agenda
from loadtests.timing.plan import Plan

ALL: Final = 1.0


class Sender(Protocol):
    """Who sends on one connection at a time."""

    is_talking: bool

    def leave(self) -> None:
        """Begin no message any more; a pause is over."""

    def wake(self) -> None:
        """Look again whether the message that it waits for is the next."""

    def stir(self) -> None:
        """There are messages to send again."""


@dataclass(slots=True)
class LoadRun:
    """One run as seen by one process."""

    target: Target
    profile: Profile
    mail: Mail
    doors: Doors
    recorder: Recorder
    agenda: Agenda | None = None  # where messages come at a rate
    place: int = 0  # of this process among others
    budget: int | None = None  # messages that this process may still begin
    granted: int = 0  # of them, by a master, in all
    orders: int = 0  # of a master, about those, that have been obeyed
    share: Callable[[], float] = field(default=lambda: ALL)  # of the users that are this process's
    receipts: Receipts | None = None  # where the mail is accounted for
    own: Own = field(default_factory=Own)
    familiar: Familiar = field(default_factory=Familiar)  # what the target says again and again
    login: Login | None = None
    senders: WeakSet[Sender] = field(default_factory=WeakSet)
    resting: dict[Sender, float] = field(default_factory=dict)  # until a message is due
    is_closing: bool = False
    asked: str = field(init=False)  # what all processes must have been told alike, in one word
    plan: Plan = field(init=False)  # how many users there are, and how many messages are due, when
    _roles: Iterator[int] = field(init=False)
    _senders: int = 0

    def __post_init__(self) -> None:
        self._roles = roles([each.share for each in self.profile.behaviours])
        self.plan = Plan(self.profile.stages)
        alike = (_mail_to(self.target), _load_of(self.profile))
        self.asked = sha256(repr(alike).encode()).hexdigest()

    def start(self, now: float, *, elapsed: float = 0.0) -> None:
        """The run begins, or has begun elsewhere so many seconds ago."""
        self.recorder.start(now, elapsed=elapsed)
        if self.profile.has_rate:
            self.agenda = Agenda(self.plan, self.share, first=_apart(self.place))
            self.agenda.start(self.recorder.zero, now)

    def stop(self, now: float) -> None:
        """No message begins from now on."""
        self.is_closing = True
        for sender in self.senders:
            sender.leave()
        if self.agenda is not None:
            self.agenda.stop(now)

    def give_back(self, moment: float) -> None:
        """A message is due then whose sender leaves: it is for who waits longest otherwise."""
        if self.agenda is None or self.is_closing:
            return
        self.agenda.give_back(moment)
        resting = self.resting
        last = max(resting, key=resting.__getitem__, default=None)
        if last is not None and resting[last] > moment:
            last.wake()

    def enlist(self) -> tuple[int, Behaviour]:
        """The number of a new sender, and how it behaves: at all times as the shares say."""
        number = self.place * MOST_SENDERS + self._senders
        self._senders += 1
        return number, self.profile.behaviours[next(self._roles)]

    def spend(self) -> bool:
        """Whether one message more may begin."""
        if self.budget is None:
            return True
        if self.budget <= 0:
            return False
        self.budget -= 1
        return True

    def take_back(self, due: float | None) -> None:
        """A message that may begin, or is due, was not begun after all: it is for others."""
        if self.budget is not None:
            self.budget += 1
            self._stir()
        if due is not None:
            self.give_back(due)

    def obey(self) -> None:
        """A master will say how many messages of those that are wanted are this process's."""
        if self.budget is not None:
            self.budget = 0

    def grant(self, more: int) -> None:
        """This process may begin so many messages more, or fewer, if it still has as many."""
        if self.budget is None:
            return  # of another profile: it is about to leave
        self.orders += 1
        more = max(more, -self.budget)
        self.budget += more
        self.granted += more
        if more > 0:
            self._stir()

    def _stir(self) -> None:
        for sender in self.senders:
            sender.stir()

    @property
    def held(self) -> Held | None:
        """What a master wants to know of it."""
        if self.budget is None:
            return None
        return self.orders, self.granted - self.budget, self.budget

    @property
    def is_spent(self) -> bool:
        """Whether all messages that were wanted have begun."""
        return self.budget is not None and self.budget <= 0


def prepare(target: Target, profile: Profile, *, started: str) -> LoadRun:
    """A run that may begin; raises UsageError if this profile may not be run on this target."""
    admit(target, profile)
    doors = Doors(target, profile.seed)
    doors.find(profile.behaviours)
    blank = LoadResult(
        target=str(target),
        profile=profile.name,
        seed=profile.seed,
        users=profile.users,
        started=started,
        seconds=0.0,
        phases={},
        harness=__version__,
        stages=profile.stages,
    )
    return LoadRun(
        target,
        profile,
        Mail(profile, target),
        doors,
        Recorder(blank),
        budget=profile.messages,
        login=_login(target) if any(each.login for each in profile.behaviours) else None,
    )


def _mail_to(target: Target) -> tuple[object, ...]:
    """Who gets the mail, and what of the target it is made of."""
    return (_server(target.address),
            sorted((name, _server(at)) for name, at in target.listeners.items()),
            target.our_name, target.sender, target.recipients, target.many,
            target.unknown_recipient)  # fmt: skip


def _server(address: Address) -> str:
    """Which server it is, however it was written: two of them in one run would falsify it.

    Of loopback all is one host.  What other names mean may depend on who looks them up, and when.
    """
    if address.is_path:
        return str(address)
    host = "localhost" if address.is_loopback else address.host.lower()
    return str(replace(address, host=host))


def _load_of(profile: Profile) -> tuple[object, ...]:
    """What is sent, and when; of files their octets, for each machine has its own paths."""
    behaviours = tuple(replace(each, contents=()) for each in profile.behaviours)
    digests = [
        [sha256(message).hexdigest() for path in each.contents for message in read_messages(path)]
        for each in profile.behaviours
    ]
    alike = replace(profile, name="", about="", behaviours=behaviours,
                    thresholds=(), stop_when=())  # fmt: skip
    return alike, digests


def _login(target: Target) -> Login | None:
    """Who logs in; raises UsageError if the password is not where it should be."""
    known = target.login
    return None if known is None else Login(known.user, known.password.reveal())


def _apart(place: int) -> float:
    """Where between two messages the first of a process stands: never where another's does."""
    golden = 0.618_033_988_75
    return (0.5 + place * golden) % 1.0 or 1.0
