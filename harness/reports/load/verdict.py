"""A load run in one line: did it hold?

The exit status decides, and so the thresholds do: what a report says and what CI does must agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.load_results import End, Judged, LoadResult, around_the_break, by_stage, saturation
from harness.load_results.quantities import listed, moment
from harness.visible import one_line

CUT = {End.RUNNING: "the generator broke off", End.INTERRUPTED: "the run was interrupted"}
FEW = 3  # thresholds that were missed, named in the line


class Word(StrEnum):
    """How a run ended, for a page's colours and a program's switch."""

    HELD = "held"
    BROKE = "broke"
    DOUBTFUL = "doubtful"  # it held as far as one can tell: our own side was the limit, or cut it
    STOPPED = "stopped"  # at its breaking point, which was looked for
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The line, and its word."""

    word: Word
    title: str


def verdict(result: LoadResult) -> Verdict:
    """How the run ended."""
    if result.exit_status == 3:
        return Verdict(Word.NOTHING, "nothing was measured")
    missed = [judged for judged in result.thresholds if not judged.met]
    ours = saturation(result) or result.lost_generators
    if missed:
        broke = "missed, and our own generator was the limit" if ours else "it broke"
        if result.end is End.RUNNING:  # perhaps because of that
            broke = f"missed, and {CUT[result.end]}"
        return Verdict(Word.BROKE, one_line(f"{broke}: {_named(missed)}"))
    cut = CUT.get(result.end)
    if cut:
        return Verdict(Word.DOUBTFUL, f"it held as long as it was measured: {cut}")
    if result.end is End.ABORTED:
        return Verdict(Word.STOPPED, one_line(_breaking_point(result, is_ours=bool(ours))))
    if ours:
        return Verdict(Word.DOUBTFUL, "it held, but our own generator was the limit")
    return Verdict(Word.HELD, "it held: all thresholds kept")


def _breaking_point(result: LoadResult, *, is_ours: bool) -> str:
    whose = "its breaking point was reached"
    if is_ours:
        whose = "a breaking point was reached, and our own generator was the limit,"
    held, broken = around_the_break(by_stage(result))
    named = f": '{held.stage.name}' held" if held and broken else ""
    return f"{whose} after {moment(result.seconds)}{named}"


def _named(missed: Sequence[Judged]) -> str:
    return listed([f"{it.threshold} (found {it.found})" for it in missed[:FEW]], len(missed))
