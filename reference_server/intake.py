"""Intake: an accepted message becomes what has to be on disk before its 250, and is kept.

A message that is kept is a promise; OSError means that nothing of it was.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from harness.protocol.addresses import Mailbox
from harness.protocol.commands import Parameters
from harness.protocol.options import mail_options
from harness.protocol.receiver import Envelope, Occasion
from harness.protocol.receiver.events import Mail
from harness.protocol.replies import Reply, reply
from harness.protocol.trace import return_path
from reference_server.bounces import Action, Finding, Notification, Office, Original, notify
from reference_server.commit import GroupCommit
from reference_server.expansion import Copy, Expansion, expand, mailbox_of
from reference_server.policy import House
from reference_server.queue import Item, QueuedRecipient
from reference_server.storage import Delivery, Storage

Now = Callable[[], float]  # seconds since the epoch

_HOLDS: Final = frozenset({"HOLDFOR", "HOLDUNTIL"})  # RFC 4865
_AT_ONCE: Final = 3  # batches on their way to the disk, which has two syncs of each to wait for
_GONE: Final = reply(550, "No such user here", enhanced="5.1.1")
_SUCCESS: Final = {"delivered": "2.1.5", "expanded": "2.1.5"}  # RFC 3463 3.2


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
        serial: Iterator[int] | None = None,
    ) -> None:
        self.relay: Callable[[Item], None] | None = None  # who sees to new items, once there is one
        self.house = house
        self._storage = storage
        self._has_room = has_room
        self._now = now
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
        for delivery in self._deliveries(envelope, content, id):
            await self._keep(delivery)

    def take_now(self, envelope: Envelope, content: bytes, id: str) -> None:
        """Keep a message at once, whatever it takes."""
        for delivery in self._deliveries(envelope, content, id):
            (outcome,) = self._storage.keep_all([delivery])
            if outcome is not None:
                raise outcome
            self._tell(delivery.items)

    async def submit(
        self, reverse_path: str, recipients: Sequence[str], content: bytes
    ) -> Mapping[str, Reply]:
        """Keep mail for here that comes out of the queue; who is not here any more, and why."""
        found = {address: mailbox_of(address) for address in recipients}
        here = {to: box for to, box in found.items() if box and self.house.directory.look_up(box)}
        result = expand(
            self.house.directory, reverse_path, (), [(box, ()) for box in here.values()]
        )
        await self._keep(self._delivery(result, content, self.next_id()))
        return {address: _GONE for address in recipients if address not in here}

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

    def _deliveries(self, envelope: Envelope, content: bytes, id: str) -> Iterator[Delivery]:
        """The message, then reports of its delivery: whoever is told 250 is told the rest too."""
        if _is_held(envelope.parameters):
            yield Delivery(items={self._held(envelope, content, id): content})
            return
        result = expand(
            self.house.directory,
            str(envelope.reverse_path),
            envelope.parameters,
            [(one.path.mailbox, one.parameters) for one in envelope.recipients],
        )
        yield self._delivery(result, content, id)
        for report in self._reports(envelope, result, content, id):
            yield self._delivery(self._reported(report), report.content, report.id)

    def _delivery(self, result: Expansion, content: bytes, id: str) -> Delivery:
        copies = {
            name: return_path(copy.reverse_path) + content for name, copy in result.inboxes.items()
        }
        if not result.elsewhere:
            return Delivery(copies)
        arrived = self._now()
        return Delivery(copies, dict.fromkeys(_items(result, content, id, arrived), content))

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
                for one in {str(one).lower(): one for one in envelope.recipients}.values()
            ),
        )

    # --- reports ---------------------------------------------------------------------------------

    def _reports(
        self, envelope: Envelope, result: Expansion, content: bytes, id: str
    ) -> Sequence[Notification]:
        if not result.notices:
            return ()
        now = self._now()
        findings = [
            Finding(
                address=notice.address,
                parameters=notice.parameters,
                action=Action(notice.action),
                status=_SUCCESS[notice.action],
                at=now,
            )
            for notice in result.notices
        ]
        original = Original(
            reverse_path=str(envelope.reverse_path),
            parameters=envelope.parameters,
            arrived=now,
            content=content,
        )
        names = (f"{id}.r{number}" for number in range(1, len(findings) + 1))
        office = Office(domain=self.house.domain)
        return notify(original, findings, office, now=now, new_id=names.__next__)

    def _reported(self, report: Notification) -> Expansion:
        mailbox = mailbox_of(report.recipient)
        to: list[tuple[Mailbox, Parameters]] = (
            [] if mailbox is None else [(mailbox, report.rcpt_parameters)]
        )
        return expand(self.house.directory, "", report.mail_parameters, to)


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
