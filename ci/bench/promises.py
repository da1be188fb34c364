"""Promises: what the project says about its speed, each with how it is told from the figures."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rounds import Results, Round, middle, ratios
from servers import AIOSMTPD, AIOSMTPD_KEEPS, POSTFIX, SINK, SMTP_SINK, SYNCED, UNSYNCED

PIPELINED: Final = ", pipelined"
# Generators, by their names in tables.
SOURCE, SOURCE_EACH = "smtp-source -d", "smtp-source"
PIPELINES, LOCK_STEP, EACH = "load", "load, lock-step", "load, a connection each"
CLEAR, STARTTLS = "load, in the clear", "load, STARTTLS"  # both at once
ONE, TWO, SMTPLIB = "load, 1 process", "load, 2 processes", "smtplib in Locust"

IDLE_CONNECTIONS: Final = 10_000
HELD: Final = 10_000  # connections of one generator
_KILOBYTES_EACH: Final = 40
MANY_USERS: Final = "1,000 users, by 50"
LATE: Final = 20  # seconds, in which it sends about a million messages
LATER: Final = f"after {LATE} seconds, by the first"
LARGER: Final = "63 KiB more, by those of smtp-source"
# How many times as much a message may cost.  1.25 is what measuring twice may differ by; and each
# octet of a text is copied three times, until the kernel has it, where smtp-source copies it once.
COSTS: Final = {MANY_USERS: 1.25, LATER: 1.25, LARGER: 2.5}
_GROWN: Final = 1.05  # times
_KEPT, _MISSED = "kept", "MISSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """So many times as fast as another."""

    ours: str
    theirs: str
    least: float
    aim: float | None = None
    of_sender: bool = False  # whose processor time is told: the server's, or the sender's
    processors: int = 1  # that there must be


PROMISES: Final = (
    Promise(ours=SINK, theirs=SMTP_SINK, least=0.7, aim=1.0),
    Promise(ours=SINK, theirs=AIOSMTPD, least=7.0),
    Promise(ours=SINK + PIPELINED, theirs=SMTP_SINK, least=1.5),
    Promise(ours=UNSYNCED, theirs=AIOSMTPD, least=2.5),
    Promise(ours=UNSYNCED, theirs=AIOSMTPD_KEEPS, least=2.5),
    Promise(ours=SYNCED, theirs=POSTFIX, least=1.0, aim=2.0),
)
HEADINGS: Final = ("ours", "beside", "promised", "met", "lowest", "highest", "processor", "")


LOADS: Final = (
    Promise(ours=PIPELINES, theirs=SOURCE, least=1.7, aim=2.0, of_sender=True),
    Promise(ours=LOCK_STEP, theirs=SOURCE, least=0.8, aim=1.0, of_sender=True),
    Promise(ours=PIPELINES, theirs=SMTPLIB, least=7.0, of_sender=True),
    Promise(ours=EACH, theirs=SOURCE_EACH, least=0.5, of_sender=True),
    # A sink takes most of a processor while two generators take two.
    Promise(ours=TWO, theirs=ONE, least=1.5, of_sender=True, processors=3),
    Promise(ours=STARTTLS, theirs=CLEAR, least=0.7, of_sender=True),
)


def judged(
    promises: Sequence[Promise], results: Results, *, processors: int
) -> list[Sequence[str]]:
    """A row for each promise: what was promised, what was met, whether it is kept."""
    return [_row(promise, results, processors) for promise in promises]


def judged_idle(octets_each: Mapping[str, float], count: int) -> list[Sequence[str]]:
    """A row for each way of being idle."""
    wanted = f"< {_KILOBYTES_EACH} KB"
    return [
        (f"{count:,} idle connections", how, wanted, f"{octets / 1_000:.1f} KB", "", "", "",
         _KEPT if octets < _KILOBYTES_EACH * 1_000 else _MISSED)
        for how, octets in octets_each.items()
    ]  # fmt: skip


def judged_costs(found: Mapping[str, float]) -> list[Sequence[str]]:
    """A row for each thing there can be more of: what a message costs then, by what it did."""
    return [
        ("load, a message", what, f"<= {limit:g} x", f"{found[what]:.2f} x", "", "", "",
         _KEPT if found[what] <= limit else _MISSED)
        for what, limit in COSTS.items()
    ]  # fmt: skip


def judged_memory(before: int, after: int, few: int, many: int) -> Sequence[str]:
    """The row for what is resident after many messages."""
    times = after / before
    return ("load, memory", f"{many:,} messages, by {few:,}", f"<= {_GROWN:g} x", f"{times:.3f} x",
            "", "", "", _KEPT if times <= _GROWN else _MISSED)  # fmt: skip


def judged_held(octets_each: float, count: int) -> Sequence[str]:
    """The row for connections that one generator holds."""
    return (f"load, {count:,} connections", "held", f"< {_KILOBYTES_EACH} KB",
            f"{octets_each / 1_000:.1f} KB", "", "", "",
            _KEPT if octets_each < _KILOBYTES_EACH * 1_000 else _MISSED)  # fmt: skip


def _row(promise: Promise, results: Results, processors: int) -> Sequence[str]:
    wanted = f"{promise.least:g} x" + (f" (aim {promise.aim:g})" if promise.aim else "")
    named = (promise.ours, promise.theirs, wanted)
    absent = [name for name in named[:2] if name not in results]
    if absent:
        return (*named, "", "", "", "", f"NOT MEASURED: no {' and no '.join(absent)}")
    ours, theirs = results[promise.ours], results[promise.theirs]
    found = ratios(ours, theirs)
    met = statistics.median(found)
    figures = (f"{met:.2f} x", f"{min(found):.2f}", f"{max(found):.2f}")
    saved = _saved(promise, middle(ours), middle(theirs))
    if processors < promise.processors:
        return (*named, *figures, saved, f"NOT PROMISED: {processors} processors")
    return (*named, *figures, saved, _verdict(promise, met))


def _saved(promise: Promise, ours: Round, theirs: Round) -> str:
    """How often ours goes into their processor time a message: other work hardly matters there."""
    if promise.of_sender:
        return f"{theirs.load_effort / ours.load_effort:.2f}" if ours.load_effort else ""
    return f"{theirs.effort / ours.effort:.2f}" if ours.effort and theirs.effort else ""


def _verdict(promise: Promise, met: float) -> str:
    if met < promise.least:
        return _MISSED
    return f"{_KEPT}, and the aim" if promise.aim and met >= promise.aim else _KEPT
