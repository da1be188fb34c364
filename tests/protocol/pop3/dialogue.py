"""A driver of a POP3 session without disk or sockets: mailboxes are lists of contents."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.protocol.pop3.events import Enter, Event, LogIn, Retrieve, StartTls, Update
from harness.protocol.pop3.maildrop import Entry
from harness.protocol.pop3.order import Verb
from harness.protocol.pop3.session import Limits, Refusal, Session
from harness.protocol.sasl import ServerSide
from tests.protocol.accounts import Accounts

BINDINGS = {"tls-server-end-point": b"x"}
ALICES = [b"Subject: one\r\n\r\n1\r\n2\r\n3\r\n", b"Subject: two\r\n\r\n.dot\r\n"]


@dataclass
class Talk:
    """One connection."""

    messages: list[bytes] = field(default_factory=lambda: list(ALICES))
    refusal: Refusal | None = None
    complete: bool = True
    secure: bool = True
    tls: bool = True
    clear: bool = False
    limits: Limits | None = None
    accounts: Accounts = field(default_factory=Accounts)
    events: list[Event] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    heard: list[Verb | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.session = Session(
            ServerSide(
                credentials=self.accounts,
                bindings=BINDINGS if self.secure else {},
                host="mx.test",
                nonce=lambda: "1896.697170952",
            ),
            has_tls=self.tls,
            secure=self.secure,
            allows_login_in_clear=self.clear,
            limits=self.limits,
            heard=self.heard.append,
        )
        self.session.greet()
        self.greeting = self.session.output()

    def hear(self, *segments: bytes) -> bytes:
        """Feed each segment, do what is asked, and give all that was said back."""
        told = b""
        for segment in segments:
            self.session.feed(segment)
            while (event := self.session.next_event()) is not None:
                self.events.append(event)
                self._do(event)
                told += self.session.output()
            told += self.session.output()
        return told

    def say(self, line: str) -> str:
        """One line, and the first line of what it is answered with."""
        return self.hear(line.encode() + b"\r\n").decode().partition("\r\n")[0]

    def _do(self, event: Event) -> None:
        session = self.session
        match event:
            case LogIn():
                session.judged(event.judge())
            case Enter() | Retrieve() if self.refusal is not None:
                session.refuse(self.refusal)
            case Enter():
                entries = enumerate(self.messages, 1)
                session.entered([Entry(f"id-{n}", len(octets)) for n, octets in entries])
            case Retrieve(entry):
                session.told(self.messages[int(entry.uid.removeprefix("id-")) - 1])
            case Update(entries):
                self.deleted = [entry.uid for entry in entries]
                session.updated(is_complete=self.complete)
            case StartTls():
                session.secured(BINDINGS)


def inside(**settings) -> Talk:
    """A talk in which alice has logged in."""
    talk = Talk(**settings)
    assert talk.hear(b"USER alice\r\nPASS secret\r\n").count(b"+OK") == 2
    return talk
