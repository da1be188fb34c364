"""When a message may go and until when it has to: RFC 4865 and RFC 2852."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from harness.protocol.commands import Objection, Parameters
from harness.protocol.extensions.model import Extension, Facts, read_by
from harness.protocol.services import Service


@dataclass(frozen=True, slots=True)
class DeliverBy:
    """Within how many seconds, what then (R: return it, N: tell), whether to tell of relaying."""

    seconds: int
    mode: str
    trace: bool = False


_BY = re.compile(r"([-+]?[0-9]{1,9});([NRnr])([Tt]?)")
_SECONDS = re.compile(r"[1-9][0-9]{0,8}")
_UTC = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?"
    r"(?:[Zz]|[-+]00:00)"
)


def read_deliver_by(value: str | None) -> DeliverBy | None:
    """What BY asks for; None if it is nothing (RFC 2852 4)."""
    match = _BY.fullmatch(value or "")
    if match is None:
        return None
    wish = DeliverBy(int(match[1]), match[2].upper(), match[3] != "")
    # What is due already can only be told of, not returned.
    return None if wish.mode == "R" and wish.seconds <= 0 else wish


def read_hold_for(value: str | None) -> int | None:
    """The seconds to hold a message; None if it is no such number (RFC 4865 3)."""
    return int(value) if value is not None and _SECONDS.fullmatch(value) else None


def read_hold_until(value: str | None) -> int | None:
    """The time, since the epoch, to hold a message until; None if it is no time in UTC."""
    match = _UTC.fullmatch(value or "")
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(number) for number in match.groups()[:6])
    if second > 60:  # RFC 3339 5.7 knows leap seconds
        return None
    try:
        moment = datetime(year, month, day, hour, minute, tzinfo=UTC) + timedelta(seconds=second)
    except (ValueError, OverflowError):
        return None
    # Not before the time (RFC 4865 4.2): a fraction of a second is one more.
    return int(moment.timestamp()) + bool((match[7] or "").strip(".0"))


# --- DELIVERBY -----------------------------------------------------------------------------------


def _least_time(facts: Facts) -> str:
    return str(facts.limits.deliver_by) if facts.limits.deliver_by else ""


def _object_to_haste(parameters: Parameters, facts: Facts) -> Objection | None:
    wish = read_deliver_by(dict(parameters).get("BY"))
    if wish is None or wish.mode != "R" or wish.seconds >= facts.limits.deliver_by:
        return None
    # RFC 2852 3 wants some 55z.
    return Objection(555, "5.5.4", f"BY needs {facts.limits.deliver_by} seconds at least")


DELIVERBY = Extension(
    keyword="DELIVERBY",
    rfc=2852,
    parameter=_least_time,
    mail_parameters={"BY": read_by("BY", read_deliver_by)},
    object_to_mail=_object_to_haste,
    mail_growth=17,  # RFC 2852 2
)


# --- FUTURERELEASE -------------------------------------------------------------------------------


def _knows_the_time(facts: Facts) -> bool:
    return facts.now is not None


def _most_time(facts: Facts) -> str:
    assert facts.now is not None, "it is offered where somebody can tell the time"
    last = datetime.fromtimestamp(int(facts.now()) + facts.limits.hold, UTC)
    return f"{facts.limits.hold} {last:%Y-%m-%dT%H:%M:%SZ}"


def _object_to_hold(parameters: Parameters, facts: Facts) -> Objection | None:
    said = dict(parameters)
    if "HOLDFOR" in said and "HOLDUNTIL" in said:
        return Objection(501, "5.5.4", "HOLDFOR and HOLDUNTIL exclude each other")
    seconds = _seconds_to_hold(said, facts)
    if seconds is None:
        return None
    if seconds > facts.limits.hold:
        return Objection(501, "5.5.4", f"A message is held for {facts.limits.hold} seconds at most")
    deadline = read_deliver_by(said.get("BY"))
    if deadline is not None and seconds > deadline.seconds:  # RFC 4865 5.2
        return Objection(501, "5.5.4", "It would be held longer than BY allows")
    return None


def _seconds_to_hold(said: dict[str, str | None], facts: Facts) -> float | None:
    until = read_hold_until(said.get("HOLDUNTIL"))
    if until is None:
        return read_hold_for(said.get("HOLDFOR"))
    assert facts.now is not None, "it is offered where somebody can tell the time"
    return until - facts.now()


FUTURERELEASE = Extension(
    keyword="FUTURERELEASE",
    rfc=4865,
    services=frozenset({Service.SUBMISSION}),  # RFC 4865 4.2
    is_offered=_knows_the_time,
    parameter=_most_time,
    mail_parameters={
        "HOLDFOR": read_by("HOLDFOR", read_hold_for),
        "HOLDUNTIL": read_by("HOLDUNTIL", read_hold_until),
    },
    object_to_mail=_object_to_hold,
    mail_growth=34,  # RFC 4865 3
)
