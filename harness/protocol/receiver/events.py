"""Events: what the client has said, and what an obliging server would answer.

`said` is that answer: an occasion of the answer table, or a reply where the codec has already
objected.  Policy looks at the event and answers with `said` or with something else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from harness.protocol.addresses import ForwardPath, ReversePath
from harness.protocol.commands import Parameters
from harness.protocol.order import Verb
from harness.protocol.receiver.answers import Occasion
from harness.protocol.replies import Reply


@dataclass(frozen=True, slots=True)
class Addressee:
    """One who shall have the message, and what RCPT asks for besides."""

    path: ForwardPath
    parameters: Parameters = ()

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sent it and who shall have it (RFC 5321 2.3.1)."""

    reverse_path: ReversePath
    recipients: tuple[Addressee, ...]
    parameters: Parameters = ()  # of MAIL


@dataclass(frozen=True, slots=True)
class Hello:
    """EHLO or HELO."""

    client: str
    extended: bool
    said: Occasion


@dataclass(frozen=True, slots=True)
class Mail:
    """MAIL: may this sender begin a transaction?"""

    reverse_path: ReversePath
    parameters: Parameters
    said: Occasion = Occasion.SENDER_OK


@dataclass(frozen=True, slots=True)
class Recipient:
    """RCPT: may this recipient have the message?"""

    addressee: Addressee
    said: Occasion = Occasion.RECIPIENT_OK


@dataclass(frozen=True, slots=True)
class Text:
    """DATA: may the text follow?"""

    envelope: Envelope
    said: Occasion = Occasion.GO_AHEAD


@dataclass(frozen=True, slots=True)
class Chunk:
    """BDAT without LAST: may more follow?  A refusal ends the transaction."""

    envelope: Envelope
    size: int  # octets of this chunk
    said: Occasion = Occasion.CHUNK_TAKEN


@dataclass(frozen=True, slots=True)
class Message:
    """The text has ended: a positive answer is a promise to deliver it."""

    envelope: Envelope
    content: bytes
    said: Occasion = Occasion.ACCEPTED


@dataclass(frozen=True, slots=True)
class Unfit:
    """The text has ended, and it is no message that we take; the transaction is over too."""

    said: Occasion
    at_its_end: bool = True  # and not with a chunk in its midst


@dataclass(frozen=True, slots=True)
class StartTls:
    """STARTTLS: after a positive answer the handshake follows, then `Receiver.secured`."""

    said: Occasion = Occasion.TLS_GO_AHEAD


@dataclass(frozen=True, slots=True)
class Auth:
    """AUTH as it was said; `LogIn` is what becomes of it."""

    mechanism: str
    initial: bytes | None  # the initial response as it came, in base64


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a step of AUTH comes to: a challenge is due, or the outcome."""

    said: Occasion
    user: str = ""  # who has logged in
    challenge: str = field(default="", repr=False)  # in base64


class LogIn:
    """A step of AUTH, judged when somebody wants to know.

    Judging may take as long as checking a password does.  Where `takes_time` says so, a server
    calls `judge` in a thread before it answers; who does not waits for it in `said`.
    """

    __slots__ = ("_judge", "_verdict", "mechanism", "takes_time")

    def __init__(
        self, mechanism: str, judge: Callable[[], Verdict], *, takes_time: bool = False
    ) -> None:
        self.mechanism = mechanism
        self.takes_time = takes_time
        self._judge = judge
        self._verdict: Verdict | None = None

    def judge(self) -> Verdict:
        """What the step comes to; only the first call takes its time."""
        if self._verdict is None:
            self._verdict = self._judge()
        return self._verdict

    @property
    def said(self) -> Occasion:
        """What an obliging server answers."""
        return self.judge().said

    def __repr__(self) -> str:
        return f"LogIn({self.mechanism!r})"


@dataclass(frozen=True, slots=True)
class Verify:
    """VRFY or EXPN: who is that?  Telling nothing is always right (RFC 5321 7.3)."""

    verb: Verb
    argument: str
    utf8: bool  # the reply may go beyond ASCII: RFC 6531 3.7.4.2
    said: Occasion


@dataclass(frozen=True, slots=True)
class Etrn:
    """ETRN: may what waits for this host go to it now?  `node` may begin with @ or #."""

    node: str
    said: Occasion = Occasion.NODE_REFUSED


@dataclass(frozen=True, slots=True)
class Plain:
    """A command that asks no policy: RSET, NOOP, HELP, QUIT."""

    verb: Verb
    said: Occasion


# RFC 2034 4: replies to them have no codes.
_HELLOS: Final = frozenset({Verb.EHLO, Verb.HELO, Verb.LHLO})


@dataclass(frozen=True, slots=True)
class Objected:
    """A command that the protocol itself refuses; it changes nothing."""

    said: Occasion | Reply
    verb: Verb | None = None  # None: no command that we know

    @property
    def to_hello(self) -> bool:
        """Whether a greeting is refused."""
        return self.verb in _HELLOS


Event = (
    Hello
    | Mail
    | Recipient
    | Text
    | Chunk
    | Message
    | Unfit
    | StartTls
    | LogIn
    | Verify
    | Etrn
    | Plain
    | Objected
)
