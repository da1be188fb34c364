"""The run as a person watches it: failures at once and in full, the rest in a line per suite.

Many suites have a line for each RFC or theme instead, and a terminal, which shows progress anyway,
has those side by side at the end, so that the summary fits a screen.  Results go to one stream,
progress to another, and progress only where a terminal shows it: a pipe gets plain lines.  Outcomes
arrive in suite order; who plays them side by side sees to that.
"""

from __future__ import annotations

import shlex
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TextIO

from harness.reports.colour import painted, painted_word
from harness.reports.columns import in_columns
from harness.reports.status_line import StatusLine
from harness.reports.story import Line, Part, brief_story, headline, story
from harness.results import JUDGED, Level, Outcome, RunResult, Verdict
from harness.visible import harmless, one_line

MANY_STORIES = 10  # told in full; what comes after them is told in a line
FEW_REASONS = 8  # named in the summary
MANY_NAMES = 20  # of failed cases
MANY_SUITES = 20  # which are told folder by folder
UNMET = (Verdict.FAIL, Verdict.WARN, Verdict.INFO)

_WORST_FIRST = (Verdict.FAIL, Verdict.ERROR, Verdict.WARN, Verdict.INFO, Verdict.FIXED,
                Verdict.KNOWN, Verdict.SKIP, Verdict.MET)  # fmt: skip

MEANINGS = {
    Verdict.MET: "",
    Verdict.FAIL: "unmet: a MUST, or what an attacker can reach",
    Verdict.WARN: "unmet: a SHOULD, or what is only derived or custom",
    Verdict.INFO: "unmet: a MAY",
    Verdict.SKIP: "not played",
    Verdict.ERROR: "could not be judged; never blamed on the target",
    Verdict.KNOWN: "unmet, as the known deviations say",
    Verdict.FIXED: "met now: take it out of the known deviations",
}


class Terminal:
    """Tells a run while it goes on."""

    def __init__(
        self,
        out: TextIO,
        err: TextIO,
        *,
        level: Level = Level.MUST,
        colour: bool = False,
        verbose: bool = False,
    ) -> None:
        self.is_heard = True
        self._out = out
        self._level = level
        self._colour = colour
        self._verbose = verbose
        self._progress = StatusLine(err)
        self._total = 0
        self._width = 0  # of a suite's id
        self._ends_in_gap = False
        self._seen = 0
        self._stories = 0
        self._told: set[str] = set()  # causes of errors
        self._folders = False
        self._part = ""  # the suite or folder whose cases are coming in
        self._parts: dict[str, Counter[Verdict]] = {}

    def begin(self, target: str, suites: Sequence[str]) -> None:
        """Say what is about to happen; `suites` has the suite of each case."""
        self._total = len(suites)
        self._folders = len(set(suites)) > MANY_SUITES
        self._width = max((len(self._part_of(suite)) for suite in suites), default=0)
        noun = "case" if self._total == 1 else "cases"
        self._say(f"{self._total} {noun} against {one_line(target)}")
        self._gap()
        self._show_progress("")

    def add(self, outcome: Outcome) -> None:
        """Tell one outcome; the next one in suite order."""
        part = self._part_of(outcome.group)
        if self._part != part:
            self._end_part()
        self._part = part
        self._parts.setdefault(part, Counter())[outcome.verdict] += 1
        self._seen += 1
        self._tell(outcome)
        self._show_progress(outcome.address)

    def end(self, result: RunResult) -> None:
        """The summary."""
        self._end_part()
        if self._side_by_side:
            self._say(*self._columns())
        self._gap()
        self._say(*self._paint(summary(result)))

    def _tell(self, outcome: Outcome) -> None:
        if self._is_trouble(outcome):
            self._trouble(outcome)
        elif self._verbose:
            self._story(outcome, story(outcome) if outcome.surprise else brief_story(outcome))
        elif outcome.verdict in (Verdict.WARN, Verdict.INFO, Verdict.FIXED):
            self._line(outcome)

    def _is_trouble(self, outcome: Outcome) -> bool:
        return outcome.verdict is Verdict.ERROR or self._level.is_failed_by(outcome.verdict)

    def _trouble(self, outcome: Outcome) -> None:
        if outcome.verdict is Verdict.ERROR:
            cause = _cause(outcome)
            if cause in self._told and not self._verbose:  # again: the summary counts it
                return
            self._told.add(cause)
        self._stories += 1
        if self._stories > MANY_STORIES and not self._verbose:
            self._line(outcome)
        else:
            self._story(outcome, story(outcome))

    def _story(self, outcome: Outcome, lines: list[Line]) -> None:
        self._gap()
        self._say(*self._paint(lines, outcome.verdict))
        self._gap()

    def _line(self, outcome: Outcome) -> None:
        word = self._word(outcome.verdict.value.upper(), outcome.verdict)
        told = one_line(f"{outcome.address}: {outcome.title}: {headline(outcome)}")
        self._say(f"{word} {told}")

    @property
    def _side_by_side(self) -> bool:
        return self._folders and self._progress.is_seen

    def _part_of(self, suite: str) -> str:
        return one_line(suite.partition("/")[0] if self._folders else suite)

    def _end_part(self) -> None:
        if self._part and not self._side_by_side:
            words = ", ".join(
                self._word(f"{count} {verdict.value}", verdict)
                for verdict, count in _in_order(self._parts[self._part])
            )
            self._say(f"{self._part:<{self._width}}  {words}")

    def _columns(self) -> list[str]:
        """All parts, each in the colour of the worst that there is about it."""
        texts, worst = [], []
        for part, counts in self._parts.items():
            words = ", ".join(f"{count} {verdict.value}" for verdict, count in _in_order(counts))
            texts.append(f"{part:<{self._width}}  {words}")
            worst.append(next(verdict for verdict in _WORST_FIRST if counts[verdict]))
        width = shutil.get_terminal_size().columns
        return in_columns(texts, width, lambda at, text: self._word(text, worst[at]))

    def _word(self, word: str, verdict: Verdict) -> str:
        return painted_word(word, verdict) if self._colour else word

    def _paint(self, lines: Iterable[Line], verdict: Verdict | None = None) -> list[str]:
        plain = (replace(line, text=one_line(line.text)) for line in lines)
        return [painted(line, verdict) if self._colour else line.text for line in plain]

    def _gap(self) -> None:
        """One empty line, never two."""
        if not self._ends_in_gap:
            self._say("")

    def _say(self, *lines: str) -> None:
        self._ends_in_gap = not lines[-1]
        self._progress.clear()
        if not self.is_heard:
            return
        try:
            self._out.write("".join(f"{line}\n" for line in lines))
            self._out.flush()  # a pipe's reader wants the first failure now, not with the last
        except BrokenPipeError:
            self.is_heard = False  # the run goes on: its reports and its exit status still count

    def _show_progress(self, address: str) -> None:
        if self._progress.is_seen:
            self._progress.show(f"[{self._seen}/{self._total}]{self._unmet()} {address}")

    def _unmet(self) -> str:
        counts: Counter[Verdict] = sum(self._parts.values(), Counter())
        told = [f"{counts[it]} {it.value}" for it in (*UNMET, Verdict.ERROR) if counts[it]]
        return f" {', '.join(told)}," if told else ""


