"""Generators beside each other: ours, Postfix's smtp-source, and smtplib in Locust.

All generators run on one processor, the sinks on the others.
"""

from __future__ import annotations

import contextlib
import functools
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import idle
from at_once import at_once
from generating import (
    ALL,
    FIRST,
    Ours,
    per_connection,
    persistent,
    pin,
    resident,
    smtplib_in_locust,
)
from loads import OCTETS, Postfix
from promises import (
    CLEAR,
    EACH,
    HELD,
    LARGER,
    LATE,
    LATER,
    LOADS,
    LOCK_STEP,
    MANY_USERS,
    ONE,
    PIPELINES,
    SMTPLIB,
    SOURCE,
    SOURCE_EACH,
    STARTTLS,
    TWO,
    judged,
    judged_costs,
    judged_held,
    judged_memory,
)
from rounds import Contender, Results, Round, middle, race, ratios
from servers import ANSWERING, SMTP_SINK, Server, answering, free_ports, running
from tables import aligned

from harness.load_results import Follower, LoadResult

FEW, MANY = 20_000, 500_000  # messages: our memory after the latter is that after the former
_LARGE: Final = 65_536  # octets of a message
_CROWD: Final = 1_000  # users
_TURN: Final = 2  # times a server's turn: Locust takes a while until all its users are there
_TOO_LONG: Final = 240.0  # seconds


def measure(tools: Postfix, rounds: int, seconds: float) -> list[Sequence[str]]:
    """Race all, weigh ours, and say of each promise whether it is kept."""
    with _beside_generators():
        servers = _sinks(tools)
        results = race(_contenders(tools), servers, rounds=rounds, seconds=_TURN * seconds)
        _show(results)
        with running(servers[ANSWERING]) as sink:
            clear, inside_tls = at_once(sink.server.port, Ours(), Ours(tls="starttls"))
        with running(servers[SMTP_SINK]) as sink:
            costs, memory = _costs(tools, sink.server.port), _memory(sink.server.port)
        count = idle.allowed(HELD)
        with idle.server() as (_, port):
            held = _held(port, count)
    return [
        *judged(LOADS, {**results, CLEAR: clear, STARTTLS: inside_tls}, processors=len(ALL)),
        *judged_costs(costs),
        judged_memory(*memory, FEW, MANY),
        judged_held(held, count),
    ]


def _contenders(tools: Postfix) -> list[Contender]:
    """Whom a promise holds together stands side by side."""
    source = functools.partial(persistent, tools)
    each = functools.partial(per_connection, tools)
    return [
        Contender(name=LOCK_STEP, server=SMTP_SINK, load=Ours(pipelining="off")),
        Contender(name=SOURCE, server=SMTP_SINK, load=source),
        Contender(name=PIPELINES, server=SMTP_SINK, load=Ours()),
        Contender(name=SMTPLIB, server=SMTP_SINK, load=smtplib_in_locust),
        Contender(name=SOURCE_EACH, server=SMTP_SINK, load=each),
        Contender(name=EACH, server=SMTP_SINK, load=Ours(per_connection="1")),
        Contender(name=TWO, server=ANSWERING, load=Ours(processes=2)),
        Contender(name=ONE, server=ANSWERING, load=Ours()),
    ]


@contextlib.contextmanager
def _beside_generators() -> Iterator[None]:
    """What is started here runs on the other processors, if there are others."""
    os.sched_setaffinity(0, (ALL - FIRST) or ALL)
    try:
        yield
    finally:
        os.sched_setaffinity(0, ALL)


def _sinks(tools: Postfix) -> dict[str, Server]:
    ours, theirs = free_ports(2)
    return {
        SMTP_SINK: Server(
            name=SMTP_SINK, port=theirs, command=tools.sink(theirs), environment=tools.environment
        ),
        ANSWERING: answering(ours),
    }


def _show(results: Results) -> None:
    rows = [["", "messages/s", "generator", f"x {SOURCE}"]]
    for name, rounds in results.items():
        found = middle(rounds)
        compared = statistics.median(ratios(rounds, results[SOURCE]))
        rows.append(
            [name, f"{found.rate:,.0f}", f"{found.load_effort * 1e6:,.0f} us", f"{compared:.2f}"]
        )
    print(f"\ngenerators with 50 connections and {OCTETS:,} octets, on one processor, at smtp-sink")
    print("or at one that only answers; generator: the processor time that a message took of it")
    print(aligned(rows), flush=True)


def _costs(tools: Postfix, port: int) -> dict[str, float]:
    """What a message costs when there is more of something, by what it costs otherwise."""
    few, many = at_once(port, Ours(), Ours(users=_CROWD))
    later, first = at_once(port, Ours(), Ours(), head_start=LATE)
    small, large = at_once(port, Ours(), Ours(size=_LARGE))
    theirs = _source_cost(tools, port, _LARGE) - _source_cost(tools, port, OCTETS)
    return {
        MANY_USERS: _cost(many) / _cost(few),
        LATER: _cost(later) / _cost(first),
        LARGER: (_cost(large) - _cost(small)) / theirs,
    }


def _cost(rounds: Sequence[Round]) -> float:
    """Processor time that a message took of the generator."""
    return middle(rounds).load_effort


def _source_cost(tools: Postfix, port: int, octets: int) -> float:
    return tools.source(port, FEW, octets=octets, before=pin).effort / FEW


def _memory(port: int) -> tuple[int, int]:
    """Octets that are resident after few messages, and after many."""
    first = last = 0

    def look(octets: int, known: LoadResult) -> bool:
        nonlocal first, last
        if known.messages.accepted >= FEW:
            first, last = first or octets, octets
        return known.messages.accepted >= MANY

    _watch(Ours(), port, look)  # it is still at it: the end of a run is another story
    return first, last


def _held(port: int, count: int) -> float:
    """The octets that each of so many connections costs us, from the hundredth on."""
    few, many = [0, 0], [0, 0]

    def look(octets: int, known: LoadResult) -> bool:
        nonlocal few, many
        if known.connections >= 100 and not few[0]:
            few = [known.connections, octets]
        many = [known.connections, octets]
        return known.connections >= count

    _watch(Ours(users=count, rate="1/s"), port, look)
    return (many[1] - few[1]) / (many[0] - few[0])


def _watch(load: Ours, port: int, look: Callable[[int, LoadResult], bool]) -> None:
    """Shows what a generator has resident, and what it has done, until it has been seen enough."""
    deadline = time.monotonic() + _TOO_LONG
    with load.running(port) as (child, result):
        follower = Follower(result)
        while time.monotonic() < deadline and child.poll() is None:
            known = follower.look()
            if known is not None and look(resident(child), known):
                return
            time.sleep(0.1)
    sys.exit("load: it ended before it was seen what it takes")
