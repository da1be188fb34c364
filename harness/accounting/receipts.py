"""Receipts: which messages the target has taken, a line of JSON for each second of a sender's life.

    {"accepted": [[sender, first, last, taken], ...],   # serials, both included
     "unsure": [[sender, first, last, taken], ...],     # their final dot was never answered
     "times": [[sender, serial, microseconds], ...]}    # since the epoch; of a sample

`taken` says who of a message's recipients was not refused, the first by the lowest bit.  A line
holds what came since the line before, so lines of several processes may be mixed, and a
file that is cut short says what it says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final

from harness.accounting.ranges import Ranges
from harness.accounting.times import Times
from harness.errors import UsageError
from harness.json_reading import read_json

MOST_TIMES: Final = 2_000  # in a line
_FEW_TIMES: Final = MOST_TIMES // 4
_MICROSECONDS: Final = 1_000_000

Run = list[int]  # first, last, taken


class Receipts:
    """What one process notes; what it holds goes out with the next line."""

    def __init__(self) -> None:
        self._open: dict[int, Run] = {}  # by sender: the run that may go on
        self._accepted: list[Run] = []  # with the sender in front
        self._unsure: list[Run] = []
        self._times: list[tuple[int, int, float]] = []
        self._stride = 1  # a power of two

    def accept(self, sender: int, serial: int, taken: int, dot: float) -> None:
        """250 came for these; `dot` is when the final dot went out, by any clock."""
        run = self._open.get(sender)
        if run is not None and run[1] == serial - 1 and run[2] == taken:
            run[1] = serial
        else:
            if run is not None:
                self._accepted.append([sender, *run])
            self._open[sender] = [serial, serial, taken]
        if not serial % self._stride and len(self._times) < MOST_TIMES:
            self._times.append((sender, serial, dot))

    def doubt(self, sender: int, serial: int, taken: int) -> None:
        """The final dot went out, and nobody said what became of it for these."""
        self._unsure.append([sender, serial, serial, taken])

    def line(self, ahead: float) -> str:
        """What has been noted since the last line, or nothing.

        `ahead` is what has to be added to a moment of our clock to get seconds since the epoch.
        """
        accepted = self._accepted + [[sender, *run] for sender, run in self._open.items()]
        times = self._times
        if not (accepted or self._unsure):
            return ""
        told = {
            "accepted": accepted,
            "unsure": self._unsure,
            "times": [
                [sender, serial, int((moment + ahead) * _MICROSECONDS)]
                for sender, serial, moment in times
            ],
        }
        if len(times) == MOST_TIMES:
            self._stride *= 2
        elif len(times) < _FEW_TIMES and self._stride > 1:
            self._stride //= 2
        self._open, self._accepted, self._unsure, self._times = {}, [], [], []
        return json.dumps(told, separators=(",", ":"))


Taken = tuple[int, int]  # a sender, and who of a message's recipients was taken: a bit each


class Accepted:
    """What all receipts of a run say together."""

    def __init__(self) -> None:
        self.runs: dict[Taken, Ranges] = {}  # serials
        self.unsure: dict[Taken, Ranges] = {}
        self.times: Times[int] = Times()  # by sender

    def add(self, line: str) -> None:
        """Take in a line; raises UsageError if it is none of ours."""
        try:
            told = read_json(line)
            for name, runs in (("accepted", self.runs), ("unsure", self.unsure)):
                for sender, first, last, taken in told[name]:
                    runs.setdefault((sender, taken), Ranges()).extend(first, last)
            for sender, serial, moment in told["times"]:
                self.times.note(serial, sender, moment)
        except (ValueError, LookupError, TypeError):
            raise UsageError(f"this is no line of receipts: {line[:80]!r}") from None

    @property
    def copies(self) -> int:
        """How many copies were accepted."""
        return _copies(self.runs)

    @property
    def unanswered(self) -> int:
        """How many copies may have been accepted."""
        return _copies(self.unsure)


def _copies(runs: Mapping[Taken, Ranges]) -> int:
    return sum(taken.bit_count() * len(serials) for (_, taken), serials in runs.items())


def read_receipts(lines: Iterable[str]) -> Accepted:
    """All that these lines say; what was cut off in the last one does not count."""
    found = Accepted()
    for line in lines:
        if line.endswith("\n") and line.strip():
            found.add(line)
    return found
