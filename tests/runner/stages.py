"""Cases from a few lines, and a scripted peer to play them against, on virtual time."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import trio
import trio.testing

from harness.errors import TargetUnreachable
from harness.runner.endings import Played
from harness.runner.offers import Offer
from harness.runner.play import play
from harness.runner.settings import Settings
from harness.runner.stage import Stage
from harness.target import Address, Target, Timeouts
from harness.transcripts.loader import load_suite
from harness.transcripts.model import Case, Suite
from harness.wire import Log, Wire

SILENT, CLOSE = object(), object()  # what a peer may do instead of answering
Answer = bytes | object

ADDRESS = Address("peer.test", 25)
PATIENT = Timeouts(greeting=5.0, reply=5.0, delivery=5.0)

HELLO = b"250-peer.test\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 1000\r\n"
HONEST: Mapping[str, Answer] = {
    "greeting": b"220 peer.test ESMTP\r\n",
    "EHLO": HELLO,
    "HELO": b"250 peer.test\r\n",
    "LHLO": HELLO,
    "MAIL": b"250 2.1.0 ok\r\n",
    "RCPT": b"250 2.1.5 ok\r\n",
    "DATA": b"354 go on\r\n",
    "message": b"250 2.0.0 taken\r\n",
    "RSET": b"250 2.0.0 ok\r\n",
    "NOOP": b"250 2.0.0 ok\r\n",
    "QUIT": b"221 2.0.0 bye\r\n",
}
_UNKNOWN = b"500 5.5.1 what?\r\n"


class Peer:
    """A server that answers by a table; a list is answered with one after the other."""

    def __init__(self, **answers: Answer | Sequence[Answer]) -> None:
        self._answers = {**HONEST, **answers}
        self._turns = {
            verb: iter(answer) for verb, answer in self._answers.items() if isinstance(answer, list)
        }
        self.heard: list[bytes] = []  # every line
        # Told each text, and the lines that were said before it on its connection.
        self.on_text: Callable[[bytes, list[bytes]], None] = lambda text, said: None
        self.open = self.most_open = self.connections = 0
        self.room = 1_000  # connections at a time; more are told 421
        self.is_gone = False

    async def serve(self, stream: trio.abc.Stream) -> None:
        self.connections += 1
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        try:
            too_many = self.open > self.room
            if await self._answer(stream, "greeting", b"421 too many\r\n" if too_many else None):
                await self._converse(stream)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        finally:
            self.open -= 1
            await trio.aclose_forcefully(stream)

    async def _converse(self, stream: trio.abc.Stream) -> None:
        buffer, text = b"", None
        said: list[bytes] = []
        while octets := await stream.receive_some():
            buffer += bytes(octets)
            while b"\r\n" in buffer:
                if text is None:
                    line, _, buffer = buffer.partition(b"\r\n")
                    self.heard.append(line)
                    said.append(line)
                    verb = line.partition(b" ")[0].decode("ascii", "replace").upper()
                    if not await self._answer(stream, verb) or verb == "QUIT":
                        return
                    text = (
                        b"" if verb == "DATA" and self._answers["DATA"] == HONEST["DATA"] else None
                    )
                    continue
                line, _, buffer = buffer.partition(b"\r\n")
                if line != b".":
                    text += line + b"\r\n"
                    continue
                self.on_text(text, said)
                text = None
                if not await self._answer(stream, "message"):
                    return

    async def _answer(
        self, stream: trio.abc.Stream, verb: str, instead: bytes | None = None
    ) -> bool:
        """Whether to go on."""
        answer = instead or self._answers.get(verb, _UNKNOWN)
        if isinstance(answer, list):
            answer = next(self._turns[verb])
        if isinstance(answer, bytes):
            await stream.send_all(answer)
            return not answer.startswith(b"421")
        return answer is SILENT


@asynccontextmanager
async def staged(
    peer: Peer, target: Target | None = None, settings: Settings | None = None
) -> AsyncIterator[Stage]:
    """A stage whose connections lead to the peer, in memory."""
    target = target or Target(
        address=ADDRESS,
        recipients=("alice@peer.test", "bob@peer.test"),
        unknown_recipient="nobody@peer.test",
        timeouts=PATIENT,
    )
    failure = None
    async with trio.open_nursery() as nursery:

        async def dial(address: Address, log: Log, patience: float, name: str) -> Wire:
            await trio.lowlevel.checkpoint()
            if peer.is_gone:
                raise TargetUnreachable(f"{address.endpoint}: nobody listens there")
            ours, theirs = trio.testing.memory_stream_pair()
            nursery.start_soon(peer.serve, theirs)
            log.happened(f"connected to {address.endpoint}", name)
            return Wire(ours, log, name=name)

        stage = Stage(target, settings or Settings(), dial)
        stage.offers[target.address] = Offer(greeting="220 peer.test")
        try:
            yield stage
        except Exception as error:
            failure = error  # raised outside of the nursery, which would wrap it into a group
        nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure


_serial = itertools.count()


class Author:
    """Writes suites into a directory and reads them as a run would."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def suite(self, *cases: str, id: str = "test/suite", tables: str = "") -> Suite:
        """A suite of these cases, each a block of YAML."""
        rows = [f"suite: {id}", "title: A suite", *filter(None, [tables]), "cases:"]
        for case in cases:
            first, *others = case.strip("\n").splitlines()
            rows += [f"  - {first}", *(f"    {line}" for line in others)]
        path = self._directory / f"{next(_serial)}.smtp.yaml"
        path.write_text("\n".join(rows) + "\n")
        return load_suite(path)

    def case(self, dialogue: str, more: str = "", *, start: str = "hello", id: str = "a") -> Case:
        """A case with this dialogue, its keys in `more` besides."""
        return self.suite(block(dialogue, more, start=start, id=id)).cases[0]


def block(dialogue: str, more: str = "", *, start: str = "hello", id: str = "a") -> str:
    """A case as YAML."""
    lines = textwrap.dedent(dialogue.strip("\n")).splitlines()
    rows = [f"id: {id}", f"title: Case {id}", "checks: []"]
    rows += [f"start: {start}"] if start else []
    rows += textwrap.dedent(more.strip("\n")).splitlines()
    rows += ["dialogue: |", *(f"  {line}" for line in lines)]
    return "\n".join(rows)


async def played(case: Case, peer: Peer, **settings: object) -> Played:
    """What comes of playing the case against the peer."""
    async with staged(peer, settings=Settings(**settings)) as stage:  # type: ignore[arg-type]  # as a test names them
        return await play(case, stage)
