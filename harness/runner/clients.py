"""Playing a client's case: we are the server, say what is written and hear what the client says.

Lines are read one by one, so a client may pipeline as it likes unless the case forbids it.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping
from dataclasses import replace

import trio

from harness.errors import PeerClosed, PeerError, PeerSilent, UsageError
from harness.protocol.replies import CHALLENGE
from harness.protocol.transparency import DataReader
from harness.results import Surprise
from harness.runner.endings import Played, Trouble, Unmet, Void
from harness.runner.facts import SERVER
from harness.runner.hearing import surprise_at
from harness.transcripts.listening import Said, listen
from harness.transcripts.matching import spelled
from harness.transcripts.model import Case
from harness.transcripts.steps import (
    HalfClose,
    Hangup,
    Hear,
    HearText,
    Repeat,
    Reset,
    Say,
    Silence,
    StartTls,
    Step,
    Tls,
    Wait,
)
from harness.transcripts.variables import Values
from harness.wire import Log, Wire, masked

PATIENCE = 5.0  # seconds for the client's next line
EAGER = 0.1  # seconds in which a client that does not wait for our reply shows it

COURTESIES = 20  # lines that we still answer when the dialogue is over: some never leave

# What we answer when the dialogue is over, until the client leaves.
_AFTERWARDS = {b"QUIT": b"221 Bye\r\n", b"RSET": b"250 OK\r\n", b"NOOP": b"250 OK\r\n"}
_GO_AWAY = b"421 The dialogue is over\r\n"


async def play_client_case(
    case: Case,
    stream: trio.abc.Stream,
    *,
    facts: Mapping[str, str] | None = None,
    context: ssl.SSLContext | None = None,
    patience: float = PATIENCE,
    as_written: bool = False,
) -> Played:
    """Be the server of a client's case over an accepted stream; say what came of it."""
    log = Log()
    wire = Wire(stream, log, we="S")
    values = Values.of(case, {"server": SERVER, **(facts or {})}, as_written=as_written)
    server = _Server(case, wire, values, context, patience)
    surprise, void, trouble = None, "", ""
    try:
        await server.run()
    except Unmet as end:
        surprise = end.surprise
    except Void as end:
        void = str(end)
    except (Trouble, UsageError, PeerError) as end:
        trouble = str(end)
    finally:
        await wire.aclose()
    return Played(
        surprise=surprise,
        void=void,
        trouble=trouble,
        exchanges=tuple(log.exchanges),
        ports=() if wire.local_port is None else (wire.local_port,),
        seconds=log.seconds,
    )


