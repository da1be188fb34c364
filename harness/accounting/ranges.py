"""Whole numbers kept as ranges: a run's serials are one long range with a few gaps.

So what is known of ten million messages needs no more room than what is wrong with them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

Range = tuple[int, int]  # the first and the last


class Ranges:
    """A set of whole numbers; iterating gives its ranges, in order and apart."""

    __slots__ = ("_firsts", "_lasts")

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in ranges:
            self.extend(first, last)

    def add(self, number: int) -> bool:
        """Put a number in; False if it was there."""
        lasts = self._lasts
        if lasts and number == lasts[-1] + 1:  # by far the most are
            lasts[-1] = number
            return True
        if number in self:
            return False
        self.extend(number, number)
        return True

    def extend(self, first: int, last: int) -> None:
        """Put all numbers from the first to the last in, whether they were there or not."""
        # Those that touch or overlap become one with the new one.
        begin = bisect_right(self._lasts, first - 2)
        end = bisect_right(self._firsts, last + 1)
        if begin < end:
            first = min(first, self._firsts[begin])
            last = max(last, self._lasts[end - 1])
        self._firsts[begin:end] = [first]
        self._lasts[begin:end] = [last]

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._firsts, number) - 1
        return at >= 0 and number <= self._lasts[at]

    def __iter__(self) -> Iterator[Range]:
        return zip(self._firsts, self._lasts, strict=True)

    def __len__(self) -> int:
        """How many numbers there are."""
        return sum(self._lasts) - sum(self._firsts) + len(self._firsts)

    def __sub__(self, other: Ranges) -> Ranges:
        return Ranges(piece for one in self for piece in other._gaps_within(*one))

    def __and__(self, other: Ranges) -> Ranges:
        return self - (self - other)

    def numbers(self) -> Iterator[int]:
        """Each number, in order."""
        for first, last in self:
            yield from range(first, last + 1)

    def _gaps_within(self, first: int, last: int) -> Iterator[Range]:
        at = bisect_right(self._lasts, first - 1)
        while first <= last:
            is_over = at == len(self._firsts) or self._firsts[at] > last
            end = last if is_over else self._firsts[at] - 1
            if first <= end:
                yield first, end
            if is_over:
                return
            first = self._lasts[at] + 1
            at += 1
