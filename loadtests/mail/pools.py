"""Pools: who gets the mail, and in what order the mailboxes are taken."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

from harness.target import Target
from loadtests.admission import recipients_of
from loadtests.profile import Behaviour, Profile, Span, Whom

_COUNTS: Final = 61  # drawn numbers of recipients; a prime, so that each meets each mailbox


class Pool:
    """Mailboxes that messages take turns with."""

    def __init__(self, source: random.Random, mailboxes: Sequence[str], recipients: Span) -> None:
        assert recipients.most <= len(mailboxes), "no message goes to one mailbox twice"
        self._mailboxes = tuple(mailboxes)
        self._around = self._mailboxes * 2
        count = 1 if recipients.least == recipients.most else _COUNTS
        self._counts = tuple(recipients.draw_whole(source) for _ in range(count))
        self.turns = len(self._mailboxes) * count  # until it begins again

    def take(self, turn: int) -> tuple[str, ...]:
        """The recipients of one message: each mailbox is first in its turn."""
        first = turn % len(self._mailboxes)
        return self._around[first : first + self._counts[turn % len(self._counts)]]


def make_pool(
    source: random.Random, target: Target, profile: Profile, behaviour: Behaviour
) -> Pool:
    """Those whom the messages of a behaviour go to."""
    each = Span(1, 1) if behaviour.to is Whom.UNKNOWN else behaviour.recipients
    return Pool(source, mailboxes_of(target, profile, behaviour), each)


def mailboxes_of(target: Target, profile: Profile, behaviour: Behaviour) -> tuple[str, ...]:
    """The mailboxes that the messages of a behaviour take turns with."""
    if behaviour.to is Whom.UNKNOWN:
        assert target.unknown_recipient is not None, "the profile was admitted"
        return (target.unknown_recipient,)
    return behaviour.mailboxes or recipients_of(target, profile)
