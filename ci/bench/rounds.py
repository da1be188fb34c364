"""Rounds: every server is up all the time, one at a time is loaded, all in turn, again and again.

Absolute figures are a machine's; ratios of servers that took turns under the same load within the
same minute travel.  Every other round goes backwards, so that whatever gets better or worse while
it lasts favours nobody.
"""

from __future__ import annotations

import contextlib
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from loads import CONNECTIONS, Load
from servers import Server, Started, running

_WARM_UP: Final = 1_000  # messages; they also tell how many make a round of the wanted length
_SETTLED: Final = 60.0  # seconds until a server must have in its mailboxes what it accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A server under a load."""

    name: str
    server: str
    load: Load


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one contender did in one round."""

    rate: float  # messages a second
    effort: float  # seconds of the server's processor time a message; 0 is not known
    load_effort: float  # and of the sender's


Results = Mapping[str, Sequence[Round]]  # by contender, in the order of the rounds


def race(
    contenders: Sequence[Contender],
    servers: Mapping[str, Server],
    *,
    rounds: int,
    seconds: float,
) -> Results:
    """Rounds of about so many seconds for each."""
    results: dict[str, list[Round]] = {one.name: [] for one in contenders}
    with contextlib.ExitStack() as stack:
        started = {name: stack.enter_context(running(one)) for name, one in servers.items()}
        sizes = {
            one.name: _size_of_round(one.load, started[one.server], seconds) for one in contenders
        }
        for number in range(rounds):
            for one in contenders if number % 2 == 0 else reversed(contenders):
                played = _play(one.load, started[one.server], sizes[one.name])
                results[one.name].append(played)
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return results


def ratios(ours: Sequence[Round], theirs: Sequence[Round]) -> list[float]:
    """Round by round: what slowed one in a round has slowed the other too."""
    return [one.rate / other.rate for one, other in zip(ours, theirs, strict=True)]


def middle(rounds: Sequence[Round]) -> Round:
    """The median of each figure."""
    return Round(
        rate=statistics.median(each.rate for each in rounds),
        effort=statistics.median(each.effort for each in rounds),
        load_effort=statistics.median(each.load_effort for each in rounds),
    )


def _size_of_round(load: Load, started: Started, seconds: float) -> int:
    """How many messages make a round of about that length; measuring it is the warm-up."""
    rate = _play(load, started, _WARM_UP).rate
    if rate * seconds > 4 * _WARM_UP:  # too short to tell: once more, longer
        rate = _play(load, started, int(rate * seconds / 2)).rate
    return max(CONNECTIONS, int(rate * seconds))


def _play(load: Load, started: Started, messages: int) -> Round:
    """Load a server; every message that it confirmed must be there."""
    spent = started.processor_time()
    sent = load(started.server.port, messages)
    spent = started.processor_time() - spent
    started.confirmed += messages
    _wait_for_mail(started)
    return Round(
        rate=messages / sent.seconds,
        effort=spent / messages,
        load_effort=sent.effort / messages,
    )


def _wait_for_mail(started: Started) -> None:
    """Who delivers later does it before the next one's turn."""
    if started.server.mailbox is None:
        return
    deadline = time.monotonic() + _SETTLED
    while (kept := started.kept) != started.confirmed:
        if time.monotonic() > deadline:
            sys.exit(
                f"{started.server.name}: {started.confirmed} messages were confirmed, "
                f"{kept} are there"
            )
        time.sleep(0.2)
