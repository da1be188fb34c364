"""Events: what the client has said, and what an obliging server would answer.

`said` is that answer: an occasion of the answer table, or a reply where the codec has already
objected.  Policy looks at the event and answers with `said` or with something else.
"""

from __future__ import annotations

from dataclasses import dataclass

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
class Message:
    """The text has ended: a positive answer is a promise to deliver it."""

    envelope: Envelope
    content: bytes
    said: Occasion = Occasion.ACCEPTED


@dataclass(frozen=True, slots=True)
class Unfit:
    """The text has ended, and it is no message that we take; the transaction is over too."""

    said: Occasion


@dataclass(frozen=True, slots=True)
class StartTls:
    """STARTTLS: after a positive answer the handshake follows, then `Receiver.secured`."""

    said: Occasion = Occasion.TLS_GO_AHEAD


@dataclass(frozen=True, slots=True)
class LogIn:
    """A step of AUTH: a challenge is due, or the outcome."""

    mechanism: str
    initial: bytes | None  # the initial response as it came, in base64
    said: Occasion = Occasion.CHALLENGE
    user: str = ""  # whose password was right
    challenge: str = ""  # in base64


@dataclass(frozen=True, slots=True)
class Verify:
    """VRFY or EXPN: who is that?  Telling nothing is always right (RFC 5321 7.3)."""

    verb: Verb
    argument: str
    said: Occasion


@dataclass(frozen=True, slots=True)
class Plain:
    """A command that asks no policy: RSET, NOOP, HELP, QUIT."""

    verb: Verb
    said: Occasion


@dataclass(frozen=True, slots=True)
class Objected:
    """A command that the protocol itself refuses; it changes nothing."""

    said: Occasion | Reply


Event = (
    Hello | Mail | Recipient | Text | Message | Unfit | StartTls | LogIn | Verify | Plain | Objected
)
