"""Quantities of a profile: numbers with units, alone or from one to another (`1KiB..1MiB`)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from harness.documents import Complaints, TextNode, read_duration, read_size
from harness.errors import UsageError
from loadtests.profile.rates import read_rate
from loadtests.profile.values import SMALLEST, Span

_TO: Final = ".."
_PERCENT: Final = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?) ?%", re.ASCII)
_WHOLE: Final = re.compile(r"[0-9]{1,12}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A kind of number: how it is written, and between what it must be."""

    what: str
    such_as: str
    read: Callable[[str], float | None]
    limits: str
    least: float = 0.0
    most: float = float("inf")

    def number(self, node: TextNode, key: str, complaints: Complaints) -> float | None:
        """The number written there; None, and a complaint, if it is none or beyond the limits."""
        found = self.read(node.value)
        if found is None:
            complaints.add(node.at, f"{key!r} must be {self.what}, not {node.value!r}",
                           f"such as {self.such_as}")  # fmt: skip
        elif not self.least <= found <= self.most:
            complaints.add(node.at, f"{key!r} must be {self.limits}")
            return None
        return found

    def of_option(self, text: str, option: str) -> float:
        """The number that an option of a command line says; raises UsageError as `number` does."""
        found = self.read(text)
        if found is None:
            such_as = self.such_as.partition(",")[0]
            raise UsageError(f"{option} must be {self.what} such as {such_as}, not {text!r}")
        if not self.least <= found <= self.most:
            raise UsageError(f"{option} must be {self.limits}, not {text!r}")
        return found

    def both(self, node: TextNode, key: str, complaints: Complaints) -> tuple[float, float] | None:
        """From what to what: the same twice where one number is written."""
        first, to, last = node.value.partition(_TO)
        parts = [self._part(node, text) for text in ((first, last) if to else (first,))]
        found = [self.number(part, key, complaints) for part in parts]
        if found[0] is None or found[-1] is None:
            return None
        return found[0], found[-1]

    def span(self, node: TextNode, key: str, complaints: Complaints) -> Span | None:
        """The same, where it means one of these each time."""
        found = self.both(node, key, complaints)
        if found is None:
            return None
        if found[0] > found[1]:
            complaints.add(node.at, f"{key!r} goes from the least to the most, not {node.value!r}")
            return None
        return Span(*found)

    def _part(self, node: TextNode, text: str) -> TextNode:
        start = node.value.index(text) if text else 0
        word = text.strip()
        at = node.part(start + len(text) - len(text.lstrip()), len(word))
        return TextNode(word, at, node.style, node.source)


def _whole(text: str) -> float | None:
    return float(text) if _WHOLE.fullmatch(text) else None


def _share(text: str) -> float | None:
    match = _PERCENT.fullmatch(text)
    return float(match[1]) / 100 if match else None


def _pace(text: str) -> float | None:
    size, slash, unit = text.rpartition("/")
    return read_size(size.strip()) if slash and unit.strip() == "s" else None


USERS: Final = Quantity(
    what="a whole number", such_as="20 or 1..200", read=_whole,
    limits="at most 1000000", most=1e6,
)  # fmt: skip
RATE: Final = Quantity(
    what="a rate", such_as="500/s, 100/s..2000/s, 60/min or 100/h", read=read_rate,
    limits="at most 1000000/s", most=1e6,
)  # fmt: skip
COUNT: Final = Quantity(
    what="a whole number", such_as="5 or 1..10", read=_whole,
    limits="from 1 to 1000000000", least=1, most=1e9,
)  # fmt: skip
RECIPIENTS: Final = Quantity(
    what="a whole number", such_as="1 or 1..5", read=_whole,
    limits="from 1 to 10000", least=1, most=1e4,
)  # fmt: skip
STEPS: Final = Quantity(
    what="a whole number", such_as="10", read=_whole, limits="from 2 to 1000", least=2, most=1e3
)
SIZE: Final = Quantity(
    what="a size", such_as="1KiB or 1KiB..1MiB", read=read_size, least=SMALLEST, most=1e9,
    limits=f"from {SMALLEST} octets, which hold the header, to 1000MB",
)  # fmt: skip
DURATION: Final = Quantity(
    what="a duration", such_as="5s, 200ms or 2m", read=read_duration,
    limits="more than nothing, and 365d at most", least=0.001, most=365 * 86_400,
)  # fmt: skip
PAUSE: Final = Quantity(
    what="a duration", such_as="5s, 200ms or 1s..3s", read=read_duration,
    limits="a day at most", most=86_400,
)  # fmt: skip
SHARE: Final = Quantity(
    what="a share",
    such_as="60%",
    read=_share,
    limits="more than 0%, and 100% at most",
    least=1e-6,
    most=1.0,
)
PACE: Final = Quantity(
    what="octets a second", such_as="100B/s or 1KiB/s", read=_pace,
    limits="from 1B/s to 1GB/s", least=1, most=1e9,
)  # fmt: skip
RESUMED: Final = Quantity(
    what="a share", such_as="80%", read=_share, limits="from 0% to 100%", most=1.0
)
