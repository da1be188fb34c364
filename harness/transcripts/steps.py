"""The steps of a dialogue as frozen values: what a case sends, hears and does, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.documents import Place
from harness.transcripts.wants import Check, Template, Variable, Want

MAIN = ""  # the name of the connection that a case begins on


class Start(StrEnum):
    """How far a case's connection has come when its dialogue begins."""

    TCP = "tcp"  # no TLS yet, also where that comes first
    CONNECT = "connect"
    GREETING = "greeting"
    HELLO = "hello"
    TLS = "tls"
    AUTH = "auth"
    MAIL = "mail"
    RECIPIENT = "recipient"
    DATA = "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One client line of a write; CRLF is part of the template already."""

    octets: Template
    at: Place
    split: int | None = None  # `split every byte` is 1, `split after 3` is 3
    split_every: bool = False
    after: float = 0.0  # seconds to wait before it goes out


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Consecutive client lines: one write, the way a pipelined group is written."""

    lines: tuple[Line, ...]
    connection: str = MAIN
    at: Place

    @property
    def is_cut(self) -> bool:
        """Whether the author says where to cut it, or when: --segment leaves such a write alone."""
        return any(line.split or line.after for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """`on 4xx:` with its steps; `want` None is `else:`."""

    want: Want | None
    steps: tuple[Step, ...]
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """One reply that is due."""

    want: Want
    best: Want | None = None
    checks: tuple[Check, ...] = ()
    within: float | None = None  # seconds
    capture: str | None = None
    branches: tuple[Branch, ...] = ()
    said: tuple[Template, ...] = ()  # its lines as written, without CRLF: what a turned case says
    connection: str = MAIN
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """`S: silence 2s`: nothing may come for so long, and the connection stays open."""

    seconds: float
    connection: str = MAIN
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTls:
    """`* starttls`: the command, its 220 and the handshake."""

    connection: str = MAIN
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """`* tls`: the handshake alone."""

    or_close: bool = False
    or_fails: bool = False  # the connection is over then, closed or not
    fails: bool = False
    named: str | None = None  # the host that we ask for (SNI), "" for none; None is the target
    unanswered: bool = False  # in plain text, where it fails
    only: str | None = None  # the one version of TLS that we speak
    connection: str = MAIN
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseNotify:
    """`* close-notify`: the other end closes, and TLS has said so before (RFC 8446 6.1)."""

    connection: str = MAIN
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """`* auth PLAIN`: the whole exchange with the target's login."""

    mechanism: str
    connection: str = MAIN
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Sasl:
    """`* sasl PLAIN`: a generator whose next answer is `{sasl}`."""

    mechanism: str
    password: str = "right"  # or wrong, or empty
    spoil: str | None = None  # a part of the answer that is wrong
    connection: str = MAIN
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class SaslVerified:
    """`* sasl verified`: the server has proven that it knows the password too."""

    connection: str = MAIN
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """`* connect NAME`: one more connection."""

    name: str
    start: Start = Start.CONNECT
    over: str | None = None
    after: Template | None = None  # of a duration, e.g. "2s" or "{greylist}"
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """`* accept NAME`: the target connects to us."""

    name: str
    within: float | None = None
    not_before: float | None = None
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """`* repeat 100 as n`: its steps so many times, n counting from 1."""

    count: int
    by: Variable | None = None  # that says how often
    name: str | None
    steps: tuple[Step, ...]
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class SendFile:
    """`* send FILE`: a whole transaction with the file's content, dots stuffed."""

    path: str
    connection: str = MAIN
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """`* wait 1s`."""

    seconds: float
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfClose:
    """`* half-close`: no more octets from us, but we go on listening."""

    connection: str = MAIN
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """`* reset`: TCP RST."""

    connection: str = MAIN
    at: Place


# Steps of role client: we are the server, so `S:` lines are said and `C:` lines are heard.


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Consecutive server lines, as written, in one write."""

    octets: Template
    connection: str = MAIN
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Hangup:
    """`S: close` in role client: we hang up."""

    connection: str = MAIN
    at: Place


@dataclass(frozen=True, slots=True)
class Bind:
    """`{name}` in a line that the client must say: all up to the next literal."""

    name: str
    at: Place
    written: bytes | None = None  # the word that `names:` exchanged


@dataclass(frozen=True, slots=True, kw_only=True)
class Hear:
    """A line that the client must say."""

    pattern: tuple[bytes | Bind, ...]  # without CRLF; verbs and keywords compare without case
    alternatives: tuple[str, ...] = ()  # `or RSET`, `or close`
    params: tuple[str, ...] | None = None  # `params SIZE? BODY?`: those allowed; None is any
    waits: bool = False
    alone: bool = False
    branches: tuple[HearBranch, ...] = ()
    connection: str = MAIN
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class HearBranch:
    """`on RSET:` or `on close:`, `else:` being None."""

    verb: str | None
    steps: tuple[Step, ...]
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class HearText:
    """`C: {text...}`: all lines to the lone dot, unstuffed."""

    name: str
    connection: str = MAIN
    at: Place


Step = (
    Write | Expect | Silence | StartTls | Tls | Auth | Sasl | SaslVerified | Connect | Accept
    | Repeat | SendFile | Wait | CloseNotify | HalfClose | Reset | Say | Hangup | Hear | HearText
)  # fmt: skip
