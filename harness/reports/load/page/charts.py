"""Which charts a load run is drawn as: rate, latency, users, what went wrong, how it is spread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.histogram import Histogram
from harness.load_results import LoadResult, Moment, moments
from harness.load_results.quantities import duration, moment, rate
from harness.reports.load.findings import Finding
from harness.reports.load.page.plot import (
    Axis,
    Band,
    Chart,
    Mark,
    Step,
    area,
    clock,
    curve,
    linear,
    logarithmic,
    stacked,
    steps,
    tail,
)

Value = Callable[[Moment], float | None]

KINDS = 7  # of trouble with a colour of their own; the others share one
OTHERS = "all others"
_CLOSE = 0.03  # of the width: marks so near to each other are one


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart with its heading and its legend: the classes of the lines, and what they are."""

    title: str
    chart: Chart
    legend: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """What all charts over time have in common."""

    told: tuple[Moment, ...]
    across: Axis
    bands: tuple[Band, ...]
    marks: tuple[Mark, ...]

    def chart(self, name: str, up: Axis, drawn: str, high: int) -> Chart:
        """A chart over the run's time."""
        return Chart(name=name, across=self.across, up=up, drawn=drawn, high=high,
                     bands=self.bands, marks=self.marks)  # fmt: skip

    def steps(self, value: Value) -> list[Step]:
        """A value of each moment."""
        return values_of(self.told, value)


def values_of(told: Sequence[Moment], value: Value) -> list[Step]:
    """A value of each of these moments."""
    return [Step(it.begin, it.end, value(it)) for it in told]


def quantile(percent: float) -> Value:
    """The latency that so many per cent did not exceed; 100 is the greatest."""

    def value(it: Moment) -> float | None:
        latency = it.interval.latency
        if not latency.count:
            return None
        return latency.percentile(percent) if percent < 100 else latency.greatest

    return value


def charts(result: LoadResult, found: Sequence[Finding]) -> Iterator[Drawn]:
    """The charts of a run, in the order in which they are looked at."""
    told = moments(result)
    if told:
        line = _timeline(result, told, found)
        yield _rate(result, line)
        if any(it.interval.latency.count for it in told):
            yield _latency(line)
        if result.troubles:
            yield _troubles(line)
        yield _users(line)
    if any(phase.count for phase in result.phases.values()):
        yield distribution(phases(result))


def phases(result: LoadResult) -> Mapping[str, Histogram]:
    """All that has a distribution, that of the whole message first."""
    named = {name: it for name, it in result.phases.items() if it.count}
    first = {"message": named.pop("message")} if "message" in named else {}
    if result.accounting and result.accounting.latency.count:
        first["delivery"] = result.accounting.latency
    return {**first, **named}


def end_of(told: Sequence[Moment]) -> float:
    """Seconds of the run at its end."""
    return max((it.end for it in told), default=0.0)


def bands_of(result: LoadResult, end: float) -> tuple[Band, ...]:
    """The stages that were reached; none where there was but one."""
    bands = tuple(
        Band(it.begin, min(it.end, end), it.name) for it in result.stages if it.begin < end
    )
    return bands if len(bands) > 1 else ()


def _timeline(result: LoadResult, told: tuple[Moment, ...], found: Sequence[Finding]) -> Timeline:
    end = end_of(told)
    return Timeline(
        told=told,
        across=clock(end, moment),
        bands=bands_of(result, end),
        marks=tuple(_marks(found, end)),
    )


def _marks(found: Sequence[Finding], end: float) -> Iterator[Mark]:
    """The findings that have a moment, by their numbers; those that are near share a mark."""
    numbered = [(it.at, number) for number, it in enumerate(found, 1) if it.at is not None]
    group: list[tuple[float, int]] = []
    for at, number in sorted(numbered):
        if group and at - group[0][0] > _CLOSE * end:
            yield _mark(group)
            group = []
        group.append((at, number))
    if group:
        yield _mark(group)


def _mark(group: Sequence[tuple[float, int]]) -> Mark:
    return Mark(group[0][0], " ".join(str(number) for number in sorted(it for _, it in group)))


def _rate(result: LoadResult, line: Timeline) -> Drawn:
    accepted, due = line.steps(lambda it: it.accepted), line.steps(lambda it: it.due)
    has_rate = bool(result.messages.due)
    up = linear(max(it.value or 0 for it in (*accepted, *due)), rate)
    drawn = area(accepted, line.across, up, "accepted") + steps(accepted, line.across, up, "l0")
    legend = [("l0", "accepted")]
    if has_rate:
        drawn += steps(due, line.across, up, "l1")
        legend.append(("l1", "due"))
    late = line.steps(lambda it: it.interval.late / it.seconds or None)
    if result.messages.late:
        drawn += steps(late, line.across, up, "l3")
        legend.append(("l3", "began late"))
    name = f"Messages a second over time; {rate(result.rate)} on the average."
    return Drawn("Messages a second", line.chart(name, up, drawn, 170), tuple(legend))


