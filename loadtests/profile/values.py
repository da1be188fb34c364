"""What a profile says: who sends how, how many there are when, and what is promised of it."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from harness.load_results import Stage
from loadtests.thresholds import Threshold

SMALLEST: Final = 512  # octets: less would not hold the header fields and a line of text


class Pipelining(StrEnum):
    """Whether commands go out in groups (RFC 2920)."""

    AUTO = "auto"  # where the server offers it
    ON = "on"  # even where it does not
    OFF = "off"


class Tls(StrEnum):
    """Whether and when a connection is secured."""

    NONE = "none"
    STARTTLS = "starttls"  # RFC 3207
    IMPLICIT = "implicit"  # RFC 8314 3.3


class Leave(StrEnum):
    """Where a sender goes away without a word, instead of sending mail."""

    NEVER = "never"
    CONNECT = "connect"  # it does not even wait for the greeting
    GREETING = "greeting"
    HELLO = "hello"
    RECIPIENT = "recipient"  # in mid-transaction


class Whom(StrEnum):
    """Who gets the mail."""

    OURS = "ours"  # the target's recipients, or `many`
    UNKNOWN = "unknown"  # nobody: refused at RCPT, or bounced


@dataclass(frozen=True, slots=True)
class Span:
    """From the least to the most, both included; equal for what does not vary."""

    least: float
    most: float

    def draw(self, source: random.Random) -> float:
        """One of it, each as probable as any other."""
        return self.least if self.least == self.most else source.uniform(self.least, self.most)

    def draw_whole(self, source: random.Random) -> int:
        """A whole number of it."""
        return source.randint(int(self.least), int(self.most))


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a sender behaves; `share` of the users behave so, 0 to 1."""

    name: str
    share: float = 1.0
    messages_per_connection: Span | None = None  # None: as many as the run has time for
    connection_age: float | None = None  # seconds after which a connection takes no more messages
    think: Span | None = None  # seconds between the end of a message and the next
    size: Span = Span(1_024, 1_024)  # octets of content, header included
    contents: tuple[Path, ...] = ()  # messages to send instead, as they are: *.eml, mbox
    recipients: Span = Span(1, 1)  # of each message
    to: Whom = Whom.OURS
    senders: tuple[str, ...] = ()  # reverse-paths to take turns with; none: the target's `sender`
    mailboxes: tuple[str, ...] = ()  # recipients to take turns with; none: the target's
    pipelining: Pipelining = Pipelining.AUTO
    chunking: bool = False  # BDAT (RFC 3030) where the server offers it
    tls: Tls = Tls.NONE
    resume: float = 0.0  # the share of connections that resume a TLS session, 0 to 1
    login: bool = False  # AUTH with the target's login
    listener: str | None = None  # one of the target's listeners: submission, smtps, ...
    pace: float | None = None  # octets a second that a slow talker writes
    leave: Leave = Leave.NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One shape of load."""

    name: str
    about: str
    stages: tuple[Stage, ...]  # one after the other, without gaps; the first begins at 0
    behaviours: tuple[Behaviour, ...]  # their shares add up to 1
    messages: int | None = None  # after so many the run is over
    seed: int = 1
    thresholds: tuple[Threshold, ...] = ()
    stop_when: tuple[Threshold, ...] = ()  # each second: the run is over when one is met

    def changed(
        self,
        *,
        users: int | None = None,
        seconds: float | None = None,
        rate: float | None = None,
        seed: int | None = None,
    ) -> Profile:
        """The profile with other numbers; a number for all stages makes one stage of them."""
        changed = self if seed is None else replace(self, seed=seed)
        if users is None and seconds is None and rate is None:
            return changed
        first = self.stages[0]
        one = Stage(
            name=first.name,
            begin=0.0,
            end=float(seconds or self.duration),
            users=first.users if users is None else (users, users),
            rate=first.rate if rate is None else (rate, rate),
        )
        if len(self.stages) == 1 or users is not None or rate is not None:
            return replace(changed, stages=(one,))
        return replace(changed, stages=_cut(self.stages, float(seconds or self.duration)))

    @property
    def duration(self) -> float:
        """Seconds that the stages take."""
        return self.stages[-1].end

    @property
    def users(self) -> int:
        """The most users there are at a time."""
        return round(max(most for stage in self.stages for most in stage.users))

    @property
    def has_rate(self) -> bool:
        """Whether messages are due at moments of their own, however long others take."""
        return any(stage.rate is not None for stage in self.stages)


def _cut(stages: tuple[Stage, ...], end: float) -> tuple[Stage, ...]:
    """The stages until a moment; the last one is longer if it comes before that."""
    kept = [stage for stage in stages if stage.begin < end]
    return (
        *(replace(stage, end=min(stage.end, end)) for stage in kept[:-1]),
        replace(kept[-1], end=end),
    )
