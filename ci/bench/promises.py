"""Promises: what the project says about its speed, each with how it is told from the figures."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rounds import Results, Round, middle, ratios
from servers import AIOSMTPD, AIOSMTPD_KEEPS, POSTFIX, SINK, SMTP_SINK, SYNCED, UNSYNCED

PIPELINED: Final = ", pipelined"
IDLE_CONNECTIONS: Final = 10_000
_KILOBYTES_EACH: Final = 40
_KEPT, _MISSED = "kept", "MISSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """So many times as fast as another."""

    ours: str
    theirs: str
    least: float
    aim: float | None = None


PROMISES: Final = (
    Promise(ours=SINK, theirs=SMTP_SINK, least=0.7, aim=1.0),
    Promise(ours=SINK, theirs=AIOSMTPD, least=7.0),
    Promise(ours=SINK + PIPELINED, theirs=SMTP_SINK, least=1.5),
    Promise(ours=UNSYNCED, theirs=AIOSMTPD, least=2.5),
    Promise(ours=UNSYNCED, theirs=AIOSMTPD_KEEPS, least=2.5),
    Promise(ours=SYNCED, theirs=POSTFIX, least=1.0, aim=2.0),
)
HEADINGS: Final = ("ours", "beside", "promised", "met", "lowest", "highest", "processor", "")


def judged(results: Results) -> list[Sequence[str]]:
    """A row for each promise: what was promised, what was met, whether it is kept."""
    return [_row(promise, results) for promise in PROMISES]


def judged_idle(octets_each: Mapping[str, float], count: int) -> list[Sequence[str]]:
    """A row for each way of being idle."""
    wanted = f"< {_KILOBYTES_EACH} KB"
    return [
        (f"{count:,} idle connections", how, wanted, f"{octets / 1_000:.1f} KB", "", "", "",
         _KEPT if octets < _KILOBYTES_EACH * 1_000 else _MISSED)
        for how, octets in octets_each.items()
    ]  # fmt: skip


def _row(promise: Promise, results: Results) -> Sequence[str]:
    wanted = f"{promise.least:g} x" + (f" (aim {promise.aim:g})" if promise.aim else "")
    named = (promise.ours, promise.theirs, wanted)
    absent = [name for name in named[:2] if name not in results]
    if absent:
        return (*named, "", "", "", "", f"NOT MEASURED: no {' and no '.join(absent)}")
    ours, theirs = results[promise.ours], results[promise.theirs]
    found = ratios(ours, theirs)
    met = statistics.median(found)
    figures = (f"{met:.2f} x", f"{min(found):.2f}", f"{max(found):.2f}")
    return (*named, *figures, _saved(middle(ours), middle(theirs)), _verdict(promise, met))


def _saved(ours: Round, theirs: Round) -> str:
    """How often ours goes into their processor time a message: other work hardly matters there."""
    return f"{theirs.effort / ours.effort:.2f}" if ours.effort and theirs.effort else ""


def _verdict(promise: Promise, met: float) -> str:
    if met < promise.least:
        return _MISSED
    return f"{_KEPT}, and the aim" if promise.aim and met >= promise.aim else _KEPT
