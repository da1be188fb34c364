"""Load results add up: one process after the other, one second after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.histogram import Histogram
from harness.load_results.values import End, Generator, LoadResult, Trouble


def together(one: LoadResult, other: LoadResult) -> LoadResult:
    """What both counted.  What describes the run is the first one's; so are its verdicts."""
    return replace(
        one,
        seconds=max(one.seconds, other.seconds),
        end=other.end if one.end is End.RUNNING else one.end,
        messages=one.messages + other.messages,
        octets=one.octets + other.octets,
        connections=one.connections + other.connections,
        resumed=one.resumed + other.resumed,
        phases=_merged(one.phases, other.phases),
        failed=_merged(one.failed, other.failed),
        troubles=_troubles(one.troubles, other.troubles),
        greeting=one.greeting or other.greeting,
        series=one.series + other.series,
        generators=_generators(one.generators, other.generators),
        accounting=one.accounting or other.accounting,
        under_load=one.under_load or other.under_load,
    )


def _merged(one: Mapping[str, Histogram], other: Mapping[str, Histogram]) -> dict[str, Histogram]:
    merged: dict[str, Histogram] = {}
    for name in {**one, **other}:
        merged[name] = Histogram()
        for side in (one, other):
            if name in side:
                merged[name].merge(side[name])
    return merged


def _troubles(one: tuple[Trouble, ...], other: tuple[Trouble, ...]) -> tuple[Trouble, ...]:
    met: dict[tuple[str, str], Trouble] = {}
    for trouble in (*one, *other):
        kind = (trouble.stage, trouble.what)
        known = met.get(kind)
        met[kind] = _sum(known, trouble) if known else trouble
    return tuple(sorted(met.values(), key=lambda each: (-each.count, each.stage, each.what)))


def _sum(one: Trouble, other: Trouble) -> Trouble:
    earlier = one if one.first <= other.first else other
    return replace(earlier, count=one.count + other.count)


def _generators(
    one: Mapping[str, Generator], other: Mapping[str, Generator]
) -> dict[str, Generator]:
    return {
        name: _fared(one.get(name, Generator()), other.get(name, Generator()))
        for name in {**one, **other}
    }


def _fared(one: Generator, other: Generator) -> Generator:
    lag = Histogram()
    lag.merge(one.lag)
    lag.merge(other.lag)
    return Generator(
        seconds=one.seconds + other.seconds,
        cpu=one.cpu + other.cpu,
        lag=lag,
        own=one.own + other.own,
        waited=one.waited + other.waited,
        accepted=one.accepted + other.accepted,
        lost=one.lost or other.lost,
    )