def _in_order(counts: Counter[Verdict]) -> list[tuple[Verdict, int]]:
    return [(verdict, counts[verdict]) for verdict in Verdict if counts[verdict]]


def summary(result: RunResult) -> list[Line]:
    """How many of how many were judged, a line per verdict that occurred, how to see more."""
    interrupted = "Interrupted: " if result.interrupted else ""
    cases = "case" if result.total == 1 else "cases"
    lines = [
        Line(
            f"{interrupted}{result.judged} of {result.total} {cases} judged "
            f"in {result.seconds:.1f} s (seed {result.seed})",
            Part.TITLE,
        )
    ]
    for verdict, count in result.tally.items():
        if count:
            lines.append(Line(f"{count:6} {verdict.value:<6} {MEANINGS[verdict]}".rstrip()))
            lines += [*_named(result, verdict), *_reasons(result, verdict)]
    return [*lines, *_more(result)]


def _named(result: RunResult, verdict: Verdict) -> list[Line]:
    """The cases that fail the run: their stories may have scrolled away."""
    if not result.level.is_failed_by(verdict):
        return []
    names = [outcome.address for outcome in result.outcomes if outcome.verdict is verdict]
    rest = len(names) - MANY_NAMES
    shown = names[:MANY_NAMES] + ([f"and {rest} more"] if rest > 0 else [])
    return [Line(f"{'':13} {name}") for name in shown]


def _reasons(result: RunResult, verdict: Verdict) -> list[Line]:
    """Why cases were not judged, the commonest reason first."""
    if verdict in JUDGED:
        return []
    of_it = (outcome for outcome in result.outcomes if outcome.verdict is verdict)
    counts = Counter(" ".join(harmless(_cause(outcome)).split()) for outcome in of_it)
    lines = [f"{count:4}  {reason}" for reason, count in counts.most_common(FEW_REASONS)]
    rest = len(counts) - FEW_REASONS
    lines += [f"and {rest} other reasons"] if rest > 0 else []
    return [Line(f"{'':13} {line}") for line in lines]


def _cause(outcome: Outcome) -> str:
    """The reason's first line, without the runner's hint at the case that met it before."""
    return outcome.reason.partition("\n")[0].partition(" (as for ")[0]


def _more(result: RunResult) -> list[Line]:
    unmet = [it for verdict in UNMET for it in result.outcomes if it.verdict is verdict]
    if not unmet:
        return []
    return [
        Line(""),
        Line(f"smtp-harness explain {shlex.quote(unmet[0].selector)}", Part.COMMAND),
        Line(
            "  tells what a case is about; run -v shows every dialogue, run --json FILE keeps all."
        ),
    ]
