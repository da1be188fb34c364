"""Two load runs compared, as lines for people: the verdict last, where the eye is."""

from __future__ import annotations

import math
from collections.abc import Iterator

from harness.load_results import LoadResult, saturation
from harness.load_results.comparison import Change, Comparison, Kind, Measure
from harness.load_results.quantities import duration, rate, share, span
from harness.reports.load.terminal import side_by_side
from harness.reports.load.verdict import verdict
from harness.reports.markdown import inline
from harness.visible import one_line

HEAD = ("measure", "old", "new", "new by old", "chance", "")
_SHOW = {Kind.RATE: rate, Kind.LATENCY: duration, Kind.SHARE: share}


def comparison_lines(comparison: Comparison) -> Iterator[str]:
    """The comparison for a terminal."""
    yield from map(one_line, runs(comparison))
    yield ""
    yield from side_by_side([HEAD, *(tuple(cells(it)) for it in comparison.measures)])
    yield ""
    yield from (f"! {one_line(text)}" for text in remarks(comparison))
    yield one_line(headline(comparison))


def comparison_markdown(comparison: Comparison) -> Iterator[str]:
    """The comparison as Markdown, for a pull request."""
    yield f"## smtp-harness load: {inline(headline(comparison))}"
    yield ""
    yield from (f"- {inline(text)}" for text in (*runs(comparison), *remarks(comparison)))
    yield ""
    yield f"| {' | '.join(HEAD)} |"
    yield f"| --- |{' --: |' * 4} --- |"
    for measure in comparison.measures:
        shown = [inline(cell) for cell in cells(measure)]
        if measure.change is Change.WORSE:
            shown[-1] = f"**{shown[-1]}**"
        yield f"| {' | '.join(shown)} |"


def headline(comparison: Comparison) -> str:
    """The verdict, with what it hangs on."""
    if comparison.exit_status == 3:
        return "cannot be compared: one of the two measured nothing"
    names = [f"{it.threshold} is missed now" for it in comparison.broke]
    names += [_told(it) for it in comparison.of(comparison.change)]
    if comparison.change is Change.SAME:
        return "same: nothing differs beyond the tolerance and the noise"
    if comparison.change is Change.UNSURE:
        return f"the runs are too short, or too unsteady, to tell: {', '.join(names)}"
    return f"{comparison.change.value}: {', '.join(names)}"


def runs(comparison: Comparison) -> Iterator[str]:
    """Which two runs these are."""
    yield f"old: {_run(comparison.old)}"
    yield f"new: {_run(comparison.new)}"


def remarks(comparison: Comparison) -> Iterator[str]:
    """What makes the comparison worth less."""
    if not comparison.is_alike:
        yield "the two runs did not have the same profile and stages: they were asked other things"
    for name, result in (("old", comparison.old), ("new", comparison.new)):
        found = saturation(result)
        if found:
            yield f"{name}: {found}"


def cells(measure: Measure) -> Iterator[str]:
    """A row of the table: name, old, new, ratio, chance, what became of it."""
    show = _SHOW[measure.kind]
    yield measure.name
    yield show(measure.old)
    yield show(measure.new)
    yield "" if math.isinf(measure.ratio) else f"{measure.ratio:.3g}"
    yield "" if measure.chance is None else f"p = {measure.chance:.2g}"
    yield measure.change.value


def _told(measure: Measure) -> str:
    show = _SHOW[measure.kind]
    return f"{measure.name} {show(measure.old)} -> {show(measure.new)}"


def _run(result: LoadResult) -> str:
    return (
        f"{result.target}, profile '{result.profile}', {result.started[:16].replace('T', ' ')}, "
        f"{span(result.seconds)}: {verdict(result).title}"
    )