_QUANTILES = (("l0", "p50", 50), ("l1", "p90", 90), ("l2", "p99", 99), ("l3", "max", 100))


def _latency(line: Timeline) -> Drawn:
    told = [it.interval.latency for it in line.told if it.interval.latency.count]
    least = min(it.percentile(50) for it in told)
    up = logarithmic(least, max(it.greatest for it in told), duration)
    drawn = "".join(
        steps(line.steps(quantile(percent)), line.across, up, kind)
        for kind, _, percent in _QUANTILES
    )
    name = "Latency of accepted messages over time, on a logarithmic axis."
    chart = line.chart(name, up, drawn, 190)
    return Drawn("Latency of a message", chart, tuple((kind, it) for kind, it, _ in _QUANTILES))


def _troubles(line: Timeline) -> Drawn:
    counts: Counter[str] = Counter()
    for it in line.told:
        counts.update(it.interval.troubles)
    named = [kind for kind, _ in counts.most_common(KINDS)]
    layers = [line.steps(_times(kind)) for kind in named]
    legend = [(f"k{number}", f"{kind} ({counts[kind]:,})") for number, kind in enumerate(named)]
    rest = sum(counts.values()) - sum(counts[kind] for kind in named)
    if rest:
        layers.append(line.steps(_others(frozenset(named))))
        legend.append((f"k{KINDS}", f"{OTHERS} ({rest:,})"))
    up = linear(max(it.failures / it.seconds for it in line.told), rate, parts=3)
    drawn = "".join(stacked(layers, line.across, up))
    name = "What went wrong over time, by stage and reply code, one on the other."
    return Drawn("Failures a second", line.chart(name, up, drawn, 110), tuple(legend))


def _times(kind: str) -> Callable[[Moment], float]:
    return lambda it: it.interval.troubles.get(kind, 0) / it.seconds


def _others(named: frozenset[str]) -> Callable[[Moment], float]:
    def value(it: Moment) -> float:
        met = it.interval.troubles.items()
        return sum(count for kind, count in met if kind not in named) / it.seconds

    return value


def _users(line: Timeline) -> Drawn:
    users = line.steps(lambda it: it.users)
    up = linear(max(it.value or 0 for it in users), _whole, parts=2)
    drawn = area(users, line.across, up, "users") + steps(users, line.across, up, "l0")
    name = "Users over time."
    return Drawn("Users", line.chart(name, up, drawn, 70), (("l0", "users"),))


def _whole(value: float) -> str:
    return f"{value:,.0f}"


MANY_CURVES = 6


def distribution(named: Mapping[str, Histogram]) -> Drawn:
    """The latencies of the first few of these; all of them are in the table."""
    shown = list(named.items())[:MANY_CURVES]
    left = f", {len(shown)} of {len(named)} phases" if len(named) > len(shown) else ""
    return curves(
        f"Latencies: which share was faster{left}",
        "The share of latencies that were not above a value, on logarithmic axes.",
        [(f"l{number}", name, it) for number, (name, it) in enumerate(shown)],
    )


def curves(title: str, name: str, lines: Sequence[tuple[str, str, Histogram]]) -> Drawn:
    """The latency that so large a share did not exceed, with room for each further nine.

    Each line has a class, a name, and what it is about.
    """
    all_of_them = [it for _, _, it in lines]
    across = tail(max(it.count for it in all_of_them))
    least, most = min(it.least for it in all_of_them), max(it.greatest for it in all_of_them)
    up = logarithmic(least, most, duration)
    drawn = "".join(curve(points(it), across, up, kind) for kind, _, it in lines)
    chart = Chart(name=name, across=across, up=up, drawn=drawn, high=230, is_timed=False)
    return Drawn(title, chart, tuple((kind, name) for kind, name, _ in lines))


def points(phase: Histogram) -> Iterator[tuple[float, float]]:
    """The curve of one: a share, and the latency that so large a share did not exceed."""
    yield 0.0, phase.least
    seen = 0
    for bucket in sorted(phase.counts):
        seen += phase.counts[bucket]
        yield min(seen / phase.count, 1 - 0.5 / phase.count), min(bucket, phase.greatest)
    yield 1 - 0.5 / phase.count, phase.greatest
