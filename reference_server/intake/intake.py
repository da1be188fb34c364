"""Intake: an accepted message becomes what has to be on disk before its 250, and is kept.

A message that is kept is a promise; OSError means that nothing of it was.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from harness.protocol.addresses import Mailbox
from harness.protocol.commands import Parameters
from harness.protocol.options import mail_options
from harness.protocol.receiver import RULES, Envelope, Occasion
from harness.protocol.receiver.events import Addressee, Mail
from harness.protocol.replies import reply
from reference_server.bounces import (
    LAST_RESORT,
    Action,
    Finding,
    Notification,
    Office,
    Original,
    notify,
)
from reference_server.intake.directory import POSTMASTER
from reference_server.intake.expansion import Copy, Expansion, Notice, expand, mailbox_of
from reference_server.intake.policy import House
from reference_server.queue import Item, QueuedRecipient, Submitted
from reference_server.storage.commit import GroupCommit
from reference_server.storage.storage import Delivery, Storage

Now = Callable[[], float]  # seconds since the epoch

_HOLDS: Final = frozenset({"HOLDFOR", "HOLDUNTIL"})  # RFC 4865
_AT_ONCE: Final = 3  # batches on their way to the disk, which has two syncs of each to wait for
_GONE: Final = reply(550, "No such user here", enhanced="5.1.1")
_SUCCESS: Final = "2.1.5"  # RFC 3463 3.2


@dataclass(frozen=True, slots=True)
class _Post:
    """A message on its way into mailboxes and queue: its envelope, wherever that came from."""

    reverse_path: str
    parameters: Parameters
    recipients: tuple[tuple[Mailbox, Parameters], ...]


class Intake:
    """Where all that this server takes is brought: by connections, and by the relay's reports."""

    def __init__(
        self,
        house: House,
        storage: Storage,
        *,
        has_room: Callable[[int], bool] = lambda octets: True,
        now: Now = time.time,
        inline: bool = False,
        tells_postmaster: bool = True,
        serial: Iterator[int] | None = None,
    ) -> None:
        self.relay: Callable[[Item], None] | None = None  # who sees to new items, once there is one
        self.house = house
        self.rules = RULES
        self._storage = storage
        self._has_room = has_room
        self._now = now
        self._tells_postmaster = tells_postmaster
        self._serial = serial or itertools.count(1)
        self._commit = GroupCommit(storage.keep_all, inline=inline, at_once=_AT_ONCE)

    @property
    def waits(self) -> bool:
        """Whether taking a message waits for the disk: `take` then, `take_now` if not."""
        return self._storage.waits

    def objection_to(self, mail: Mail) -> Occasion | None:
        """Is there room for what this sender has declared (RFC 1870 6.1)?"""
        size = mail_options(mail.parameters).size or 0
        return None if self._has_room(size) else Occasion.NO_SPACE

    async def take(self, envelope: Envelope, content: bytes, id: str) -> None:
        """Keep a message, its trace line on top, beside others that come at the same time."""
        await self._keep(self._taken(envelope, content, id))

    def take_now(self, envelope: Envelope, content: bytes, id: str) -> None:
        """Keep a message at once, whatever it takes."""
        delivery = self._taken(envelope, content, id)
        (outcome,) = self._storage.keep_all([delivery])
        if outcome is not None:
            raise outcome
        self._tell(delivery.items)

    async def submit(self, item: Item, addresses: Sequence[str], content: bytes) -> Submitted:
        """Keep what comes out of the queue as if it came in now.

        So what was asked for it holds behind an alias too, and its sender is told once.  A second
        try, after a crash, finds the copies of the first; what is to be queued is given back.
        """
        waiting = [(one, mailbox_of(one.address)) for one in item.recipients]
        here = {
            one.address: (box, one.parameters)
            for one, box in waiting
            if one.address in addresses and box and self.house.directory.look_up(box)
        }
        items: Mapping[Item, bytes] = {}
        if here:
            parameters = tuple(row for row in item.parameters if row[0] not in _HOLDS)
            post = _Post(item.reverse_path, parameters, tuple(here.values()))
            made = self._delivery(post, content, self.next_id())
            if _is_last_resort(item):
                # Into mailboxes and nowhere else, so that nothing can come back of it.
                made = Delivery(copies=made.copies or {POSTMASTER: self.rules.deliver("", content)})
            if made.items and not self._has_room(sum(one.size for one in made.items)):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if made.copies:
                await self._commit.keep(
                    Delivery(copies=made.copies, identity=_identity(item, content))
                )
            items = made.items
        return Submitted({address: _GONE for address in addresses if address not in here}, items)

    def next_id(self) -> str:
        """An id for a message, unique on this machine."""
        return f"{time.time_ns() // 1_000_000:x}-{next(self._serial):x}"

    async def _keep(self, delivery: Delivery) -> None:
        await self._commit.keep(delivery)
        self._tell(delivery.items)

    def _tell(self, items: Iterable[Item]) -> None:
        if self.relay is not None:
            for item in items:
                self.relay(item)

    # --- what a message becomes ----------------------------------------------------------------

    def _taken(self, envelope: Envelope, content: bytes, id: str) -> Delivery:
        if _is_held(envelope.parameters):
            return Delivery(items={self._held(envelope, content, id): content})
        addressees = self.rules.addressees(envelope, content)
        recipients = tuple((one.path.mailbox, one.parameters) for one in addressees)
        post = _Post(str(envelope.reverse_path), envelope.parameters, recipients)
        return self._delivery(post, content, id)

    def _delivery(self, post: _Post, content: bytes, id: str) -> Delivery:
        """The message and all reports of it, kept as one: who is told 250 is told the rest too."""
        result = expand(self.house.directory, post.reverse_path, post.parameters, post.recipients)
        # A thousand mailboxes are no thousand messages in memory.
        written = {
            path: self.rules.deliver(path, content)
            for path in {copy.reverse_path for copy in result.inboxes.values()}
        }
        copies = {name: written[copy.reverse_path] for name, copy in result.inboxes.items()}
        if not (result.elsewhere or result.notices or result.lost):
            return Delivery(copies=copies)
        now = self._now()
        items = dict.fromkeys(_items(result, content, id, now), content)
        for report in self._reports(post, result, content, id, now):
            items[report.as_item(now)] = report.content
        return Delivery(copies=copies, items=items)

    def _held(self, envelope: Envelope, content: bytes, id: str) -> Item:
        """RFC 4865: nobody gets it before its time, whether here or elsewhere."""
        asked, now = mail_options(envelope.parameters), self._now()
        release = now + asked.hold_for if asked.hold_for else float(asked.hold_until or now)
        return Item(
            id=id,
            reverse_path=str(envelope.reverse_path),
            parameters=envelope.parameters,
            arrived=now,
            size=len(content),
            recipients=tuple(
                QueuedRecipient(address=str(one), parameters=one.parameters, not_before=release)
                for one in self._different(envelope.recipients)
            ),
        )

    def _different(self, recipients: Iterable[Addressee]) -> Iterable[Addressee]:
        spelling = self.house.directory.spelling
        return {spelling(one.path.mailbox): one for one in recipients}.values()

    # --- reports ---------------------------------------------------------------------------------

    def _reports(
        self, post: _Post, result: Expansion, content: bytes, id: str, now: float
    ) -> Iterator[Notification]:
        """For whoever wants them; what a list's members do not get is its owner's affair."""
        findings: dict[tuple[str, Parameters], list[Finding]] = {}
        for notice in result.notices:
            findings.setdefault((post.reverse_path, post.parameters), []).append(
                _succeeded(notice, now)
            )
        for copy in result.lost:
            findings.setdefault((copy.reverse_path, copy.mail_parameters), []).append(
                _got_lost(copy, now)
            )
        names = (f"{id}.r{number}" for number in itertools.count(1))
        office = Office(domain=self.house.domain, tells_postmaster=self._tells_postmaster)
        for (reverse_path, parameters), found in findings.items():
            original = Original(
                reverse_path=reverse_path, parameters=parameters, arrived=now, content=content
            )
            yield from notify(original, found, office, now=now, new_id=names.__next__)


