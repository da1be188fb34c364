"""Stages: how many users there are, and how many messages are due, one stretch after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from harness.documents import Fields, Node, Place
from harness.load_results import Stage
from loadtests.profile.quantities import DURATION, RATE, STEPS, USERS, Quantity

USERS_AT_A_RATE: Final = 20  # connections, where nobody says how many: a client that is not greedy
_Pair = tuple[float, float]
_SOME: Final = 1.0  # seconds of a stage that does not say how long, which has been complained of


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What a stage asks for."""

    name: str
    seconds: float
    users: _Pair | None
    rate: _Pair | None
    at: Place


def read_stages(fields: Fields) -> tuple[Stage, ...]:
    """The stages of a profile; without `stages` it is one, and lasts for `duration`."""
    users, rate = _pair(fields, "users", USERS), _pair(fields, "rate", RATE)
    nodes = fields.items("stages")
    if "stages" in fields:
        wishes = [wish for node in nodes for wish in _wishes(node, fields, users, rate)]
        if fields.take("duration") is not None:
            at = fields.place("duration")
            fields.complaints.add(at, "'duration' and 'stages' are two plans", "leave one out")
    else:
        fields.require("duration")
        seconds = _seconds(fields, "duration")
        wishes = [_Wish(name="", seconds=seconds, users=users, rate=rate, at=fields.at)]
    _check(fields, wishes)
    return tuple(_placed(_with_names(wishes)))


def _wishes(node: Node, above: Fields, users: _Pair | None, rate: _Pair | None) -> list[_Wish]:
    """What one stage asks for, step by step."""
    with Fields(node, above.complaints, "a stage") as fields:
        fields.require("for")
        name, seconds = fields.text("name") or "", _seconds(fields, "for")
        users = _pair(fields, "users", USERS) or users
        rate = _pair(fields, "rate", RATE) or rate
        written = fields.node("steps")
        count = STEPS.number(written, "steps", fields.complaints) if written else None
        wish = _Wish(name=name, seconds=seconds, users=users, rate=rate, at=node.at)
        if count is None:
            return [wish]
        if not any(pair and pair[0] != pair[1] for pair in (users, rate)):
            at = fields.place("steps")
            fields.complaints.add(at, "'steps' lead from one number of users, or rate, to another",
                                  "such as rate: 100/s..1000/s")  # fmt: skip
        return list(_steps(wish, int(count)))


def _steps(wish: _Wish, count: int) -> Iterator[_Wish]:
    """The same as so many stages, each of which stays at its level."""
    for number in range(count):
        share = number / (count - 1)
        users, rate = _level(wish.users, share, whole=True), _level(wish.rate, share)
        step = replace(wish, seconds=wish.seconds / count, users=users, rate=rate)
        yield replace(step, name=f"{wish.name} {_shown(step)}".strip())


def _level(pair: _Pair | None, share: float, *, whole: bool = False) -> _Pair | None:
    if pair is None:
        return None
    level = pair[0] + (pair[1] - pair[0]) * share
    level = float(round(level)) if whole else level
    return level, level


def _check(fields: Fields, wishes: list[_Wish]) -> None:
    say = fields.complaints.add
    if not wishes:
        say(fields.place("stages"), "'stages' names no stage")
    elif all(wish.users is not None and max(wish.users) == 0 for wish in wishes):
        say(fields.place("users"), "'users' must be at least 1 at some time")
    elif all(wish.rate is not None and max(wish.rate) == 0 for wish in wishes):
        say(fields.place("rate"), "'rate' must be more than nothing at some time")
    elif any(wish.rate for wish in wishes):
        for wish in wishes:
            if wish.rate is None:
                say(wish.at, "this stage has no 'rate', and others have", "0/s for none")


def _with_names(wishes: Iterable[_Wish]) -> Iterator[_Wish]:
    """Every stage gets a name of its own: what it asks for, and a number where that is not enough.

    The only one there is needs none.
    """
    wishes = list(wishes)
    seen: Counter[str] = Counter()
    for wish in wishes:
        name = wish.name or (_shown(wish) if len(wishes) > 1 else "")
        seen[name] += 1
        yield replace(wish, name=name if seen[name] == 1 else f"{name} ({seen[name]})")


def _placed(wishes: Iterable[_Wish]) -> Iterator[Stage]:
    begin = 0.0
    for wish in wishes:
        end = begin + wish.seconds
        users = wish.users or ((USERS_AT_A_RATE,) * 2 if wish.rate else (1, 1))
        yield Stage(name=wish.name, begin=begin, end=end, users=users, rate=wish.rate)
        begin = end


def _shown(wish: _Wish) -> str:
    """What a stage asks for, in a few letters."""
    if wish.rate is not None:
        first, last = (f"{rate:.4g}/s" for rate in wish.rate)
    else:
        first, last = (f"{users:.0f}" for users in wish.users or (1, 1))
    levels = first if first == last else f"{first}..{last}"
    unit = "user" if levels == "1" else "users"
    return levels if wish.rate is not None else f"{levels} {unit}"


def _pair(fields: Fields, key: str, quantity: Quantity) -> _Pair | None:
    node = fields.node(key)
    return quantity.both(node, key, fields.complaints) if node else None


def _seconds(fields: Fields, key: str) -> float:
    node = fields.node(key)
    return (node and DURATION.number(node, key, fields.complaints)) or _SOME
