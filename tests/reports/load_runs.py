"""Load results as real runs leave them: a server that is well, one that froze, one that broke, one
that lost mail, and our own side in trouble.

Latencies are drawn by a seed from log-normal distributions, as those of servers are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from random import Random

from harness.histogram import Histogram
from harness.load_results import (
    Accounting,
    Break,
    End,
    Generator,
    Interval,
    Judged,
    LoadResult,
    Messages,
    Misfortune,
    Series,
    Stage,
    Trouble,
    UnderLoad,
)
from tests.load_values import histogram

Second = Callable[[int, Random], Interval]


def drawn(source: Random, count: int, median: float, spread: float = 0.4) -> Histogram:
    """So many latencies around a median, in microseconds."""
    return histogram(*(median * source.lognormvariate(0, spread) for _ in range(count)))


def steady(begin: float, end: float, users: float, rate: float | None, name: str = "") -> Stage:
    return Stage(
        name=name or f"{users:.0f} users", begin=begin, end=end, users=(users, users),
        rate=None if rate is None else (rate, rate),
    )  # fmt: skip


def a_run(second: Second, stages: Sequence[Stage], *, seed: int = 1, **more: object) -> LoadResult:
    """The run that these seconds make."""
    source = Random(seed)
    length = int(stages[-1].end)
    intervals = {at: second(at, source) for at in range(length)}
    total = sum(intervals.values(), Interval())
    result = LoadResult(
        target="smtp://127.0.0.1:2525",
        profile="steady",
        seed=seed,
        users=round(max(most for stage in stages for most in stage.users)),
        started="2026-01-02T03:04:05+00:00",
        seconds=float(length),
        end=End.COMPLETE,
        messages=Messages(
            due=total.due, begun=total.begun, late=total.late, accepted=total.accepted,
            refused=total.refused, unanswered=total.unanswered,
        ),
        octets=total.octets,
        connections=max(1, sum(total.users.values())),
        phases=phases(total, source),
        troubles=troubles(intervals),
        thresholds=(Judged(threshold="failures == 0", met=not total.troubles,
                           found=str(sum(total.troubles.values()))),),
        greeting="220 mx.example.test ESMTP Postfix",
        harness="0.1.0",
        stages=tuple(stages),
        series=Series(intervals=intervals),
        generators={"local": a_generator(source, length, total.accepted)},
    )  # fmt: skip
    return replace(result, **more)  # type: ignore[arg-type]


def phases(total: Interval, source: Random) -> Mapping[str, Histogram]:
    found = {
        "connect": drawn(source, 20, 90), "greeting": drawn(source, 20, 400),
        "hello": drawn(source, 20, 200), "group": drawn(source, 500, 900),
        "dot": drawn(source, 500, 1_500), "message": total.latency,
    }  # fmt: skip
    return found if total.latency.count else {}


def troubles(intervals: Mapping[int, Interval]) -> tuple[Trouble, ...]:
    first: dict[str, int] = {}
    count: Counter[str] = Counter()
    for at, interval in intervals.items():
        for kind, times in interval.troubles.items():
            first.setdefault(kind, at)
            count[kind] += times
    return tuple(
        Trouble(
            stage=kind.partition(" ")[0], what=kind.partition(" ")[2], count=times,
            example=EXAMPLES.get(kind, ""), first=first[kind] + 0.5,
        )
        for kind, times in count.most_common()
    )  # fmt: skip


EXAMPLES = {
    "RCPT 452 4.3.1": "452 4.3.1 Insufficient system storage",
    "greeting 421 4.7.0": "421 4.7.0 mx.example.test too many connections from 127.0.0.1",
    "MAIL 451 4.7.1": "451 4.7.1 <script>alert('load')</script>\x1b[31m slow down & wait",
}


def a_generator(
    source: Random, seconds: float, accepted: int, *, busy: float = 0.4, lag: Sequence[float] = ()
) -> Generator:
    late = drawn(source, 500, 150)
    late.merge(histogram(*lag))
    return Generator(
        seconds=seconds, cpu=busy * seconds, lag=late, own=accepted * 40, waited=accepted * 3_000,
        accepted=accepted,
    )  # fmt: skip


def an_interval(
    source: Random, accepted: int, median: float = 3_000, *, spread: float = 0.4,
    users: Mapping[str, int] | None = None, **more: object,
) -> Interval:  # fmt: skip
    made = Interval(
        users=users or {"local": 20},
        lag={"local": int(200 * source.lognormvariate(0, 0.5))},
        busy={"local": min(1.0, 0.4 + source.random() / 20)},
        begun=accepted,
        accepted=accepted,
        octets=accepted * 1_024,
        latency=drawn(source, accepted, median, spread),
    )
    return replace(made, **more)  # type: ignore[arg-type]


@cache
def healthy(seed: int = 1, *, rate: int = 500, median: float = 3_000) -> LoadResult:
    """500 messages a second for half a minute, and nothing to tell."""

    def second(at: int, source: Random) -> Interval:
        return an_interval(source, rate, median, due=rate)

    kept = tuple(
        Judged(threshold=text, met=True, found=found)
        for text, found in (
            ("message p99 < 250ms", "9.2ms"), ("failures == 0", "0"), ("late < 1%", "0.000%"),
        )
    )  # fmt: skip
    return a_run(second, [steady(0, 30, 20, rate, "steady")], seed=seed, thresholds=kept)


@cache
def frozen() -> LoadResult:
    """A sink that froze for a second at 12 s under 300/s: what was due meanwhile waited for it."""

    def second(at: int, source: Random) -> Interval:
        if at == 12:
            return an_interval(source, 40, due=300, begun=40, latency=drawn(source, 40, 2_000))
        if at == 13:
            waited = histogram(*(source.uniform(1_000, 1_000_000) for _ in range(260)))
            waited.merge(drawn(source, 300, 4_000))
            return an_interval(source, 560, due=300, begun=560, late=255, latency=waited)
        return an_interval(source, 300, due=300)

    missed = (
        Judged(threshold="message p99 < 250ms", met=False, found="704ms"),
        Judged(threshold="late < 1%", met=False, found="2.833%"),
        Judged(threshold="unsent == 0", met=True, found="0"),
        Judged(threshold="failures == 0", met=True, found="0"),
    )
    return a_run(second, [steady(0, 30, 20, 300, "steady")], thresholds=missed)


@cache
def breaking() -> LoadResult:
    """Steps of 200/s; the server takes 800/s, then it says no, first to new connections."""
    stages = [
        steady(step * 6, step * 6 + 6, 20 * (step + 1), 200 * (step + 1), f"step {step + 1}")
        for step in range(6)
    ]

    def second(at: int, source: Random) -> Interval:
        rate = 200 * (at // 6 + 1)
        users = {"local": 20 * (at // 6 + 1)}
        if rate <= 800:
            return an_interval(source, rate, 2_000 + rate * 3, due=rate, users=users)
        no = {"greeting 421 4.7.0": (at - 23) * 6, "RCPT 452 4.3.1": max(0, (at - 26) * 11)}
        refused = sum(no.values())
        return an_interval(
            source, 790 - refused // 3, 40_000 * (at - 22), due=rate, begun=rate - 30,
            late=rate // 3, users=users, refused=no["RCPT 452 4.3.1"],
            troubles={kind: count for kind, count in no.items() if count},
        )  # fmt: skip

    missed = (
        Judged(threshold="message p99 < 250ms", met=False, found="1.31s"),
        Judged(threshold="failures < 0.1%", met=False, found="7.211%"),
        Judged(threshold="rate >= 500/s", met=True, found="642.2/s"),
    )
    return a_run(
        second, stages, profile="step-to-breaking-point", end=End.ABORTED, thresholds=missed,
        stopped=(Judged(threshold="message p99 > 1s", met=True, found="1.13s"),),
        under_load=UnderLoad(cases=40, rounds=9, breaks=(
            Break(case="rfc5321/4.5.3.2/greeting", requirement="5321-4.5.3.2-1", at=25.0,
                  rate=780.0, verdict="fail", headline="expected 220, met 421", times=3),
        )),
    )  # fmt: skip


@cache
def lossy() -> LoadResult:
    """Of 5,000 that were accepted five never came, one came twice, one with other octets.

    The last five are queued, but nobody can say that they are those.
    """

    def second(at: int, source: Random) -> Interval:
        return an_interval(source, 500)

    def token(number: int) -> str:
        return f"load-00000001-00000003-{number:09x}-1a2b3c4d"

    named = [
        *(Misfortune(kind="lost", token=token(n), recipient="user1@here.test")
          for n in (17, 999, 1_024, 3_000, 4_711, 4_995, 4_996, 4_997, 4_998, 4_999)),
        Misfortune(kind="duplicate", token=token(5), recipient="user2@here.test"),
        Misfortune(kind="altered", token=token(8), recipient="user2@here.test",
                   detail="octet 713: wanted 'é', found '<b>?</b>'"),
    ]  # fmt: skip
    source = Random(7)
    return a_run(
        second, [steady(0, 10, 20, None, "relay")],
        accounting=Accounting(
            where="sink:127.0.0.1:2600", accepted=5_000, delivered=4_980, bounced=10, queued=5,
            lost=5, duplicates=1, altered=1, unsure=2, named=tuple(named),
            latency=drawn(source, 4_980, 120_000, 0.8),
        ),
        thresholds=(
            Judged(threshold="lost == 0", met=False, found="5"),
            Judged(threshold="duplicates == 0", met=False, found="1"),
            Judged(threshold="altered == 0", met=False, found="1"),
            Judged(threshold="failures == 0", met=True, found="0"),
        ),
    )  # fmt: skip


@cache
def dead_worker() -> LoadResult:
    """Two processes, one of them killed at 15 s; the other one takes its share over."""

    def second(at: int, source: Random) -> Interval:
        both = {"worker 1": 10, "worker 2": 10}
        rate = 240 if at == 15 else 400
        return an_interval(
            source, rate, due=400, users=both if at < 15 else {"worker 1": 20},
            lag={"worker 1": 300}, busy={"worker 1": 0.5},
        )  # fmt: skip

    source = Random(5)
    return a_run(
        second, [steady(0, 30, 20, 400, "steady")],
        generators={
            "worker 1": a_generator(source, 30, 9_000),
            "worker 2": replace(a_generator(source, 15, 3_000), lost=True),
        },
        thresholds=(Judged(threshold="lost_generators == 0", met=False, found="1"),),
    )  # fmt: skip


@cache
def stopped() -> LoadResult:
    """Our own process was stopped (SIGSTOP) from 10 to 12 s: nothing here is the target's."""

    def second(at: int, source: Random) -> Interval:
        if at in (10, 11):
            return Interval(users={"local": 20}, due=300, lag={"local": 0})
        if at == 12:
            waited = histogram(*(source.uniform(1_000, 2_000_000) for _ in range(600)))
            waited.merge(drawn(source, 300, 3_000))
            return an_interval(source, 900, due=300, late=598, latency=waited,
                               lag={"local": 2_003_112}, busy={"local": 1.0})  # fmt: skip
        return an_interval(source, 300, due=300)

    source = Random(3)
    return a_run(
        second, [steady(0, 30, 20, 300, "steady")],
        generators={"local": a_generator(source, 30, 9_000, lag=[2_003_112])},
        thresholds=(
            Judged(threshold="message p99 < 250ms", met=False, found="1.5s"),
            Judged(threshold="late < 1%", met=False, found="6.644%"),
        ),
    )  # fmt: skip


