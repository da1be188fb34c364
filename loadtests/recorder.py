"""What a run counts: latencies by phase, messages by fate, troubles by stage and code.

Time is an argument here, and nothing grows with the length of a run but the numbers: a trouble is
kept by its kind, with one example, and there is a limit to kinds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.histogram import Histogram
from harness.load_results import End, LoadResult, Messages, Trouble
from harness.protocol.replies import Reply
from loadtests.phases import MESSAGE, PHASES
from loadtests.thresholds import Threshold, judge_all

KINDS = 1_000  # of troubles: a server that invents codes must not fill our memory
OTHER = "other"  # what comes after that
_EXAMPLE = 300  # characters of a reply that are kept
_MICROSECONDS = 1_000_000


def kind_of(reply: Reply) -> str:
    """A refusal as a kind: its code and enhanced code, never its text."""
    code = f"{reply.code:03d}"
    return f"{code} {reply.enhanced}" if reply.enhanced else code


@dataclass(slots=True)
class _Met:
    example: str
    count: int = 0


class Recorder:
    """Counts what the senders of one process meet."""

    def __init__(self, blank: LoadResult, thresholds: Sequence[Threshold] = ()) -> None:
        self._blank = blank
        self._thresholds = tuple(thresholds)
        self._phases = {phase: Histogram() for phase in PHASES}
        self._message = self._phases[MESSAGE]
        self._troubles: dict[tuple[str, str], _Met] = {}
        self._first: float | None = None
        self._last = 0.0
        self._begun = self._accepted = self._refused = self._unanswered = 0
        self._octets = 0
        self._connections = 0
        self._greeting = ""

    def measure(self, phase: str, seconds: float) -> None:
        """Count how long something took that went well."""
        self._phases[phase].record(int(seconds * _MICROSECONDS))

    def greet(self, greeting: Reply) -> None:
        """A connection got as far as the answer to EHLO."""
        self._connections += 1
        self._greeting = self._greeting or str(greeting)[:_EXAMPLE]

    def begin(self, now: float) -> None:
        """The MAIL of a message goes out."""
        if self._first is None:
            self._first = self._last = now
        self._begun += 1

    def accept(self, seconds: float, octets: int, now: float) -> None:
        """250 came after the final dot of a message."""
        self._message.record(int(seconds * _MICROSECONDS))
        self._accepted += 1
        self._octets += octets
        self._last = now

    def refuse(self, now: float) -> None:
        """A reply said no to a whole message; who said it is told to `refused_at`."""
        self._refused += 1
        self._last = now

    def lose(self, now: float) -> None:
        """A message got no answer: it may have been delivered, or not."""
        self._unanswered += 1
        self._last = now

    def refused_at(self, stage: str, reply: Reply) -> None:
        """Count a refusal by stage and code."""
        self.trouble(stage, kind_of(reply), str(reply))

    def trouble(self, stage: str, what: str, example: str = "") -> None:
        """Count something that went wrong."""
        kind = (stage, what)
        if kind not in self._troubles and len(self._troubles) >= KINDS:
            kind = (stage, OTHER)
        met = self._troubles.setdefault(kind, _Met(example[:_EXAMPLE]))
        met.count += 1

    def result(self, end: End = End.RUNNING) -> LoadResult:
        """All that was counted so far, judged by the thresholds."""
        counted = replace(
            self._blank,
            end=end,
            seconds=round(self._last - (self._first or self._last), 6),
            messages=Messages(
                begun=self._begun,
                accepted=self._accepted,
                refused=self._refused,
                unanswered=self._unanswered,
            ),
            octets=self._octets,
            connections=self._connections,
            phases={name: phase for name, phase in self._phases.items() if phase.count},
            troubles=self._sorted_troubles(),
            greeting=self._greeting,
        )
        return replace(counted, thresholds=judge_all(self._thresholds, counted))

    def _sorted_troubles(self) -> tuple[Trouble, ...]:
        most_first = sorted(self._troubles.items(), key=lambda item: (-item[1].count, item[0]))
        return tuple(
            Trouble(stage=stage, what=what, count=met.count, example=met.example)
            for (stage, what), met in most_first
        )
