"""Charts as inline SVG: places are per cent of the width, so text keeps its size on every screen.

What is drawn lies in an inner picture that is stretched; labels stand around it in the outer one.
Values that hold for an interval are drawn as steps: what lies between two of them nobody measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from harness.reports.one_file import text

TOP = 16  # pixels for what stands above the picture
BOTTOM = 20  # ... and below it
_ROOM = 20  # per cent of the width that the labels of two marks take on a narrow screen
_WIDE, _HIGH = 1000, 1000  # the inner picture's own units


@dataclass(frozen=True, slots=True)
class Axis:
    """Values to places from 0 to 1, and the values that are named."""

    place: Callable[[float], float]
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A value for a while; None where there is none."""

    begin: float
    end: float
    value: float | None


def linear(most: float, show: Callable[[float], str], parts: int = 4) -> Axis:
    """From 0 to a round number at or beyond the most, in so many parts or fewer."""
    step = _round_step(most, parts)
    top = max(1, math.ceil(most / step - 1e-9))
    ticks = tuple((number * step, show(number * step)) for number in range(top + 1))
    return Axis(lambda value: value / (top * step), ticks)


def logarithmic(least: float, most: float, show: Callable[[float], str]) -> Axis:
    """Whole decades around what there is; whatever is below the first lies on its line."""
    first = math.floor(math.log10(max(least, 1)))
    last = max(first + 1, math.ceil(math.log10(max(most, 1)) - 1e-9))
    ticks = tuple((10.0**power, show(10.0**power)) for power in range(first, last + 1))

    def place(value: float) -> float:
        return max(0.0, (math.log10(max(value, 1)) - first) / (last - first))

    return Axis(place, ticks)


def tail(count: int) -> Axis:
    """Shares of all, spread so that each further nine has as much room as the one before."""
    nines = max(2, math.ceil(math.log10(max(count, 10))))
    shares = [0.5, *(1 - 10.0**-power for power in range(1, nines + 1))]

    def place(share: float) -> float:
        return min(1.0, -math.log10(max(1 - share, 10.0**-nines)) / nines)

    return Axis(place, tuple((share, _per_cent(share)) for share in shares))


def clock(seconds: float, show: Callable[[float], str]) -> Axis:
    """The time of a run, with not more than six moments named."""
    step = next((it for it in _CLOCK if seconds / it <= 6), 3600 * math.ceil(seconds / 21600))
    ticks = tuple((at * step, show(at * step)) for at in range(int(seconds / step + 1e-9) + 1))
    return Axis(lambda value: value / seconds if seconds else 0.0, ticks)


_CLOCK = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)


def _round_step(most: float, parts: int) -> float:
    """1, 2 or 5 times a power of ten, so many of which reach the most."""
    if most <= 0:
        return 1.0
    rough = most / parts
    power = 10.0 ** math.floor(math.log10(rough))
    return next(it * power for it in (1, 2, 5, 10) if it * power >= rough - 1e-12)


def _per_cent(share: float) -> str:
    return f"{share * 100:.10g}%"


# --- what is drawn -------------------------------------------------------------------------------


def steps(values: Iterable[Step], across: Axis, up: Axis, kind: str) -> str:
    """A line of steps, with a gap where there is no value."""
    path, is_open = [], False
    for step in values:
        if step.value is None:
            is_open = False
            continue
        y = _y(up, step.value)
        path.append(f"{'L' if is_open else 'M'}{_x(across, step.begin)} {y}H{_x(across, step.end)}")
        is_open = True
    return _path("".join(path), f"line {kind}")


def area(values: Iterable[Step], across: Axis, up: Axis, kind: str) -> str:
    """The surface below steps."""
    path = [
        f"M{_x(across, it.begin)} {_HIGH}V{_y(up, it.value)}H{_x(across, it.end)}V{_HIGH}Z"
        for it in values
        if it.value
    ]
    return _path("".join(path), f"area {kind}")


def stacked(layers: Sequence[Sequence[Step]], across: Axis, up: Axis) -> Iterator[str]:
    """Surfaces one on the other, from below; all have the same steps."""
    below = [0.0] * len(layers[0]) if layers else []
    for number, layer in enumerate(layers):
        path = []
        for at, it in enumerate(layer):
            if it.value:
                foot, head = _y(up, below[at]), _y(up, below[at] + it.value)
                path.append(f"M{_x(across, it.begin)} {foot}V{head}H{_x(across, it.end)}V{foot}Z")
                below[at] += it.value
        yield _path("".join(path), f"area k{number}")