def _is_last_resort(item: Item) -> bool:
    """Whether it tells the postmaster of what has no sender to tell."""
    return not item.reverse_path and all(one.address == LAST_RESORT for one in item.recipients)


def _identity(item: Item, content: bytes) -> str:
    """What no other message has, and this one has in every try.

    An id alone is not enough: a clock that is set back may give it a second time.
    """
    return f"{item.arrived:.0f}.{item.id}.{hashlib.sha256(content).hexdigest()[:16]}"


def _succeeded(notice: Notice, now: float) -> Finding:
    return Finding(
        address=notice.address,
        parameters=notice.parameters,
        action=Action(notice.action),
        status=_SUCCESS,
        at=now,
    )


def _got_lost(copy: Copy, now: float) -> Finding:
    return Finding(
        address=copy.address,
        parameters=copy.rcpt_parameters,
        action=Action.FAILED,
        status="5.1.1",
        words="an address here leads to nobody",
        at=now,
    )


def _is_held(parameters: Parameters) -> bool:
    return any(name in _HOLDS for name, _ in parameters)


def _items(result: Expansion, content: bytes, id: str, arrived: float) -> Iterator[Item]:
    """An item for each reverse-path and its parameters: a list's copies bounce to its owner."""
    envelopes: dict[tuple[str, Parameters], list[Copy]] = {}
    for copy in result.elsewhere.values():
        envelopes.setdefault((copy.reverse_path, copy.mail_parameters), []).append(copy)
    for number, ((reverse_path, parameters), copies) in enumerate(envelopes.items(), 1):
        yield Item(
            id=id if number == 1 else f"{id}.{number}",
            reverse_path=reverse_path,
            parameters=parameters,
            arrived=arrived,
            size=len(content),
            recipients=tuple(
                QueuedRecipient(address=copy.address, parameters=copy.rcpt_parameters)
                for copy in copies
            ),
        )
