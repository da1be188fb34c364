"""Deciding: which trick a stage calls for, given the facts, what was counted, and the time.

It is pure but for the counters that it is given: the same table, seed and talk make the same
accidents in the same order.  Rows that meet somebody act together; where two of them say the same
thing, the earlier one is heard.
"""

from __future__ import annotations

import ipaddress
import random
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Final, assert_never

from reference_server.faults.model import (
    Always,
    Every,
    Facts,
    Greylist,
    Nth,
    Pattern,
    Rate,
    Row,
    Stage,
    Table,
    Times,
    Trick,
    Who,
)

MOST_KEYS: Final = 100_000  # whom one row remembers; the one met longest ago is forgotten
_MOST_ROLLS: Final = 1_000  # of the dice that prolong a delay


@dataclass(slots=True, kw_only=True)
class Count:
    """What a row remembers of one client, sender, recipient ...: times met, tokens, since when."""

    met: int = 0
    tokens: float = 0.0
    at: float = 0.0  # when it was met first (greylist), or the tokens were counted (rate)


@dataclass(slots=True, kw_only=True)
class Tally:
    """What a row remembers."""

    dice: random.Random
    most_keys: int = MOST_KEYS
    met: int = 0  # those whom it could have happened to
    done: int = 0  # those whom it happened to
    counts: OrderedDict[object, Count] = field(default_factory=OrderedDict)

    def count(self, key: object, new: Callable[[], Count]) -> Count:
        """What is remembered under a key, for at most so many keys."""
        found = self.counts.get(key)
        if found is None:
            found = self.counts[key] = new()
            if len(self.counts) > self.most_keys:
                self.counts.popitem(last=False)
        else:
            self.counts.move_to_end(key)
        return found


class Counters:
    """What the rows of a table remember, by the rows' names."""

    def __init__(self, seed: int = 0, *, most_keys: int = MOST_KEYS) -> None:
        self._seed = seed
        self._most_keys = most_keys
        self._tallies: dict[str, Tally] = {}

    def of(self, row: Row) -> Tally:
        """What a row remembers; its dice depend on the seed and its name alone."""
        found = self._tallies.get(row.name)
        if found is None:
            dice = random.Random(f"{self._seed}/{row.name}")
            found = self._tallies[row.name] = Tally(dice=dice, most_keys=self._most_keys)
        return found

    def forget(self, name: str) -> None:
        """Begin anew for the row of that name."""
        self._tallies.pop(name, None)


def decide(
    table: Table, stage: Stage, facts: Facts, counters: Counters, now: float
) -> Trick | None:
    """What goes wrong at this stage, if anything."""
    tricks = [
        _rolled(row.trick, counters.of(row))
        for row in table.at(stage)
        if _meets(row.who, facts) and _happens(row, facts, counters.of(row), now)
    ]
    return together(tricks) if tricks else None


# --- whom ----------------------------------------------------------------------------------------


def _meets(who: Who, facts: Facts) -> bool:
    return (
        _any(who.senders, () if facts.sender is None else (facts.sender,))
        and _any(who.recipients, facts.recipients)
        and _any(who.domains, map(_domain, facts.recipients))
        and _any(who.users, () if facts.user is None else (facts.user,))
        and (not who.clients or _is_within(facts.client, who))
    )


def _any(patterns: tuple[Pattern, ...], texts: Iterator[str] | tuple[str, ...]) -> bool:
    return not patterns or any(pattern.matches(text) for text in texts for pattern in patterns)


def _is_within(client: str, who: Who) -> bool:
    try:
        address = ipaddress.ip_address(client)
    except ValueError:  # a Unix-domain socket has none
        return False
    return any(address in network for network in who.clients)


def _domain(address: str) -> str:
    return address.rpartition("@")[2] if "@" in address else ""


# --- when ----------------------------------------------------------------------------------------


def _happens(row: Row, facts: Facts, tally: Tally, now: float) -> bool:
    tally.met += 1
    happens = _is_time(row, facts, tally, now) and tally.dice.random() < row.odds
    tally.done += happens
    return happens


def _is_time(row: Row, facts: Facts, tally: Tally, now: float) -> bool:
    key = _key(row, facts)
    match row.when:
        case Always():
            return True
        case Greylist(seconds):
            count = tally.count(key, lambda: Count(at=now))
            return now - count.at < seconds
        case Rate() as rate:
            count = tally.count(key, lambda: Count(tokens=rate.burst, at=now))
            return not _take_token(rate, count, now)
        case Times(number):
            return _next(tally, key) <= number
        case Nth(numbers):
            return _next(tally, key) in numbers
        case Every(number):
            return _next(tally, key) % number == 0
        case _:
            assert_never(row.when)


def _next(tally: Tally, key: object) -> int:
    count = tally.count(key, Count)
    count.met += 1
    return count.met


def _take_token(rate: Rate, count: Count, now: float) -> bool:
    count.tokens = min(count.tokens + (now - count.at) * rate.per_second, rate.burst)
    count.at = now
    if count.tokens < 1:
        return False
    count.tokens -= 1
    return True


def _key(row: Row, facts: Facts) -> object:
    if isinstance(row.when, Greylist):
        return facts.client, facts.sender, _lower(facts.recipients)
    return None if row.per is None else _KEYS[row.per](facts)


def _lower(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text.lower() for text in texts)


_KEYS: Final[dict[str, Callable[[Facts], object]]] = {
    "client": lambda facts: facts.client,
    "connection": lambda facts: facts.connection,
    "user": lambda facts: facts.user,
    "sender": lambda facts: (facts.sender or "").lower(),
    "recipient": lambda facts: _lower(facts.recipients),
    "domain": lambda facts: frozenset(map(_domain, _lower(facts.recipients))),
}


# --- what ----------------------------------------------------------------------------------------


def _rolled(trick: Trick, tally: Tally) -> Trick:
    """The trick with its delay as long as the dice have it."""
    if not trick.again:
        return trick
    rolls = 1
    while tally.dice.random() < trick.again and rolls < _MOST_ROLLS:
        rolls += 1
    return replace(trick, delay=trick.delay * rolls)


def together(tricks: Sequence[Trick]) -> Trick:
    """One trick of several: of each thing, what the earliest says."""
    said: dict[str, object] = {}
    for trick in reversed(tricks):
        said |= {name: value for name in _NAMES if (value := getattr(trick, name)) != _UNSAID[name]}
    return replace(Trick(), **said)  # type: ignore[arg-type]  # each value is of its own field


_NAMES: Final = tuple(one.name for one in fields(Trick))
_UNSAID: Final = {name: getattr(Trick(), name) for name in _NAMES}