@cache
def closed() -> LoadResult:
    """A run as fast as it goes, with a ramp, which only our own processor limited."""
    stages = [
        Stage(name="up", begin=0, end=10, users=(1, 200), rate=None),
        steady(10, 40, 200, None, "hold"),
        Stage(name="down", begin=40, end=50, users=(200, 1), rate=None),
    ]

    def second(at: int, source: Random) -> Interval:
        users = min(200, 20 * (at + 1), 20 * (50 - at))
        return an_interval(source, 6 * users, 50 * users, users={"local": users},
                           busy={"local": min(1.0, users / 180)})  # fmt: skip

    source = Random(4)
    return a_run(
        second, stages, profile="ramp",
        generators={"local": a_generator(source, 50, 50_000, busy=0.93)},
    )  # fmt: skip


@cache
def nothing() -> LoadResult:
    """Nobody was there."""
    found = a_run(lambda at, source: Interval(users={"local": 5}, troubles={"connect refused": 5}),
                  [steady(0, 5, 5, None, "steady")])  # fmt: skip
    return replace(found, connections=0, phases={}, greeting="", seconds=0.0)


RUNS = {
    "healthy": healthy, "frozen": frozen, "breaking": breaking, "lossy": lossy,
    "dead worker": dead_worker, "stopped": stopped, "closed": closed, "nothing": nothing,
}  # fmt: skip
