"""The parts of a load result: messages, troubles, stages, generators, where the mail went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Final

from harness.histogram import Histogram
from harness.load_results.series import Series

LATE: Final = 0.1  # seconds behind its moment until a message counts as late, or as never sent


class End(StrEnum):
    """How far a run has come."""

    RUNNING = "running"  # or the generator died: nobody could write a better word
    COMPLETE = "complete"
    ABORTED = "aborted"  # a promise of `stop_when` was kept: the breaking point
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """What became of the messages that were begun."""

    due: int = 0  # under a rate: so many should have begun by now; else 0
    begun: int = 0  # MAIL was sent
    late: int = 0  # of them more than LATE behind the moment when they were due
    accepted: int = 0  # 250 came after the final dot, and nothing less counts
    refused: int = 0  # a reply said no
    unanswered: int = 0  # the connection or our patience ended first: delivered or not, who knows

    def __add__(self, other: Messages) -> Messages:
        names = (part.name for part in fields(Messages))
        return Messages(**{name: getattr(self, name) + getattr(other, name) for name in names})

    @property
    def unsent(self) -> int:
        """Under a rate: those that were due and never begun."""
        return max(0, self.due - self.begun) if self.due else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One kind of thing that went wrong, and how often: a refusal by its code, or what happened."""

    stage: str  # of the phases: "connect", "RCPT", "message", ...
    what: str  # "450 4.2.0", "closed", "silent", ...
    count: int
    example: str = ""  # the first one met, as the server put it
    first: float = 0.0  # seconds of the run when it was met first


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A threshold of the profile, and whether the run kept it."""

    threshold: str
    met: bool
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A part of the plan: what was asked for between two moments of the run."""

    name: str
    begin: float  # seconds of the run
    end: float
    users: tuple[float, float]  # at its begin and at its end
    rate: tuple[float, float] | None = None  # messages a second that were due; None: as they come

    def due_by(self, moment: float) -> float:
        """How many messages are due in it before a moment of the run: the rate changes evenly."""
        if self.rate is None or moment <= self.begin:
            return 0.0
        first, last = self.rate
        seconds = min(moment, self.end) - self.begin
        reached = first + (last - first) * seconds / (self.end - self.begin)
        return (first + reached) / 2 * seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """How one process of ours fared: numbers of a generator that was its own limit are no target's.

    `own` by `waited` is the least share of all latencies that was ours: replies that had arrived
    and waited for us to read them.
    """

    seconds: float = 0.0  # for which it was watched
    cpu: float = 0.0  # seconds of one processor that it used in them
    lag: Histogram = field(default_factory=Histogram)  # of our timers behind their time, in us
    own: int = 0  # microseconds
    waited: int = 0  # microseconds
    accepted: int = 0
    lost: bool = False  # it was heard of no more before the run was over

    @property
    def busy(self) -> float:
        """The share of one processor that it used, 0 to 1."""
        return self.cpu / self.seconds if self.seconds else 0.0

    @property
    def own_share(self) -> float:
        """The share of the latencies that was ours, 0 to 1."""
        return self.own / self.waited if self.waited else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfortune:
    """A copy of a message that did not arrive as it should have."""

    kind: str  # lost, queued, duplicate, altered, unknown
    token: str  # as it stands in Subject and Message-ID
    recipient: str
    detail: str = ""  # of an altered one: the first octet that differs, wanted and found


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounting:
    """Where the accepted copies are; a message has a copy for each recipient that was accepted.

    accepted = delivered + bounced + queued + lost.
    """

    where: str  # the reader: sink:127.0.0.1:2600, maildir:/...
    accepted: int
    delivered: int  # of the accepted, each counted once
    bounced: int = 0
    queued: int = 0  # still in the target's queue when we stopped looking
    lost: int = 0
    duplicates: int = 0  # arrivals beyond the first of a copy
    altered: int = 0  # of the delivered
    unanswered: int = 0  # may have been accepted: nobody answered their final dot
    unsure: int = 0  # of these, arrived: no loss, and no error
    unknown: int = 0  # arrived although they were refused, or sent to others, or we died before 250
    foreign: int = 0  # arrivals that are none of this run's
    named: tuple[Misfortune, ...] = ()  # the first of them
    latency: Histogram = field(default_factory=Histogram)  # us from the final dot to its arrival

    @property
    def misfortunes(self) -> int:
        """How many there are; of each kind the first are named.

        What is queued is among them, for it is absent, and nobody can say which of that is lost.
        """
        return self.lost + self.queued + self.duplicates + self.altered + self.unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A case that was met before the load and not under it."""

    case: str  # its address
    requirement: str  # the first that it cites, or ""
    at: float  # seconds of the run when it failed first
    rate: float  # accepted messages a second about then
    verdict: str
    headline: str
    times: int = 1  # of the rounds


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderLoad:
    """What a sample of the suites found while the load went on."""

    cases: int  # met before the load
    rounds: int
    breaks: tuple[Break, ...] = ()  # in the order of time

    @property
    def broken(self) -> int | None:
        """How many cases broke; None where the load ended before anything was played under it."""
        return len(self.breaks) if self.rounds else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """One load run against one target, by one or more processes."""

    target: str
    profile: str
    seed: int
    users: int  # at most
    started: str  # ISO 8601, UTC
    seconds: float  # from the first message to the last answer
    end: End = End.RUNNING
    messages: Messages = Messages()
    octets: int = 0  # of content that was accepted, as it went over the wire
    connections: int = 0  # that got as far as EHLO's answer
    resumed: int = 0  # of them, TLS sessions that were resumed
    phases: Mapping[str, Histogram]  # microseconds of what went well, by name
    failed: Mapping[str, Histogram] = field(default_factory=dict)  # of what did not
    troubles: tuple[Trouble, ...] = ()
    thresholds: tuple[Judged, ...] = ()
    stopped: tuple[Judged, ...] = ()  # what was met of `stop_when`, in the last few seconds
    greeting: str = ""  # what the target said first: which software this was
    harness: str = ""  # our version
    stages: tuple[Stage, ...] = ()
    series: Series = field(default_factory=Series)
    generators: Mapping[str, Generator] = field(default_factory=dict)  # by name of the process
    accounting: Accounting | None = None
    under_load: UnderLoad | None = None

    @property
    def rate(self) -> float:
        """Accepted messages a second."""
        return self.messages.accepted / self.seconds if self.seconds else 0.0

    @property
    def failures(self) -> int:
        """How often something went wrong: refusals, lost connections, silence."""
        return sum(trouble.count for trouble in self.troubles)

    @property
    def exit_status(self) -> int:
        """0 nothing wrong, 1 a threshold is missed, 3 nothing was measured."""
        if not self.messages.begun and not self.connections:
            return 3
        return 0 if all(judged.met for judged in self.thresholds) else 1

    @property
    def failed_share(self) -> float:
        """Failures among all that ended, from 0 to 1."""
        ended = self.failures + self.messages.accepted
        return self.failures / ended if ended else 0.0

    @property
    def lost_generators(self) -> int:
        """How many of our processes were lost before the end."""
        return sum(generator.lost for generator in self.generators.values())