def curve(points: Iterable[tuple[float, float]], across: Axis, up: Axis, kind: str) -> str:
    """A line through points."""
    path = " L".join(f"{_x(across, x)} {_y(up, y)}" for x, y in points)
    return _path(f"M{path}" if path else "", f"line {kind}")


def _path(path: str, kind: str) -> str:
    return f'<path class="{kind}" d="{path}"/>' if path else ""


def _x(axis: Axis, value: float) -> str:
    return f"{axis.place(value) * _WIDE:.1f}".removesuffix(".0")


def _y(axis: Axis, value: float) -> str:
    return f"{(1 - min(axis.place(value), 1.0)) * _HIGH:.0f}"


# --- the chart -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Band:
    """A part of the width with a name."""

    begin: float
    end: float
    name: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A line at a moment, with the numbers of the findings it belongs to."""

    at: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """All of one chart but its heading."""

    name: str  # for those who hear it
    across: Axis
    up: Axis
    drawn: str
    high: int = 150  # pixels of the picture
    bands: tuple[Band, ...] = ()
    marks: tuple[Mark, ...] = ()
    is_timed: bool = True  # the cursor of the page's script goes over it

    def markup(self) -> str:
        """The chart as an element."""
        kind = ' class="chart timed" tabindex="0"' if self.is_timed else ' class="chart"'
        return "".join([
            f'<svg{kind} width="100%" height="{TOP + self.high + BOTTOM}" role="img" '
            f'aria-label="{text(self.name)}">',
            *self._bands(),
            *self._lines(),
            f'<svg class="picture" y="{TOP}" width="100%" height="{self.high}" '
            f'viewBox="0 0 {_WIDE} {_HIGH}" preserveAspectRatio="none">{self.drawn}</svg>',
            *self._marks(),
            *self._labels(),
            f'<line class="cursor" y1="{TOP}" y2="{TOP + self.high}"/>' if self.is_timed else "",
            "</svg>",
        ])  # fmt: skip

    def _bands(self) -> Iterator[str]:
        for number, band in enumerate(self.bands):
            x, width = self._at(band.begin), self._at(band.end) - self._at(band.begin)
            shade = "odd" if number % 2 else "even"
            name = text(band.name)
            yield (
                f'<svg x="{x:.2f}%" width="{width:.2f}%" height="{TOP + self.high}">'
                f'<rect class="band {shade}" width="100%" height="100%"><title>{name}</title>'
                f'</rect><text class="stage" x="4" y="12">{name}</text></svg>'
            )

    def _lines(self) -> Iterator[str]:
        for value, _ in self.up.ticks:
            y = self._down(value)
            yield f'<line class="grid" x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>'

    def _labels(self) -> Iterator[str]:
        for value, shown in self.up.ticks:
            is_highest = value == self.up.ticks[-1][0]  # above it the stages have their names
            y = self._down(value) + (11 if is_highest else -3)
            yield f'<text class="tick" x="3" y="{y:.1f}">{text(shown)}</text>'
        foot = TOP + self.high + 14
        for value, shown in self.across.ticks:
            x = self._at(value)
            side = "start" if x < 5 else "end" if x > 94 else "middle"
            yield (
                f'<text class="tick" x="{x:.2f}%" y="{foot}" text-anchor="{side}">'
                f"{text(shown)}</text>"
            )

    def _marks(self) -> Iterator[str]:
        places = [min(max(self._at(mark.at), 0.0), 100.0) for mark in self.marks]
        sides = _sides(places)
        for mark, x, side in zip(self.marks, places, sides, strict=True):
            yield (
                f'<line class="mark" x1="{x:.2f}%" x2="{x:.2f}%" y1="{TOP}" '
                f'y2="{TOP + self.high}"/><text class="mark" x="{x:.2f}%" y="{TOP + 11}" '
                f'text-anchor="{side}">{text(mark.label)}</text>'
            )

    def _at(self, value: float) -> float:
        return self.across.place(value) * 100

    def _down(self, value: float) -> float:
        return TOP + (1 - self.up.place(value)) * self.high


def _sides(places: Sequence[float]) -> Iterator[str]:
    """How each label lies at its line: within the picture, and not on that of a neighbour."""
    around = [-_ROOM, *places, 100 + _ROOM]
    for before, x, behind in zip(around, places, around[2:], strict=False):
        is_after, is_before = x - before < _ROOM, behind - x < _ROOM
        if x < 3 or x > 96:
            yield "start" if x < 3 else "end"
        elif is_after != is_before:
            yield "start" if is_after else "end"
        else:
            yield "middle"