class _Server:
    """Our end of one client's case."""

    def __init__(
        self,
        case: Case,
        wire: Wire,
        values: Values,
        context: ssl.SSLContext | None,
        patience: float,
    ) -> None:
        self._case = case
        self._wire = wire
        self._values = values
        self._context = context
        self._patience = patience
        self._is_over = False

    async def run(self) -> None:
        """The dialogue, then good-bye."""
        await self._play(self._case.steps)
        if not self._case.drops:
            await self._see_off()

    async def _play(self, steps: Iterable[Step]) -> None:
        for step in steps:
            if self._is_over:
                return
            await self._step(step)

    async def _step(self, step: Step) -> None:
        match step:
            case Say():
                await self._wire.send(self._values.render(step.octets), self._patience)
            case Hear():
                await self._hear(step)
            case HearText():
                self._values[step.name] = await self._text(step)
            case Hangup() | Reset():
                self._is_over = True
                await (self._wire.reset() if isinstance(step, Reset) else self._wire.aclose())
            case Silence():
                await self._silence(step)
            case Repeat():
                for number in range(1, step.count + 1):
                    self._values.count(number, step.name)
                    await self._play(step.steps)
            case Wait():
                await trio.sleep(step.seconds)
            case HalfClose():
                await self._wire.half_close()
            case StartTls():
                await self._start_tls(step)
            case Tls():
                await self._shake_hands(step)
            case _:
                raise Trouble("this step is for a case in which we are the client")

    async def _hear(self, step: Hear) -> None:
        came_along = self._wire.has_more
        line = await self._line(step)
        values = self._values
        said = listen(step, line, row=values.row, as_written=values.as_written)
        if isinstance(said, Surprise):
            raise self._unmet(self._without_secrets(said, line or b""))
        met = f"{spelled(self._fit_to_show(line or b''))} beside others"
        if step.alone and (came_along or self._wire.has_more):
            raise self._unmet(surprise_at(step.at, "a line in a write of its own", met))
        if step.waits and not await self._wire.silence(EAGER) and self._wire.has_more:
            met = f"more: {spelled(self._left_behind(line or b''))}"
            raise self._unmet(surprise_at(step.at, "nothing more before our reply", met))
        await self._go_on(said)

    async def _go_on(self, said: Said) -> None:
        for name, octets in said.bound.items():
            self._values[name] = octets
        self._is_over = self._is_over or said.closed
        if said.branch is not None:
            await self._play(said.branch.steps)

    async def _line(self, step: Hear) -> bytes | None:
        """The client's next line, or None if it hung up."""
        try:
            return await self._wire.line(self._patience)
        except PeerClosed:
            return None
        except PeerSilent as error:
            raise self._unmet(surprise_at(step.at, _due(step), str(error))) from error

    async def _text(self, step: HearText) -> bytes:
        """All lines to the lone dot, un-stuffed."""
        reader = DataReader()
        content = None
        try:
            while content is None:
                reader.feed(await self._wire.line(self._patience))
                content = reader.take()
        except (PeerClosed, PeerSilent) as error:
            wanted = "lines up to the lone dot"
            raise self._unmet(surprise_at(step.at, wanted, str(error))) from error
        return content

    async def _silence(self, step: Silence) -> None:
        if not await self._wire.silence(step.seconds):
            met = spelled(self._wire.left) if self._wire.has_more else "the connection was closed"
            raise self._unmet(surprise_at(step.at, f"silence for {step.seconds:g} s", met))

    async def _start_tls(self, step: StartTls) -> None:
        hear = Hear(pattern=(b"STARTTLS",), at=step.at)
        await self._hear(hear)
        await self._wire.send(b"220 Go ahead\r\n", self._patience)
        await self._shake_hands(Tls(at=step.at))

    async def _shake_hands(self, step: Tls) -> None:
        if self._context is None:
            raise Void("there is no certificate to be a TLS server with")
        try:
            await self._wire.start_tls(self._context, self._patience)
        except PeerError as error:
            self._is_over = True
            if not (
                step.fails or step.or_fails or (step.or_close and isinstance(error, PeerClosed))
            ):
                raise self._unmet(surprise_at(step.at, "a TLS handshake", str(error))) from error
        else:
            if step.fails:
                met = "one that succeeds"
                raise self._unmet(surprise_at(step.at, "a TLS handshake that fails", met))

    async def _see_off(self) -> None:
        """Let the client leave in its own way: what it still says is no part of the case."""
        for _ in range(COURTESIES):
            if self._is_over or self._wire.ended:
                return
            try:
                line = await self._wire.line(self._patience)
            except PeerError:
                return
            verb = line.strip().upper()
            answer = _AFTERWARDS.get(verb, _GO_AWAY)
            await self._wire.send(answer, self._patience)
            self._is_over = answer is _GO_AWAY or verb == b"QUIT"

    def _fit_to_show(self, line: bytes) -> bytes:
        return masked(line, code=self._wire.code)

    def _without_secrets(self, surprise: Surprise, line: bytes) -> Surprise:
        """What a client said in a wrong place may be a password all the same."""
        said = line.removesuffix(b"\r\n")
        hidden = self._fit_to_show(said)
        return surprise if hidden == said else replace(surprise, met=spelled(hidden))

    def _left_behind(self, line: bytes) -> bytes:
        """What came behind a line, before its turn: behind AUTH that is a password."""
        begins_auth = line[:5].upper() == b"AUTH "
        return masked(self._wire.left, code=CHALLENGE if begins_auth else self._wire.code)

    def _unmet(self, surprise: Surprise) -> Unmet:
        return Unmet(replace(surprise, exchange=self._wire.last))


def _due(step: Hear) -> str:
    """The line that is due, in words: those that tell of a hang-up where none is allowed."""
    told = listen(replace(step, alternatives=tuple({*step.alternatives} - {"close"})), None)
    assert isinstance(told, Surprise)
    return told.wanted
