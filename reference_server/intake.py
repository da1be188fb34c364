"""Intake: an accepted message becomes what has to be on disk before its 250, and is kept.

A message that is kept is a promise; OSError means that nothing of it was.
"""

from __future__ import annotations

from collections.abc import Callable

from harness.protocol.options import mail_options
from harness.protocol.receiver import Envelope, Occasion
from harness.protocol.receiver.events import Mail
from harness.protocol.trace import return_path
from reference_server.commit import GroupCommit
from reference_server.policy import House
from reference_server.storage import Delivery, Storage


class Intake:
    """Where the connections of one server bring what they have accepted."""

    def __init__(
        self,
        house: House,
        storage: Storage,
        *,
        has_room: Callable[[int], bool] = lambda octets: True,
        inline: bool = False,
    ) -> None:
        self._house = house
        self._storage = storage
        self._has_room = has_room
        self._commit = GroupCommit(storage.keep_all, inline=inline)

    @property
    def waits(self) -> bool:
        """Whether taking a message waits for the disk: `take` then, `take_now` if not."""
        return self._storage.waits

    def objection_to(self, mail: Mail) -> Occasion | None:
        """Is there room for what this sender has declared (RFC 1870 6.1)?"""
        size = mail_options(mail.parameters).size or 0
        return None if self._has_room(size) else Occasion.NO_SPACE

    async def take(self, envelope: Envelope, content: bytes) -> None:
        """Keep a message, its trace line on top, beside others that come at the same time."""
        await self._commit.keep(self._delivery(envelope, content))

    def take_now(self, envelope: Envelope, content: bytes) -> None:
        """Keep a message at once, whatever it takes."""
        (outcome,) = self._storage.keep_all([self._delivery(envelope, content)])
        if outcome is not None:
            raise outcome

    def _delivery(self, envelope: Envelope, content: bytes) -> Delivery:
        # A recipient named twice, or under two names, gets one copy (RFC 5321 4.1.1.3 allows it).
        found = (self._house.mailbox_of(one.path) for one in envelope.recipients)
        octets = return_path(str(envelope.reverse_path)) + content
        return Delivery({name: octets for name in found if name is not None})
