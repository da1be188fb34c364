"""Days that pass at once: a mail server on virtual time whose next hop is never there."""

from __future__ import annotations

import email
import email.policy
import ipaddress
import time
from dataclasses import dataclass
from pathlib import Path

import trio
import trio.testing

from harness.errors import TargetUnreachable
from harness.target import Address, read_address
from harness.wire import Log, Wire
from reference_server.configuration import Config, make_server
from reference_server.configuration.relaying import Relaying
from reference_server.configuration.relays import World
from reference_server.doors.listener import serve
from reference_server.relay.routes import Route
from reference_server.relay.schedule import Schedule

DAY = 86_400.0
MONDAY = 1_782_723_600.0  # when it begins, in seconds since the epoch
SAID = (
    b"EHLO laptop.crepes.fr\r\n",
    b"MAIL FROM:<alice@crepes.fr>\r\n",
    b"RCPT TO:<bob@hamburger.edu>\r\n",
    b"DATA\r\n",
    b"From: alice@crepes.fr\r\nTo: bob@hamburger.edu\r\nSubject: Are you there?\r\n\r\n.\r\n",
    b"QUIT\r\n",
)


@dataclass(frozen=True, slots=True)
class Told:
    """What happened meanwhile."""

    tries: list[str]  # the first and the last, in words
    count: int
    days: float
    seconds: float  # that it really took
    notices: list[str]  # to Alice


def pass_by(spool: Path) -> Told:
    """Alice's server takes a message for Bob's, which is away for good."""
    began = time.perf_counter()
    dialled: list[float] = []

    async def nobody_is_there(address: Address, log: Log, patience: float) -> Wire:
        dialled.append(trio.current_time())
        raise TargetUnreachable(f"{address.endpoint}: nobody listens there (connection refused)")

    def now() -> float:
        return MONDAY + trio.current_time()

    async def live() -> None:
        world = World(now=now, dial=nobody_is_there, inline=True, ask_every=None)
        server = make_server(_config(spool), world)
        assert server.relay is not None
        ours, theirs = trio.testing.memory_stream_pair()
        async with trio.open_nursery() as nursery:
            await nursery.start(server.relay.run)
            nursery.start_soon(serve, server, theirs, "127.0.0.1")
            for octets in SAID:
                await ours.receive_some()
                await ours.send_all(octets)
            await trio.sleep(6 * DAY)
            nursery.cancel_scope.cancel()

    clock = trio.testing.MockClock(autojump_threshold=0)
    trio.run(live, clock=clock)
    return Told(
        tries=_in_words(dialled),
        count=len(dialled),
        days=(dialled[-1] - dialled[0]) / DAY,
        seconds=time.perf_counter() - began,
        notices=[_brief(path) for path in sorted(Path(spool, "mail/alice/new").iterdir())],
    )


def _config(spool: Path) -> Config:
    route = Route(domains=("hamburger.edu",), hosts=(read_address("127.0.0.1:9"),))
    return Config(
        domain="crepes.fr",
        users={"alice": None},
        spool=spool,
        sync=False,
        relay=Relaying(
            routes=(route,),
            networks=(ipaddress.ip_network("127.0.0.0/8"),),
            schedule=Schedule(warn_after=None),
        ),
    )


def _in_words(dialled: list[float]) -> list[str]:
    def line(number: int) -> str:
        hours = (dialled[number] - dialled[0]) / 3_600
        return f"try {number + 1:3}: {hours:6.1f} hours after the first: nobody listens there"

    return [*map(line, range(3)), "...", *map(line, range(len(dialled) - 2, len(dialled)))]


def _brief(path: Path) -> str:
    """A notice as Alice reads it: who, what, and the fields for programs."""
    notice = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    words, status, *_ = notice.iter_parts()
    fields = [str(part).strip() for part in status.iter_parts()]
    head = [f"{name}: {notice[name]}" for name in ("Return-Path", "From", "To", "Date", "Subject")]
    return "\n".join([*head, "", words.get_content().strip(), "", "\n\n".join(fields)])
