"""What the receiving end remembers of a client, and how entering a state makes it forget."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.protocol.addresses import NULL_PATH, ReversePath
from harness.protocol.commands import Parameters
from harness.protocol.order import State
from harness.protocol.receiver.events import Addressee, Envelope


@dataclass(slots=True)
class Memory:
    """The client's name and log-in, and the buffers of RFC 5321 4.1.1 for one transaction."""

    state: State = State.FRESH
    client: str = ""
    extended: bool = False
    user: str | None = None
    reverse_path: ReversePath = NULL_PATH
    parameters: Parameters = ()
    utf8: bool = False  # MAIL said SMTPUTF8
    mails: int = 0  # MAIL commands, taken or not
    domains: frozenset[str] = frozenset()  # of recipients, where they are limited
    recipients: list[Addressee] = field(default_factory=list)
    text: bytearray = field(default_factory=bytearray)  # chunks of it, as they came

    def enter(self, state: State) -> None:
        """Go to a state and keep only what that state remembers."""
        if self.recipients and state not in _WITH_RECIPIENTS:
            self.recipients = []
        if self.text and state is not _CHUNKS:
            self.text = bytearray()
        if state in _WITHOUT_SENDER:
            self.reverse_path, self.parameters, self.utf8 = NULL_PATH, (), False
        if state is _FRESH and self.state is not _FRESH:
            self.client, self.extended, self.user = "", False, None
        self.state = state

    @property
    def envelope(self) -> Envelope:
        """The transaction so far."""
        return Envelope(self.reverse_path, tuple(self.recipients), self.parameters)


# Looking a member up in its Enum takes as long as ten of these lines.
_FRESH, _CHUNKS = State.FRESH, State.CHUNKS
_WITH_RECIPIENTS = frozenset({State.RECIPIENTS, _CHUNKS})
_WITHOUT_SENDER = frozenset({_FRESH, State.READY, State.CLOSED})
