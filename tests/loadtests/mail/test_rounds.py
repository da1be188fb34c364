"""Rounds: however many drafts and mailboxes there are, each draft meets each mailbox once."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from loadtests.mail.drafts import Draft
from loadtests.mail.pools import Pool
from loadtests.mail.rounds import Order
from loadtests.profile import Span


@pytest.mark.parametrize("drafts", range(1, 9))
@pytest.mark.parametrize("mailboxes", range(1, 9))
def test_in_a_round_each_draft_meets_each_mailbox_once(drafts, mailboxes):
    made = [Draft(sender=f"s{n}", head=(), text=b"", stuffed=b"") for n in range(drafts)]
    pool = Pool(random.Random(1), [f"m{n}" for n in range(mailboxes)], Span(1, 1))
    order = Order(made, pool)
    met = Counter((order.take(turn)[0].sender, order.take(turn)[1]) for turn in range(order.turns))

    assert len(met) == order.turns == drafts * mailboxes


def test_one_draft_goes_to_the_mailboxes_in_their_order():
    made = [Draft(sender="s", head=(), text=b"", stuffed=b"")]
    order = Order(made, Pool(random.Random(1), ["a", "b", "c", "d"], Span(1, 1)))

    assert [order.take(turn)[1] for turn in range(5)] == [("a",), ("b",), ("c",), ("d",), ("a",)]
