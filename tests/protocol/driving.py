"""Two drivers for flows, without sockets: against a script, and against the receiving end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from harness.errors import PeerError
from harness.protocol.receiver import Receiver
from harness.protocol.receiver.events import Message, StartTls
from harness.protocol.replies import Reply, ReplyReader, reply
from harness.protocol.sender import Exchange, Outgoing, Pause, PausingFlow, Secure

T = TypeVar("T")


def not_asked(message: Outgoing, reply: Reply, taken: int) -> None:
    """What became of a message, where the test is about something else."""


def run(flow: PausingFlow[T], act: Callable[[Exchange | Secure], tuple[Reply, ...]]) -> T:
    """Do what the flow says until it ends; what the peer did to us is thrown in."""
    try:
        action = next(flow)
        while True:
            try:
                replies = () if isinstance(action, Pause) else act(action)
            except PeerError as lost:
                action = flow.throw(lost)
            else:
                action = flow.send(replies)
    except StopIteration as end:
        value: T = end.value
        return value


@dataclass
class Script:
    """A peer that answers by name, each name from its own row of codes, the last of it for ever."""

    answers: dict[str, list[Reply]]
    writes: list[bytes] = field(default_factory=list)
    groups: list[tuple[str, ...]] = field(default_factory=list)

    def drive(self, flow: PausingFlow[T]) -> T:
        """Run the flow; what it wrote is in `writes`, what it named in `groups`."""
        return run(flow, self.answer)

    def answer(self, action: Exchange | Secure) -> tuple[Reply, ...]:
        """What the script says to one action."""
        if isinstance(action, Secure):
            self.writes.append(b"<TLS>")
            return ()
        self.writes.append(action.octets)
        self.groups.append(action.names)
        replies: list[Reply] = []
        for name in action.names:
            row = self.answers[name]
            replies.append(row.pop(0) if len(row) > 1 else row[0])
            if replies[-1].code == 421:
                break  # it closes: there is nothing more to read
        return tuple(replies)


def script(**answers: int | str | list[int | str]) -> Script:
    """A peer that obliges, but for these: `script(RCPT=[250, 550])`; "250-a b" has lines."""
    usual: dict[str, int | str | list[int | str]] = {
        "greeting": 220,
        "EHLO": "250-mx.example/PIPELINING/SIZE/8BITMIME",
        "LHLO": "250-mx.example/PIPELINING/SIZE/8BITMIME",
        "HELO": "250 mx.example",
        "STARTTLS": 220,
        "MAIL": 250,
        "RCPT": 250,
        "DATA": 354,
        "message": 250,
        "BDAT": 250,
        "RSET": 250,
        "QUIT": 221,
    }
    rows = {**usual, **answers}
    return Script({name: _row(row) for name, row in rows.items()})


def _row(row: int | str | list[int | str]) -> list[Reply]:
    return [_reply(said) for said in (row if isinstance(row, list) else [row])]


def _reply(said: int | str) -> Reply:
    if isinstance(said, int):
        return reply(said, "so it is")
    return reply(int(said[:3]), *said[4:].split("/"))


@dataclass
class Ends:
    """A flow and a receiver that take turns; the receiver's policy is to oblige."""

    receiver: Receiver
    messages: list[Message] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    _reader: ReplyReader = field(default_factory=ReplyReader)

    def drive(self, flow: PausingFlow[T]) -> T:
        """Run the flow until it ends."""
        self._reader.feed(self.receiver.output())
        return run(flow, self._act)

    def _act(self, action: Exchange | Secure) -> tuple[Reply, ...]:
        if isinstance(action, Secure):
            self.receiver.secured()
            return ()
        self.receiver.feed(action.octets)
        while (event := self.receiver.next_event()) is not None:
            if isinstance(event, Message):
                self.messages.append(event)
            self.receiver.answer(event.said, id="1")
            if isinstance(event, StartTls):
                break
        self._reader.feed(self.receiver.output())
        replies = [self._reader.take() for _ in action.names]
        assert self._reader.left == b"", "one reply too many"
        self.codes.extend(r.code for r in replies if r is not None)
        return tuple(r for r in replies if r is not None)
