"""Two of our generators at the same time, on one processor: what slows one slows the other as much.

So ratios of their seconds hardly differ, however much a machine is used by others meanwhile.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from generating import Ours, finished
from rounds import Round

from harness.load_results import LoadResult

SECONDS: Final = 14  # that both take


def at_once(
    port: int, first: Ours, second: Ours, *, head_start: int = 0
) -> tuple[Sequence[Round], Sequence[Round]]:
    """The seconds that they shared, a round each; `head_start` is what the first had in seconds."""
    with contextlib.ExitStack() as stack:
        longer = replace(first, seconds=head_start + SECONDS)
        started = [stack.enter_context(longer.running(port))]
        time.sleep(head_start)
        started.append(stack.enter_context(replace(second, seconds=SECONDS).running(port)))
        ours, theirs = (_seconds(finished(*one)) for one in started)
    both = min(len(ours), len(theirs))
    return ours[-both:], theirs[-both:]


def _seconds(result: LoadResult) -> Sequence[Round]:
    """Those in which a generator did nothing but send.

    The first ones belong to the connections, the last ones to those that take a while to end.
    """
    return [
        Round(rate=each.accepted, effort=0.0, load_effort=sum(each.busy.values()) / each.accepted)
        for each in list(result.series.intervals.values())[2:-2]
        if each.accepted
    ]
