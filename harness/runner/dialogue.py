"""The dialogue of a server's case: we are the client, and say exactly what is written.

No sending flow takes part in it: the judge shares no opinion with a client about what is sensible.
Only a log-in as a whole (`* auth`) and `* send FILE` are done by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import assert_never

import trio

from harness.client import drive
from harness.documents import Place, read_duration
from harness.errors import NotOffered, PeerError, PeerSilent, Refused, TargetUnreachable
from harness.protocol.replies import Capabilities
from harness.protocol.sender import Envelope, send_message
from harness.protocol.transparency import stuff
from harness.runner.connection import Connection
from harness.runner.endings import Trouble, Unmet, Void
from harness.runner.farewell import say_goodbye
from harness.runner.hearing import Ear, ending, surprise_at
from harness.runner.security import (
    log_in,
    open_sasl,
    shake_hands,
    start_tls,
    take_leave,
    verify_sasl,
)
from harness.runner.stage import Stage
from harness.runner.start import reach
from harness.transcripts.matching import Closed, describe
from harness.transcripts.model import Case
from harness.transcripts.steps import (
    MAIN,
    Accept,
    Auth,
    Branch,
    CloseNotify,
    Connect,
    Expect,
    HalfClose,
    Hangup,
    Hear,
    HearText,
    Repeat,
    Reset,
    Sasl,
    SaslVerified,
    Say,
    SendFile,
    Silence,
    StartTls,
    Step,
    Tls,
    Wait,
    Write,
)
from harness.transcripts.variables import Values, render_write
from harness.wire import Log, Piece, read_cut, whole

PAUSE = 0.001  # seconds between the pieces of a line that the author splits: they arrive apart


class Dialogue:
    """Plays the steps of one case."""

    def __init__(self, case: Case, stage: Stage, values: Values, log: Log) -> None:
        self.ear = Ear(values)
        self._connections: dict[str, Connection] = {}  # the last of each name
        self._all: list[Connection] = []
        self._case = case
        self._stage = stage
        self._values = values
        self._log = log
        self._at = case.at  # the line that is being played
        self._cut = whole if case.as_written else read_cut(stage.settings.segment, case.address)

    async def run(self) -> None:
        """All of it: the start, the steps, the end; raises an Ending, or TargetUnreachable."""
        try:
            address = self._stage.listener(self._case.over)
            main = self._opened(MAIN, await self._stage.connect(self._log, address))
            await reach(main, self._case.start, anonymous=self._is_anonymous)
            await self._play(self._case.steps)
            if not self._case.drops:
                for connection in self._all:
                    await say_goodbye(connection, self.ear, self._at)
        finally:
            for connection in self._all:
                await connection.wire.aclose()

    @property
    def _is_anonymous(self) -> bool:
        return "anonymous" in self._case.needs

    @property
    def contents(self) -> list[bytes]:
        """The contents of all messages that were sent."""
        return [it for connection in self._all for it in connection.contents]

    @property
    def ports(self) -> tuple[int, ...]:
        """Our ports, in the order in which they were used."""
        ports = (connection.wire.local_port for connection in self._all)
        return tuple(port for port in ports if port is not None)

    async def _play(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self._at = step.at
            if isinstance(step, Connect):
                await self._connect(step)
            elif isinstance(step, Wait):
                await self._rest(step.seconds)
            elif isinstance(step, Repeat) and _only_says(step):
                await self._say_over_and_over(step)
            elif isinstance(step, Repeat):
                for _ in self._turns(step):
                    await self._play(step.steps)
            else:
                connection = self._connections[_connection_of(step)]
                if not connection.is_over:
                    await self._step(connection, step)

    def _turns(self, step: Repeat) -> Iterator[None]:
        """Counts the turns of a repetition, for whoever takes them."""
        count = step.count if step.by is None else self._values.number(step.by)
        for number in range(1, count + 1):
            self._values.count(number, step.name)
            yield

    async def _say_over_and_over(self, step: Repeat) -> None:
        """A repetition of nothing but client lines: they follow each other, so it is one write."""
        connection = self._connections[next(_speakers(step))]
        if not connection.is_over:
            octets = b"".join(self._said(step))
            await self._send(connection, list(map(Piece, self._cut(octets))), step.at)

    def _said(self, repeat: Repeat) -> Iterator[bytes]:
        for _ in self._turns(repeat):
            for step in repeat.steps:
                if isinstance(step, Repeat):
                    yield from self._said(step)
                elif isinstance(step, Write):
                    yield from (segment.octets for segment in render_write(step, self._values))

    async def _step(self, connection: Connection, step: Step) -> None:
        match step:
            case Write():
                await self._write(connection, step)
            case Expect():
                await self._branch(await self.ear.expect(connection, step))
            case Silence():
                await _silence(connection, step)
            case StartTls():
                await start_tls(connection, step)
            case Tls():
                await shake_hands(connection, step)
            case Auth():
                await log_in(connection, step)
            case Sasl():
                open_sasl(connection, step)
            case SaslVerified():
                verify_sasl(connection, step)
            case SendFile():
                await self._send_file(connection, step)
            case CloseNotify():
                await take_leave(connection, step)
            case HalfClose():
                connection.is_half_closed = True
                await connection.wire.half_close()
            case Reset():
                connection.is_over = True
                await connection.wire.reset()
            case Accept() | Say() | Hangup() | Hear() | HearText():
                raise Trouble("this step is for a case in which we are the server")
            case Connect() | Wait() | Repeat():
                raise AssertionError("played above, on no connection of their own")
            case _:
                assert_never(step)

    async def _branch(self, branches: Sequence[Branch]) -> None:
        for branch in branches:
            await self._play(branch.steps)

    async def _write(self, connection: Connection, step: Write) -> None:
        if _holds_sasl(step):
            self._values["sasl"] = connection.next_answer()
        pieces: list[Piece] = []
        for segment in render_write(step, self._values):
            if segment.after:
                await self._send(connection, pieces, step.at)
                pieces = []
                await self._rest(segment.after)
            if step.is_cut:
                pieces.append(Piece(segment.octets, PAUSE))
            else:
                pieces.extend(map(Piece, self._cut(segment.octets)))
        await self._send(connection, pieces, step.at)

    async def _send(self, connection: Connection, pieces: list[Piece], at: Place) -> None:
        try:
            await connection.send(pieces)
        except PeerSilent as error:
            raise Unmet(surprise_at(at, "a target that reads what we say", str(error))) from error

    async def _rest(self, seconds: float) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, seconds)
            for connection in self._all:
                nursery.start_soon(connection.wire.rest, seconds)

    async def _connect(self, step: Connect) -> None:
        if step.after is not None:
            await self._rest(read_duration(self._values.text(step.after)) or 0.0)
        address = self._stage.listener(step.over or self._case.over)
        try:
            connection = await self._stage.connect(self._log, address, name=step.name)
        except TargetUnreachable as error:
            raise Trouble(f"connection {step.name}: {error}") from error
        opened = self._opened(step.name, connection)
        await reach(opened, step.start, anonymous=self._is_anonymous)

    def _opened(self, name: str, connection: Connection) -> Connection:
        self._connections[name] = connection
        self._all.append(connection)
        return connection

    async def _send_file(self, connection: Connection, step: SendFile) -> None:
        content = _read(step.path)
        target, capabilities = connection.target, connection.capabilities or Capabilities("")
        envelope = Envelope(target.sender, (connection.recipient,))
        try:
            flow = send_message(envelope, content, capabilities, pipeline=False)
            handover = await drive(
                flow, connection.wire, patience=target.timeouts.reply, secure=connection.secure
            )
        except NotOffered as lack:
            raise Void(f"{Path(step.path).name}: {lack}") from lack
        except Refused as refusal:
            surprise = surprise_at(step.at, "a message that is taken", str(refusal))
            raise ending(connection, surprise, refusal.reply) from refusal
        except PeerError as error:
            surprise = surprise_at(step.at, "a message that is taken", str(error))
            raise ending(connection, surprise, Closed(str(error))) from error
        connection.texts.append(stuff(content))
        for recipient, reply in handover.refused.items():
            surprise = surprise_at(step.at, f"a recipient {recipient}", describe(reply))
            raise ending(connection, surprise, reply)


async def _silence(connection: Connection, step: Silence) -> None:
    if await connection.wire.silence(step.seconds):
        return
    heard = await connection.hear()
    wanted = f"silence for {step.seconds:g} s"
    raise Unmet(surprise_at(step.at, wanted, describe(heard)))


def _read(path: str) -> bytes:
    """A file's content with the line ends that mail has."""
    content = Path(path).read_bytes()
    return content if b"\r\n" in content else content.replace(b"\n", b"\r\n")


def _only_says(step: Step) -> bool:
    """Whether it is nothing but lines that one client says, uncut and as they stand."""
    if isinstance(step, Repeat):
        return all(map(_only_says, step.steps)) and len(set(_speakers(step))) == 1
    return isinstance(step, Write) and not (step.is_cut or _holds_sasl(step))


def _speakers(step: Step) -> Iterator[str]:
    """On which connections client lines are said."""
    if isinstance(step, Repeat):
        for inner in step.steps:
            yield from _speakers(inner)
    elif isinstance(step, Write):
        yield step.connection


def _holds_sasl(step: Write) -> bool:
    return any(it.name == "sasl" for line in step.lines for it in line.octets.variables)


def _connection_of(step: Step) -> str:
    name: str = getattr(step, "connection", MAIN)  # Accept has none, and is refused where it is met
    return name
