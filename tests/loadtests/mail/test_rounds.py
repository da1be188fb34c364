from __future__ import annotations

import random

import pytest

from harness.protocol.replies import Capabilities
from harness.protocol.sender import Envelope, make_opening
from loadtests.mail.drafts import write_drafts
from loadtests.mail.pools import Pool
from loadtests.mail.rounds import KEPT, Order, Round, understood
from loadtests.profile import Span

OFFER = Capabilities("here.test", {"SIZE": (), "SMTPUTF8": (), "PIPELINING": ()})


def order(mailboxes: int, recipients: int = 1, *, name: str = "user{}@example.test") -> Order:
    source = random.Random(1)
    drafts = write_drafts(
        source, size=Span(1_000, 9_000), senders=("a@x.test",), recipient="b@x.test", host="c.test"
    )
    pool = [name.format(number) for number in range(mailboxes)]
    return Order(drafts, Pool(source, pool, Span(recipients, recipients)))


@pytest.mark.parametrize(
    ("mailboxes", "recipients"), [(1, 1), (3, 2), (KEPT + 1, 1), (KEPT + 1, 3), (50, 48)]
)
@pytest.mark.parametrize("name", [f"user{{}}{'x' * 55}@example.test", "ü{}@example.test"])
def test_openings_are_made_of_parts_just_as_they_are_made_at_once(
    mailboxes: int, recipients: int, name: str
):
    taking = order(mailboxes, recipients, name=name)
    round_ = Round(taking, understood(OFFER), by_chunks=False)
    for turn in [*range(20), *range(20)]:  # met anew, and met again
        draft, to = taking.take(turn)
        words = [("SIZE", str(draft.size)), *([("SMTPUTF8", None)] if "ü" in name else [])]
        wanted = make_opening(Envelope(draft.sender, to, tuple(words)))

        assert round_.prepare(turn).opening == wanted


def test_a_round_that_is_short_is_kept_and_a_long_one_is_not():
    short, long = (Round(order(count), (), by_chunks=False) for count in (2, KEPT))
    for round_ in (short, long):
        round_.prepare(5)

    assert [row is not None for row in short.rows].index(True) == 5
    assert not any(long.rows)


def test_every_draft_meets_every_mailbox_in_a_round():
    taking = order(10)
    met = {(id(draft), to) for draft, to in map(taking.take, range(taking.turns))}

    assert taking.turns == 640
    assert len(met) == 640
    assert taking.take(641) == taking.take(1)
