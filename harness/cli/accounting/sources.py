"""Where a run's mail arrives: at a sink of ours that the target relays to, or in its mailboxes."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import trio

from harness.accounting import Arrivals
from harness.certificates import client_context
from harness.cli.accounting.pace import resting
from harness.delivery import Post, Reader, Stored
from harness.delivery.imap import NO_NUL
from harness.delivery.mailhog import LOST
from harness.errors import PeerError, UsageError
from harness.protocol.receiver import Envelope
from harness.target import Address, Target, read_address
from harness.target.delivery import SINK_SCHEMES, shown

EVERY: Final = 5.0  # seconds between looks at mailboxes while the load goes on: it must not suffer
_SINK: Final = "sink:"
_MICROSECONDS: Final = 1_000_000
_CHANGES: Final = frozenset({NO_NUL, LOST})  # what stores do that nobody can undo
# Stores that are asked for one recipient; all others are what they are, whoever asks.
_BY_RECIPIENT: Final = frozenset({"command", *(f"mail{it}+http{s}" for it in ("pit", "hog")
                                               for s in ("", "s"))})  # fmt: skip


class Source(Protocol):
    """One place where mail arrives."""

    where: str

    async def run(
        self, arrivals: Arrivals, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Note what arrives from now on, until cancelled; raises UsageError before it begins."""

    async def look(self, arrivals: Arrivals) -> None:
        """Note what is there now; raises PeerError if that cannot be told."""


Place = tuple[str, str]  # a URL, and for whom it is asked, or ""


def sources_of(
    target: Target, recipients: Sequence[str], senders: Sequence[str]
) -> tuple[Source, ...]:
    """All places where mail for these recipients arrives, and its bounces, as `delivery:` says."""
    shared = _shared(target, recipients, senders)
    sinks = dict.fromkeys(url for url, _ in shared if url.startswith(_SINK))
    stores = {place: whose for place, whose in shared.items() if place[0] not in sinks}
    addresses = [read_address(url.removeprefix(_SINK), SINK_SCHEMES) for url in sinks]
    return (*map(Sink, addresses), *([Stores(target, stores)] if stores else []))


def _shared(
    target: Target, recipients: Sequence[str], senders: Sequence[str]
) -> dict[Place, tuple[str, ...]]:
    """The places, each with all whose mail lies there."""
    found: dict[Place, tuple[str, ...]] = {}
    # Bounces are read where the target says so in so many words: what holds for all recipients
    # need not hold for senders.
    named = {name.casefold() for name in target.delivery}
    for address in (*recipients, *(it for it in senders if it.casefold() in named)):
        url = target.delivery_of(address)
        if url is None:
            raise UsageError(
                f"nothing says where mail for {address} can be read back: "
                "give --delivery, or `delivery:` in the target file"
            )
        place = url, address if _is_asked_by_recipient(url) else ""
        found[place] = (*found.get(place, ()), address)
    return found


# --- a sink ---------------------------------------------------------------------------------------


class Sink:
    """Our reference server, which takes mail for anybody and keeps none."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self.where = f"sink:{address.endpoint}"

    async def run(
        self, arrivals: Arrivals, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Serve until cancelled."""
        from reference_server.doors.door import Door, Kind, open_door
        from reference_server.running import live
        from reference_server.smtp_sink.witness import make_witness

        def tell(envelope: Envelope, content: bytes) -> None:
            moment = time.time_ns() // 1_000
            recipients = [str(one) for one in envelope.recipients]
            arrivals.note(content, recipients, moment, reverse_path=str(envelope.reverse_path))

        address = self._address
        opened = open_door(Door(Kind(address.scheme.value), address.host, address.port))
        self.where = f"sink:{opened.door.endpoint}"
        with opened.listener:
            async with trio.open_nursery() as tasks:
                await tasks.start(live, make_witness(tell), [opened], trio.Event())
                task_status.started()

    async def look(self, arrivals: Arrivals) -> None:
        """There is nothing to look for: we are told."""


# --- mailboxes ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Opened:
    reader: Reader
    whose: tuple[str, ...]
    has_paths: bool  # one message is found under one path, whoever looks


class Stores:
    """The target's mailboxes, read back as `delivery:` says."""

    def __init__(self, target: Target, wanted: Mapping[Place, tuple[str, ...]]) -> None:
        self._target = target
        self._wanted = wanted
        self.where = ", ".join(dict.fromkeys(shown(url) for url, _ in self._wanted))
        self._opened: list[_Opened] = []
        self._seen: set[str] = set()  # paths
        self._turn = trio.Lock()

    async def run(
        self, arrivals: Arrivals, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Look every few seconds, so that never too much is there at once."""
        policy = self._target.tls
        post = Post(self._target, lambda: client_context(verify=policy.verify, ca=policy.ca))
        for (url, _), whose in self._wanted.items():
            reader = await post.open(whose[0])
            self._opened.append(_Opened(reader, whose, not url.startswith("command:")))
        task_status.started()
        looking = 0.0
        while True:
            await trio.sleep(max(EVERY, resting(looking)))
            began = trio.current_time()
            with contextlib.suppress(PeerError):  # under load much may fail: there is another look
                await self.look(arrivals)
            looking = trio.current_time() - began

    async def look(self, arrivals: Arrivals) -> None:
        """Note what is there and was not before."""
        async with self._turn:
            for opened in self._opened:
                for stored in await opened.reader.fresh():
                    if not (opened.has_paths and stored.path in self._seen):
                        self._note(stored, opened, arrivals)

    def _note(self, stored: Stored, opened: _Opened, arrivals: Arrivals) -> None:
        if opened.has_paths:
            self._seen.add(stored.path)
        arrivals.note_stored(
            stored.octets,
            opened.whose,
            int(_moment(stored) * _MICROSECONDS),
            compares=_CHANGES.isdisjoint(stored.changed),
        )


def _moment(stored: Stored) -> float:
    """When it came, if it is a file; else when we saw it, which is later.

    A file has come when it has got its place, and not when its last octet was written.
    """
    try:
        return os.stat(stored.path).st_ctime
    except OSError:
        return time.time()


def _is_asked_by_recipient(url: str) -> bool:
    kind, _, rest = url.partition(":")
    if kind in ("maildir", "sink-spool"):
        return not (Path(rest) / "new").is_dir()  # else it is one Maildir, and not many
    return kind in _BY_RECIPIENT or "{" in rest
