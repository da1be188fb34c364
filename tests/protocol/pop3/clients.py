"""Two drivers for a client's flows, without sockets: against a script, and against our session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from harness.protocol.pop3.flow import Ask, Flow, Secure
from harness.protocol.pop3.responses import Response, ResponseReader
from tests.protocol.pop3.dialogue import BINDINGS, Talk

T = TypeVar("T")


def run(flow: Flow[T], act: Callable[[Ask | Secure], object]) -> T:
    """Do what the flow says until it ends."""
    try:
        action = next(flow)
        while True:
            action = flow.send(act(action))  # type: ignore[arg-type]
    except StopIteration as end:
        value: T = end.value
        return value


@dataclass
class Script:
    """A server that answers by verb, each from its own row, the last of it for ever."""

    answers: dict[str, list[bytes]]
    said: list[bytes] = field(default_factory=list)
    shown: list[bytes] = field(default_factory=list)

    def drive(self, flow: Flow[T]) -> T:
        return run(flow, self._act)

    def _act(self, action: Ask | Secure) -> object:
        if isinstance(action, Secure):
            self.said.append(b"<TLS>")
            return BINDINGS
        self.said.append(action.octets)
        self.shown.append(action.shown)
        row = self.answers[action.name]
        reader = ResponseReader(most=10_000)
        reader.feed(row.pop(0) if len(row) > 1 else row[0])
        response = reader.take(has_content=action.has_content)
        assert response is not None, f"the script has no whole answer to {action.name}"
        assert reader.left == b""
        return response


def script(**answers: bytes | list[bytes]) -> Script:
    """A server that knows what RFC 1939 wants of all, but for these."""
    usual: dict[str, bytes | list[bytes]] = {
        "greeting": b"+OK ready\r\n",
        "CAPA": b"-ERR what?\r\n",
        "STLS": b"+OK\r\n",
        "USER": b"+OK\r\n",
        "PASS": b"+OK\r\n",
        "APOP": b"+OK\r\n",
        "LIST": b"+OK\r\n1 20\r\n3 7 more\r\n.\r\n",
        "UIDL": b"+OK\r\n1 abc\r\n3 def\r\n.\r\n",
        "QUIT": b"+OK\r\n",
    }
    rows = {**usual, **answers}
    return Script({name: row if isinstance(row, list) else [row] for name, row in rows.items()})


@dataclass
class Ends:
    """A flow and our session that take turns."""

    talk: Talk
    said: list[bytes] = field(default_factory=list)
    _reader: ResponseReader = field(default_factory=ResponseReader)

    def __post_init__(self) -> None:
        self._reader.feed(self.talk.greeting)

    def drive(self, flow: Flow[T]) -> T:
        return run(flow, self._act)

    def _act(self, action: Ask | Secure) -> Response | dict[str, bytes]:
        if isinstance(action, Secure):
            return BINDINGS
        self.said.append(action.octets)
        self._reader.feed(self.talk.hear(action.octets))
        response = self._reader.take(has_content=action.has_content)
        assert response is not None
        assert self._reader.left == b"", "one response too many"
        return response
