"""Cuts: how the octets of one write are parted into segments on their way.

TCP promises no boundaries, so no verdict may depend on them: `--segment` proves that it does not.
Of a very long write both ends are cut, and its middle goes in one: ten megabytes octet by octet
would take minutes to prove what the first and the last thousands prove.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from harness.errors import UsageError

Cut = Callable[[bytes], list[bytes]]

_RANDOM = re.compile(r"random:([0-9]{1,18})")
LONG = 32_768  # octets of a write whose middle is not cut
ENDS = 8_192  # octets of each end that are
_MEAN = 12  # octets of a piece that is cut at random: short enough to part most commands


def whole(octets: bytes) -> list[bytes]:
    """One segment."""
    return [octets] if octets else []


def lines(octets: bytes) -> list[bytes]:
    """A segment for each line."""
    return re.findall(rb"[^\n]*\n|[^\n]+", octets)


def every(size: int) -> Cut:
    """A segment for each so many octets."""
    return lambda octets: [octets[at : at + size] for at in range(0, len(octets), size)]


def at_random(seed: str) -> Cut:
    """Segments whose lengths come from the seed."""
    source = random.Random(seed)

    def cut(octets: bytes) -> list[bytes]:
        if not octets:
            return []
        count = min(len(octets) - 1, 1 + len(octets) // _MEAN)
        places = sorted(source.sample(range(1, len(octets)), count))
        ends = [*places, len(octets)]
        return [octets[at:end] for at, end in zip([0, *places], ends, strict=True)]

    return cut


def read_cut(mode: str, name: str) -> Cut:
    """The cut of `--segment MODE`; `name` makes the random one differ from case to case."""
    match = _RANDOM.fullmatch(mode)
    if match:
        return _at_its_ends(at_random(f"{match[1]}/{name}"))
    known: dict[str, Cut] = {
        "whole": whole,
        "lines": _at_its_ends(lines),
        "bytes": _at_its_ends(every(1)),
    }
    if mode in known:
        return known[mode]
    raise UsageError(f"--segment: {mode!r} is none of whole, lines, bytes, random:SEED")


def _at_its_ends(cut: Cut) -> Cut:
    def cut_ends(octets: bytes) -> list[bytes]:
        if len(octets) <= LONG:
            return cut(octets)
        return [*cut(octets[:ENDS]), octets[ENDS:-ENDS], *cut(octets[-ENDS:])]

    return cut_ends
