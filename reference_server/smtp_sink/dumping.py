"""Dumps: each message to a file of its own, or all to one, in the form that smtp-sink writes."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from harness.errors import HarnessError
from harness.protocol.commands import Parameters
from harness.protocol.receiver import Event
from harness.protocol.receiver.events import Message
from harness.protocol.replies import Reply
from harness.protocol.services import Service
from reference_server.smtp_sink.letters import Letters
from reference_server.smtp_sink.watching import Quiet
from reference_server.watching.visits import Visit


class Dump(Quiet):
    """Writes each message that was accepted."""

    def __init__(self, letters: Letters) -> None:
        self._letters = letters

    def answered(self, visit: Visit, event: Event, reply: Reply, seconds: float) -> None:
        """Write a message; raises HarnessError if that cannot be."""
        if isinstance(event, Message) and reply.is_positive:
            id, now = secrets.token_hex(4), time.time()
            octets = dumped(self._letters, visit, event, id=id, now=now)
            try:
                self._write(octets, id, now)
            except OSError as problem:
                raise HarnessError(f"cannot write a dump: {problem}") from problem

    def _write(self, octets: bytes, id: str, now: float) -> None:
        when = time.localtime(now)
        if self._letters.one_file_each:
            path = Path(time.strftime(self._letters.one_file_each, when) + id)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        else:
            path = Path(time.strftime(self._letters.one_file, when))
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, flags, 0o644), "ab") as file:
            file.write(octets)


def dumped(letters: Letters, visit: Visit, event: Message, *, id: str, now: float) -> bytes:
    """A message as it stands in a dump: lines end in LF, and an empty one follows."""
    head = "".join(f"{line}\n" for line in _head(letters, visit, event, id, now))
    content = event.content.replace(b"\r\n", b"\n")
    return (letters.start + head).encode("utf-8", "surrogateescape") + content + b"\n"


def _head(letters: Letters, visit: Visit, event: Message, id: str, now: float) -> Iterator[str]:
    envelope, protocol = event.envelope, _protocol(visit)
    address = f"ipv6:{visit.peer}" if ":" in visit.peer else visit.peer
    hello = visit.memory.client
    yield f"X-Client-Addr: {address}"
    yield f"X-Client-Proto: {protocol}"
    if hello:
        yield f"X-Helo-Args: {hello}"
    yield f"X-Mail-Args: {_argument(str(envelope.reverse_path), envelope.parameters)}"
    for one in envelope.recipients:
        yield f"X-Rcpt-Args: {_argument(str(one), one.parameters)}"
    yield f"Received: from {hello or f'[{address}]'} ([{address}])"
    yield f"\tby {letters.name} (smtp-sink) with {protocol} id {id};"
    yield f"\t{time.strftime('%a, %d %b %Y %H:%M:%S %z (%Z)', time.localtime(now))}"


def _protocol(visit: Visit) -> str:
    if visit.door.service is Service.LMTP:
        return "LMTP"
    return "ESMTP" if visit.memory.extended else "SMTP"


def _argument(path: str, parameters: Parameters) -> str:
    words = [name if value is None else f"{name}={value}" for name, value in parameters]
    return " ".join([f"<{path}>", *words])
