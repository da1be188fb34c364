"""Letters: one message after the other for the senders of a run, each made when it is due.

`messages` is what a run spends its time in besides the wire: whatever is done here is done for
each message.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from harness.accounting import Sent
from harness.accounting.tokens import Signer, Token, read_token
from harness.protocol.replies import Capabilities
from harness.protocol.sender import Outgoing
from harness.target import Target
from loadtests.mail.drafts import Draft, drafts_of, write_drafts
from loadtests.mail.pools import make_pool
from loadtests.mail.rounds import Order, Round, understood
from loadtests.profile import Behaviour, Profile
from loadtests.profile.shares import roles

MOST_SENDERS: Final = 100_000  # of one process: so far apart are the numbers of two's


@dataclass(slots=True, unsafe_hash=True)  # not frozen: why, `Exchange` says
class Letter(Outgoing):
    """One message ready to go: its text is stuffed and ends in the mark.

    Where the behaviour wants BDAT and the server offers it, `octets` are the content as it is.
    """

    serial: int


class Mail:
    """All that a run sends."""

    def __init__(self, profile: Profile, target: Target) -> None:
        self._rooms = {each.name: _Room(profile, each, target) for each in profile.behaviours}
        self._roles = roles([each.share for each in profile.behaviours])
        self._by_role = list(self._rooms.values())
        self._senders: list[_Room] = []  # whose mail is made where, by their number

    def messages(
        self, behaviour: Behaviour, sender: int, serials: Iterable[int], capabilities: Capabilities
    ) -> Iterator[Letter]:
        """The messages that one sender sends, on a connection whose server can do this much.

        Raises NotOffered at a message that needs more.
        """
        return self._rooms[behaviour.name].letters(sender, serials, capabilities)

    def sent(self, token: str) -> Sent | None:
        """What was sent under this token; None if no sender of this run has made it."""
        parts = read_token(token)
        if parts is not None:
            for room in self._by_role:
                if room.has_made(parts):
                    return room.sent(token, parts)
        return None

    def token(self, sender: int, serial: int) -> str:
        """The token of a message of a sender that behaves as its number wants it."""
        number = sender % MOST_SENDERS
        while len(self._senders) <= number:
            self._senders.append(self._by_role[next(self._roles)])
        return self._senders[number].token(sender, serial)


class _Room:
    """Where the mail of one behaviour is made."""

    def __init__(self, profile: Profile, behaviour: Behaviour, target: Target) -> None:
        source = random.Random(f"{profile.seed}/{behaviour.name}")
        pool = make_pool(source, target, profile, behaviour)
        self._order = Order(_drafts(source, behaviour, target, pool.take(0)[0]), pool)
        self._signer = Signer(profile.seed, behaviour.name)
        self._chunking = behaviour.chunking
        self._rounds: dict[tuple[str, ...], Round] = {}

    def letters(
        self, sender: int, serials: Iterable[int], capabilities: Capabilities
    ) -> Iterator[Letter]:
        """What `Mail.messages` promises."""
        round_ = self._round_at(capabilities)
        rows = round_.rows
        count = len(rows)
        for serial, word in self._signer.tokens(sender, serials):
            prepared = rows[(sender + serial) % count]
            if prepared is None:
                prepared = round_.prepare(sender + serial)
            opening, head, text = prepared
            yield Letter(opening, word.join(head) + text, serial)

    def token(self, sender: int, serial: int) -> str:
        """The token of one message."""
        return self._signer.token(sender, serial).decode()

    def has_made(self, token: Token) -> bool:
        """Whether the token is of this behaviour."""
        return self._signer.has_signed(token)

    def sent(self, token: str, parts: Token) -> Sent:
        """What was sent under a token of this behaviour."""
        draft, recipients = self._order.take(parts.sender + parts.serial)
        return Sent(
            sender=parts.sender,
            serial=parts.serial,
            content=draft.content(token.encode()),
            recipients=recipients,
        )

    def _round_at(self, capabilities: Capabilities) -> Round:
        known = understood(capabilities)
        if known not in self._rounds:
            by_chunks = self._chunking and "CHUNKING" in known
            self._rounds[known] = Round(self._order, known, by_chunks=by_chunks)
        return self._rounds[known]


def _drafts(
    source: random.Random, behaviour: Behaviour, target: Target, recipient: str
) -> tuple[Draft, ...]:
    senders = behaviour.senders or (target.sender,)
    if behaviour.contents:
        return drafts_of(behaviour.contents, senders)
    return write_drafts(
        source,
        size=behaviour.size,
        senders=senders,
        recipient=recipient,
        host=target.our_name,
    )
