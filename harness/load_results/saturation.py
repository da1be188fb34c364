"""Whether the generator was its own limit: then the run has measured us, and not the target."""

from __future__ import annotations

from collections.abc import Iterator

from harness.load_results.quantities import duration, listed, moment, share
from harness.load_results.values import Generator, LoadResult

BUSY = 0.9  # of a processor; beyond, a process has no time left to be punctual
LONG = 0.25  # of the run: so much of it busy, and the figures are ours
FEWEST = 3  # intervals that were so: one or two are a start, or an end
LAG_P99 = 20_000  # us behind time that one timer in a hundred may be,
LAG_SHARE = 0.25  # unless that is little beside what messages took
LAG_MAX = 250_000  # us: who was away for so long saw replies late that had come in time
FEW = 6  # complaints that are told: a hundred workers have as many
OWN_SHARE = 0.5  # of all latency that replies lay there and waited for us


def saturation(result: LoadResult) -> str | None:
    """A sentence that says by what the generator was the limit; None when it was not."""
    found = list(_complaints(result))
    told = listed(found[:FEW], len(found), "; ")
    return f"the generator was the bottleneck: {told}" if found else None


def stalls(result: LoadResult) -> list[tuple[str, float | None, int]]:
    """Each process that stood still, the second of the run, and for how many microseconds."""
    found: list[tuple[str, float | None, int]] = []
    for name, generator in result.generators.items():
        if generator.lag.greatest > LAG_MAX:
            found.append((name, _moment_of_lag(result, name), generator.lag.greatest))
    return found


def _complaints(result: LoadResult) -> Iterator[str]:
    is_alone = len(result.generators) == 1
    message = result.phases.get("message")
    took = message.percentile(99) if message else 0
    for name, at, lag in stalls(result):
        when = "" if at is None else f" at {moment(at)}"
        yield f"{'it' if is_alone else name} stood still for {duration(lag)}{when}"
    for name, generator in result.generators.items():
        who, whose = ("it", "its") if is_alone else (name, f"{name}'s")
        yield from _complaints_of(generator, _busy_for(result, name), took, who, whose)


def _complaints_of(
    generator: Generator, busy: float, took: int, who: str, whose: str
) -> Iterator[str]:
    if generator.busy >= BUSY or busy >= LONG:
        words = f", {share(BUSY)} or more in {share(busy)} of the run" if busy else ""
        yield f"{who} used {share(generator.busy)} of a processor{words}"
    late = generator.lag.percentile(99)
    if late > max(LAG_P99, LAG_SHARE * took):
        yield f"{whose} timers were late by {duration(late)} (p99)"
    if generator.own_share > OWN_SHARE:
        yield f"{share(generator.own_share)} of {whose} latency was its own"


def _busy_for(result: LoadResult, name: str) -> float:
    """The share of the run in which a process had no processor time left."""
    told = [it.busy[name] for it in result.series.intervals.values() if name in it.busy]
    full = sum(busy >= BUSY for busy in told)
    return full / len(told) if full >= FEWEST else 0.0


def _moment_of_lag(result: LoadResult, name: str) -> float | None:
    told = {at: it.lag[name] for at, it in result.series.intervals.items() if it.lag.get(name)}
    return max(told, key=lambda at: told[at]) * result.series.width if told else None
