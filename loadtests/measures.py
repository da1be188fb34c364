"""What thresholds can look at: counts and shares of a run, and its latencies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from harness.histogram import Histogram
from harness.load_results import Accounting, LoadResult
from loadtests.counting.phases import PHASES

SHARE: Final = "%"
_Find = Callable[[LoadResult], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A number of a run, which may also be looked at as a share of another."""

    number: _Find  # None: it was not measured
    among: _Find | None = None  # what is all of it
    unit: str = ""
    known_late: bool = False  # only when the run is over

    @property
    def units(self) -> tuple[str, ...]:
        """What it may be compared in."""
        return (self.unit, SHARE) if self.among is not None and not self.unit else (self.unit,)

    def find(self, result: LoadResult, *, as_share: bool) -> float | None:
        """The number, or the share; None where nothing was measured."""
        found = self.number(result)
        if found is None or not as_share or self.among is None:
            return found
        whole = self.among(result)
        if whole:
            return found / whole
        return None if whole is None else 0.0


def has_rate(result: LoadResult) -> bool:
    """Whether messages were due at moments of their own."""
    return any(stage.rate for stage in result.stages)


def _of_rate(find: Callable[[LoadResult], float]) -> _Find:
    """Only where messages came at a rate."""
    return lambda result: find(result) if has_rate(result) else None


def _of_mail(find: Callable[[Accounting], float]) -> _Find:
    """Only where the mail was accounted for."""
    return lambda result: None if result.accounting is None else find(result.accounting)


def _mail(name: str) -> Count:
    return Count(
        number=_of_mail(lambda mail: float(getattr(mail, name))),
        among=_of_mail(lambda mail: mail.accepted),
        known_late=True,
    )


COUNTS: Final[Mapping[str, Count]] = {
    # refusals, lost connections, silence; a share of all that ended
    "failures": Count(
        number=lambda result: result.failures,
        among=lambda result: result.failures + result.messages.accepted,
    ),
    # messages
    "accepted": Count(number=lambda result: result.messages.accepted),
    # messages that a reply said no to; a share of those begun
    "refused": Count(
        number=lambda result: result.messages.refused,
        among=lambda result: result.messages.begun,
    ),
    # messages whose connection or our patience ended first; a share of those begun
    "unanswered": Count(
        number=lambda result: result.messages.unanswered,
        among=lambda result: result.messages.begun,
    ),
    # accepted messages a second
    "rate": Count(number=lambda result: result.rate, unit="/s"),
    # that got as far as EHLO's answer
    "connections": Count(number=lambda result: result.connections),
    # TLS sessions; a share of all connections
    "resumed": Count(
        number=lambda result: result.resumed,
        among=lambda result: result.connections,
    ),
    # under a rate: messages that we began late; a share of those due
    "late": Count(
        number=_of_rate(lambda result: result.messages.late),
        among=_of_rate(lambda result: result.messages.due),
    ),
    # under a rate: messages that were due and never begun; a share of those due
    "unsent": Count(
        number=_of_rate(lambda result: result.messages.unsent),
        among=_of_rate(lambda result: result.messages.due),
    ),
    # accepted copies that are nowhere; a share of the accepted
    "lost": _mail("lost"),
    # arrivals beyond the first of a copy
    "duplicates": _mail("duplicates"),
    # copies that arrived with other octets
    "altered": _mail("altered"),
    # accepted copies that were returned
    "bounced": _mail("bounced"),
    # accepted copies that the target still had at the end
    "queued": _mail("queued"),
    # cases that were met before the load and not under it
    "breaks": Count(
        number=lambda result: result.under_load.broken if result.under_load else None,
        among=lambda result: result.under_load.cases if result.under_load else None,
        known_late=True,
    ),
    # the generator's share of a processor; the worst process counts
    "busy": Count(
        number=lambda result: max((it.busy for it in result.generators.values()), default=None),
        unit=SHARE,
    ),
    # the generator's own share of the latencies; the worst process counts
    "own": Count(
        number=lambda result: max(
            (it.own_share for it in result.generators.values()), default=None
        ),
        unit=SHARE,
    ),
    # processes of ours that died
    "lost_generators": Count(number=lambda result: result.lost_generators),
}
STATISTICS: Final[Mapping[str, Callable[[Histogram], float]]] = {
    "mean": lambda latency: latency.mean,
    "p50": lambda latency: latency.percentile(50),
    "p90": lambda latency: latency.percentile(90),
    "p95": lambda latency: latency.percentile(95),
    "p99": lambda latency: latency.percentile(99),
    "p99.9": lambda latency: latency.percentile(99.9),
    "max": lambda latency: latency.greatest,
}


def _of_phase(name: str) -> Callable[[LoadResult], Histogram | None]:
    return lambda result: result.phases.get(name)


def _lag(result: LoadResult) -> Histogram:
    merged = Histogram()
    for generator in result.generators.values():
        merged.merge(generator.lag)
    return merged


LATENCIES: Final[Mapping[str, Callable[[LoadResult], Histogram | None]]] = {
    **{name: _of_phase(name) for name in PHASES},
    "delivery": lambda result: result.accounting.latency if result.accounting else None,
    "lag": _lag,
}
