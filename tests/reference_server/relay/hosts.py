"""Next hops on memory streams: they answer by a script, and keep what they were given."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

import trio
import trio.testing

from harness.errors import TargetUnreachable
from harness.protocol.transparency import unstuff
from harness.target import Address
from harness.wire import Log, Wire

DROP = "drop"  # hang up instead of answering
SILENCE = "silence"  # say nothing, for ever
Answer = str | Callable[[str], str]

USUAL: dict[str, Answer] = {
    "greeting": "220 ready",
    "HELO": "250 fine",
    "STARTTLS": "220 go ahead",
    "MAIL": "250 2.1.0 fine",
    "RCPT": "250 2.1.5 fine",
    "DATA": "354 go ahead",
    "BDAT": "250 2.0.0 fine",
    "message": "250 2.0.0 taken",
    "RSET": "250 fine",
    "QUIT": "221 bye",
}


@dataclass(frozen=True)
class Mail:
    sender: str
    recipients: tuple[str, ...]
    content: bytes
    parameters: str  # behind MAIL's path
    rcpt_parameters: tuple[str, ...]


@dataclass
class Host:
    """One server.  A list of answers is used up one by one; its last stands for all that follow."""

    keywords: tuple[str, ...] = ("PIPELINING", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES")
    answers: dict[str, Answer | list[Answer]] = field(default_factory=dict)
    is_up: bool = True
    is_lmtp: bool = False
    tls: ssl.SSLContext | None = None
    mail: list[Mail] = field(default_factory=list)
    talks: list[list[str]] = field(default_factory=list)  # the commands of each connection
    open: int = 0  # connections
    think: Callable[[], float] = lambda: 0.0  # seconds before each answer
    calls: list[float] = field(default_factory=list)  # when somebody tried to connect

    def answer(self, name: str, argument: str = "") -> str:
        found = self.answers.get(name, USUAL.get(name, "500 5.5.1 what?"))
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        return found if isinstance(found, str) else found(argument)

    @property
    def commands(self) -> list[str]:
        return [command for talk in self.talks for command in talk]

    @property
    def copies(self) -> list[str]:
        """Every recipient of every message, as often as he got it."""
        return [to for mail in self.mail for to in mail.recipients]

    async def serve(self, stream: trio.abc.Stream) -> None:
        talk: list[str] = []
        self.talks.append(talk)
        self.open += 1
        try:
            await Conversation(self, stream, talk).hold()
        finally:
            self.open -= 1


class Hangup(Exception):
    pass


@dataclass
class Conversation:
    host: Host
    stream: trio.abc.Stream
    talk: list[str]
    buffer: bytes = b""
    sender: str = ""
    parameters: str = ""
    recipients: dict[str, str] = field(default_factory=dict)
    chunks: bytes = b""
    secure: bool = False
    is_begun: bool = False  # a transaction

    async def hold(self) -> None:
        try:
            await self.say(self.host.answer("greeting"))
            while True:
                line = (await self.read_line()).decode()
                self.talk.append(line)
                verb, _, argument = line.partition(" ")
                await self.obey(verb.upper(), argument)
        except (Hangup, trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        finally:
            await trio.aclose_forcefully(self.stream)

    async def obey(self, verb: str, argument: str) -> None:
        match verb:
            case "EHLO" | "LHLO":
                said = self.host.answers.get("EHLO")
                await self.say(self.host.answer("EHLO") if said else self.hello())
            case "STARTTLS":
                said = self.host.answer(verb)
                await self.say(said)
                if said.startswith("2"):
                    await self.start_tls()
            case "MAIL":
                path, _, self.parameters = argument[len("FROM:<") :].partition(">")
                self.sender, self.recipients = path, {}
                said = self.host.answer(verb, path)
                self.is_begun = said.startswith("2")
                await self.say(said)
            case "RCPT" | "DATA" if not self.is_begun:
                await self.say("503 5.5.1 MAIL first")
            case "DATA" if not self.recipients:
                await self.say("554 5.5.1 nobody to send it to")
            case "RCPT":
                path, _, parameters = argument[len("TO:<") :].partition(">")
                said = self.host.answer(verb, path)
                if said.startswith("2"):
                    self.recipients[path] = parameters.strip()
                await self.say(said)
            case "DATA":
                said = self.host.answer(verb)
                await self.say(said)
                if said.startswith("3"):
                    await self.end_message(unstuff(await self.read_text()))
            case "BDAT":
                size, _, last = argument.partition(" ")
                self.chunks += await self.read_octets(int(size))
                if last:
                    chunks, self.chunks = self.chunks, b""
                    await self.end_message(chunks)
                else:
                    await self.say(self.host.answer(verb))
            case "QUIT":
                await self.say(self.host.answer(verb))
                raise Hangup
            case _:
                await self.say(self.host.answer(verb))

    def hello(self) -> str:
        keywords = [word for word in self.host.keywords if not (self.secure and word == "STARTTLS")]
        lines = ["host.test", *keywords]
        return "\r\n".join(
            f"250{' ' if n == len(lines) - 1 else '-'}{text}" for n, text in enumerate(lines)
        )

    async def end_message(self, content: bytes) -> None:
        self.is_begun = False
        replies = (
            [self.host.answer("message", to) for to in self.recipients]
            if self.host.is_lmtp
            else [self.host.answer("message", self.sender)]
        )
        each = replies if self.host.is_lmtp else replies * len(self.recipients)
        answered = zip(self.recipients, each, strict=True)
        taken = [to for to, said in answered if said.startswith("2") or said == DROP]
        if taken:
            self.host.mail.append(
                Mail(
                    self.sender,
                    tuple(taken),
                    content,
                    self.parameters.strip(),
                    tuple(self.recipients[to] for to in taken),
                )
            )
        for said in replies:
            await self.say(said)

    async def start_tls(self) -> None:
        assert self.host.tls is not None
        self.stream = trio.SSLStream(
            self.stream, self.host.tls, server_side=True, https_compatible=True
        )
        await self.stream.do_handshake()
        self.secure = True

    async def say(self, text: str) -> None:
        if text == DROP:
            raise Hangup
        if text == SILENCE:
            await trio.sleep_forever()
        if pause := self.host.think():
            await trio.sleep(pause)
        await self.stream.send_all(text.encode() + b"\r\n")
        if text.startswith("421"):
            raise Hangup

    async def more(self) -> None:
        octets = await self.stream.receive_some(65_536)
        if not octets:
            raise Hangup
        self.buffer += bytes(octets)

    async def read_line(self) -> bytes:
        while b"\r\n" not in self.buffer:
            await self.more()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    async def read_octets(self, size: int) -> bytes:
        while len(self.buffer) < size:
            await self.more()
        octets, self.buffer = self.buffer[:size], self.buffer[size:]
        return octets

    async def read_text(self) -> bytes:
        while b"\r\n.\r\n" not in b"\r\n" + self.buffer:
            await self.more()
        text, _, self.buffer = (b"\r\n" + self.buffer).partition(b"\r\n.\r\n")
        return text[2:] + b"\r\n" if text[2:] else b""


@dataclass
class Net:
    """Hosts by address; who is not there cannot be reached."""

    nursery: trio.Nursery
    hosts: dict[str, Host] = field(default_factory=dict)

    async def dial(self, address: Address, log: Log, patience: float) -> Wire:
        await trio.lowlevel.checkpoint()
        host = self.hosts.get(address.endpoint)
        if host is not None:
            host.calls.append(trio.current_time())
        if host is None or not host.is_up:
            raise TargetUnreachable(f"{address.endpoint}: nobody listens there")
        ours, theirs = trio.testing.memory_stream_pair()
        self.nursery.start_soon(host.serve, theirs)
        return Wire(ours, log)
