"""Rounds: the order in which drafts meet recipients, and how each of these messages is opened.

A round is over when every draft has met every mailbox.  What has been prepared for a turn is kept
for the next round, unless a round is so long that it would fill the memory.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from harness.protocol.commands import Parameters
from harness.protocol.replies import Capabilities
from harness.protocol.sender import GROUP, Envelope, Exchange, Opening, fitted, make_opening
from loadtests.mail.drafts import Draft
from loadtests.mail.pools import Pool

KEPT: Final = 8_192
_DATA: Final = Exchange(("DATA",), b"DATA\r\n")
_ASKED: Final = ("SIZE", "8BITMIME", "SMTPUTF8", "CHUNKING")  # what an opening depends on


class _Addressed(NamedTuple):
    """What follows MAIL for these recipients."""

    steps: tuple[Exchange, ...]  # RCPT for each, and DATA
    names: tuple[str, ...]  # of MAIL and RCPT
    all_names: tuple[str, ...]  # and of DATA
    octets: bytes  # of RCPT
    is_ascii: bool


class Prepared(NamedTuple):
    """A message but for its token, which joins the pieces of its head."""

    opening: Opening
    head: tuple[bytes, ...]
    text: bytes


class Order:
    """Whose turn it is: the same for every server."""

    def __init__(self, drafts: Sequence[Draft], pool: Pool) -> None:
        self._drafts = drafts
        self._pool = pool
        self.turns = len(drafts) * pool.turns  # of a round

    def take(self, turn: int) -> tuple[Draft, tuple[str, ...]]:
        """A draft and its recipients: the next mailbox, and one on when pairs would recur."""
        turn %= self.turns
        step = turn // math.lcm(len(self._drafts), self._pool.turns)
        return self._drafts[turn % len(self._drafts)], self._pool.take(turn + step)


def understood(capabilities: Capabilities) -> tuple[str, ...]:
    """What openings depend on, of all that a server can do."""
    return tuple(keyword for keyword in _ASKED if keyword in capabilities)


class Round:
    """The messages of a round, for servers that can do the same."""

    def __init__(self, order: Order, known: tuple[str, ...], *, by_chunks: bool) -> None:
        # BINARYMIME is left out: what 8-bit data may hold is enough for mail that people write.
        self._capabilities = Capabilities("", dict.fromkeys(known, ()))
        self._by_chunks = by_chunks
        self._order = order
        self._parameters: dict[tuple[int, bool], Parameters] = {}
        self._mail: dict[tuple[int, bool], Exchange] = {}
        self._addressed: dict[tuple[str, ...], _Addressed] = {}
        self.rows: list[Prepared | None] = [None] * min(order.turns, KEPT)

    def prepare(self, turn: int) -> Prepared:
        """The message of a turn; raises NotOffered if the server lacks what it needs."""
        draft, recipients = self._order.take(turn)
        opening = self._open(draft, recipients)
        text = draft.text if self._by_chunks else draft.stuffed
        made = Prepared(opening, draft.head, text)
        if self._order.turns <= KEPT:
            self.rows[turn % self._order.turns] = made
        return made

    def _open(self, draft: Draft, recipients: tuple[str, ...]) -> Opening:
        """What `make_opening` would make, of parts: where rounds are long it is made each time."""
        to = self._addressed.get(recipients)
        mail = None if to is None else self._mail.get((id(draft), to.is_ascii))
        if to is None or mail is None:
            return self._learn(draft, recipients)
        named = Exchange(to.names, mail.octets + to.octets)
        if len(named.octets) + len(_DATA.octets) > GROUP:
            return self._learn(draft, recipients)
        group = Exchange(to.all_names, named.octets + _DATA.octets)
        return Opening(recipients, (mail, *to.steps), (group,), (named,))

    def _learn(self, draft: Draft, recipients: tuple[str, ...]) -> Opening:
        """The opening, whose parts are kept for others."""
        key = id(draft), all(map(str.isascii, recipients))
        said = self._said(key, draft, recipients)
        opening = make_opening(Envelope(draft.sender, recipients, said))
        mail, *steps = opening.steps
        if len(self._mail) < KEPT:
            self._mail[key] = mail
        if len(self._addressed) < KEPT:
            names = tuple(name for step in opening.steps for name in step.names)
            self._addressed[recipients] = _Addressed(
                steps=tuple(steps),
                names=names[:-1],
                all_names=names,
                octets=b"".join(step.octets for step in steps[:-1]),
                is_ascii=key[1],
            )
        return opening

    def _said(self, key: tuple[int, bool], draft: Draft, recipients: tuple[str, ...]) -> Parameters:
        """What MAIL says of a draft: found out once, for a long text is long looked at."""
        known = self._parameters.get(key)
        if known is None:
            envelope = Envelope(draft.sender, recipients)
            said = fitted(envelope, draft.telling, self._capabilities).mail_parameters
            size = str(draft.size)
            known = tuple((name, size if name == "SIZE" else value) for name, value in said)
            if len(self._parameters) < KEPT:
                self._parameters[key] = known
        return known
