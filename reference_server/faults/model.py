"""A fault as a value: the stage it waits at, whom it meets, when it happens, and the trick it does.

Which facts are known at a stage, and which tricks mean something there, are tables: a row that
could never happen is refused when it is read.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Final

from harness.protocol.replies import Reply

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Written = str | list[str] | dict[str, str]  # a value as its author wrote it


class Stage(StrEnum):
    """Where in a talk something can go wrong."""

    CONNECT = "connect"  # somebody is there, and nothing has been said
    GREETING = "greeting"
    TLS = "tls"  # the handshake
    EHLO = "EHLO"
    HELO = "HELO"
    LHLO = "LHLO"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    TEXT = "text"  # while the text of a message arrives, after 354
    DOT = "."  # the text has ended, by DATA's dot or in the last chunk
    BDAT = "BDAT"
    RSET = "RSET"
    NOOP = "NOOP"
    QUIT = "QUIT"
    HELP = "HELP"
    VRFY = "VRFY"
    EXPN = "EXPN"
    ETRN = "ETRN"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"


class Drop(StrEnum):
    """How a connection is let go without a word."""

    CLOSE = "close"
    RESET = "reset"


class Certificate(StrEnum):
    """What is wrong with the certificate that is shown."""

    EXPIRED = "expired"
    OTHER_NAME = "other-name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A reply in several writes: the first `after` octets apart, or all of it in `pieces`."""

    after: int | None = None
    pieces: int | None = None  # octets of each
    pause: float = 0.0  # seconds between two writes


@dataclass(frozen=True, slots=True, kw_only=True)
class Trick:
    """What goes wrong.  All that is said here is done, in this order; None and 0 are not said."""

    after: int = 0  # octets of the text that are read before anything else
    delay: float = 0.0  # seconds
    again: float = 0.0  # odds that the delay is served once more, and again
    certificate: Certificate | None = None
    reply: Reply | None = None  # instead of ours; 421 is the last one
    garbage: bytes = b""  # instead of a reply
    line_ends: str = ""  # `lf`: the reply's lines end without CR
    truncate: int | None = None  # octets of the reply that get out
    split: Split | None = None
    slow: float = 0.0  # octets a second that are read from now on; at `text`, of the text
    drop: Drop | None = None
    silent: bool = False  # nothing more is said, and what the client says is not answered
    keep: bool = False  # the message is kept, whatever its sender was told
    lose: bool = False  # it is not kept, whatever its sender was told
    duplicate: bool = False  # it is kept twice
    alter: int = 0  # octets of it that are changed before it is kept

    @property
    def said(self) -> tuple[str, ...]:
        """The names of what is said."""
        every = fields(self)
        return tuple(one.name for one in every if getattr(self, one.name) != one.default)


@dataclass(frozen=True, slots=True)
class Pattern:
    """An address or domain in any case; `*` stands for anything."""

    text: str
    _regex: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parts = map(re.escape, self.text.lower().split("*"))
        object.__setattr__(self, "_regex", re.compile(".*".join(parts), re.DOTALL))

    def matches(self, text: str) -> bool:
        """Whether the whole text is meant."""
        return self._regex.fullmatch(text.lower()) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Whom it meets: one of each list; an empty list is anybody."""

    recipients: tuple[Pattern, ...] = ()
    domains: tuple[Pattern, ...] = ()  # of recipients
    senders: tuple[Pattern, ...] = ()
    clients: tuple[Network, ...] = ()
    users: tuple[Pattern, ...] = ()


@dataclass(frozen=True, slots=True)
class Always:
    """Each time."""


@dataclass(frozen=True, slots=True)
class Times:
    """So many times, and then never again."""

    count: int


@dataclass(frozen=True, slots=True)
class Nth:
    """These times alone, counted from 1."""

    numbers: frozenset[int]


@dataclass(frozen=True, slots=True)
class Every:
    """Each time whose number is a multiple."""

    count: int


@dataclass(frozen=True, slots=True)
class Greylist:
    """Until a client, sender and recipient have been known together for so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Rate:
    """Whenever more comes than so much a second; `burst` may come at once."""

    per_second: float
    burst: float


When = Always | Times | Nth | Every | Greylist | Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One fault."""

    name: str
    stages: tuple[Stage, ...]
    who: Who = Who()
    when: When = Always()
    per: str | None = None  # the fact that is counted by; None counts all together
    odds: float = 1.0
    trick: Trick
    written: Mapping[str, Written] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Table:
    """All faults; those of one stage act together, the first one's word counts."""

    rows: tuple[Row, ...] = ()
    seed: int = 0

    def at(self, stage: Stage) -> tuple[Row, ...]:
        """The rows that wait at a stage."""
        return tuple(row for row in self.rows if stage in row.stages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known when a stage is reached; None is not known, an empty sender is <>."""

    client: str
    connection: int = 0
    user: str | None = None
    sender: str | None = None
    recipients: tuple[str, ...] = ()


# --- what is known where, and what means something where ------------------------------------------

WHO: Final = ("recipient", "domain", "sender", "client", "user")  # the keys of a row, in order

_SENDER = frozenset({"client", "connection", "user", "sender"})
_ALL = _SENDER | {"recipient", "domain"}
_NOBODY = frozenset({"client", "connection"})
_LOGGED_IN = _NOBODY | {"user"}

# stage -> the facts that a row there may ask for or count by
KNOWN: Final[Mapping[Stage, frozenset[str]]] = dict.fromkeys(Stage, _LOGGED_IN) | {
    Stage.CONNECT: _NOBODY,
    Stage.GREETING: _NOBODY,
    Stage.TLS: _NOBODY,
    Stage.MAIL: _SENDER,
    **dict.fromkeys((Stage.RCPT, Stage.DATA, Stage.BDAT, Stage.TEXT, Stage.DOT), _ALL),
}

_ANYWHERE = frozenset({"delay", "again", "silent", "drop", "slow"})
_ANSWER = _ANYWHERE | {"reply", "garbage", "line_ends", "truncate", "split"}

# stage -> the tricks that mean something there
MEANINGFUL: Final[Mapping[Stage, frozenset[str]]] = dict.fromkeys(Stage, _ANSWER) | {
    Stage.CONNECT: _ANYWHERE | {"reply", "garbage"},
    Stage.TLS: _ANYWHERE | {"garbage", "certificate"},
    Stage.TEXT: _ANYWHERE | {"reply", "garbage", "after"},
    Stage.DOT: _ANSWER | {"keep", "lose", "duplicate", "alter"},
}
TRICKS: Final = frozenset().union(*MEANINGFUL.values())
