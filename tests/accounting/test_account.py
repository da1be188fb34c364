"""The account: from what was accepted and what arrived to what was lost."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.accounting import (
    Accepted,
    Arrivals,
    Receipts,
    Waiting,
    account,
    read_receipts,
    read_waiting,
)
from harness.accounting.arrivals import NAMED
from tests.accounting.mail import ALICE, BOB, CAROL, DAVE, OurMail, content, report


def accepted_of(
    *accepted: tuple[int, int, int], unsure: tuple[tuple[int, int, int], ...] = ()
) -> Accepted:
    """Sender, serial and recipients (a bit each) of all that were accepted, and of the unsure."""
    receipts = Receipts()
    for sender, serial, taken in accepted:
        receipts.accept(sender, serial, taken, 100.0)
    for sender, serial, taken in unsure:
        receipts.doubt(sender, serial, taken)
    return read_receipts([receipts.line(0.0) + "\n"])


@dataclass
class Case:
    """What was accepted, what came, and what the account says: fields that are not 0."""

    came: list[tuple] = field(default_factory=list)
    accepted: list[tuple[int, int, int]] = field(default_factory=list)
    unsure: tuple[tuple[int, int, int], ...] = ()
    to: tuple[str, ...] = (ALICE,)
    waiting: Waiting = field(default_factory=Waiting)
    says: dict[str, int] = field(default_factory=dict)
    named: list[tuple[str, int, str]] = field(default_factory=list)  # kind, serial, recipient


def as_sent(serial: int, *to: str | None, spoil: bool = False) -> tuple:
    octets = content(OurMail().token(1, serial))
    return (octets.replace(b"post", b"past") if spoil else octets, to or (ALICE,), "us@x.test")


def back(serial: int, *recipients: str, action: str = "failed") -> tuple:
    token = OurMail().token(1, serial)
    return (report(token, action=action, recipients=recipients), ("us@x.test",), "")


# From whom the whole message went to, with its subject, and about it.
ANSWER = (
    b"Subject: %b\r\nMessage-ID: <1@x.test>\r\nIn-Reply-To:\r\n <%b@x.test>\r\n\r\nI am away.\r\n"
    % (OurMail().token(1, 0).encode(), OurMail().token(1, 0).encode())
)
BEFORE = b"Subject: load-00000008-00000001-000000001-5eed5eed\r\n"
THREE = [(1, 0, 1), (1, 1, 1), (1, 2, 1)]
BOTH = (ALICE, BOB)
ALL = (ALICE, BOB, CAROL)
A, B, C = 1, 2, 4  # their bits
CASES = {
    "nothing was accepted and nothing came": Case(),
    "all arrived, in any order": Case(
        accepted=THREE,
        came=[as_sent(2), as_sent(0), as_sent(1)],
        says={"accepted": 3, "delivered": 3},
    ),
    "one is lost": Case(
        accepted=THREE,
        came=[as_sent(0), as_sent(2)],
        says={"accepted": 3, "delivered": 2, "lost": 1},
        named=[("lost", 1, ALICE)],
    ),
    "one came twice": Case(
        accepted=THREE,
        came=[as_sent(0), as_sent(1), as_sent(1), as_sent(2)],
        says={"accepted": 3, "delivered": 3, "duplicates": 1},
        named=[("duplicate", 1, ALICE)],
    ),
    "one came altered": Case(
        accepted=THREE,
        came=[as_sent(0), as_sent(1, spoil=True), as_sent(2)],
        says={"accepted": 3, "delivered": 3, "altered": 1},
        named=[("altered", 1, ALICE)],
    ),
    "one bounced": Case(
        accepted=THREE,
        came=[as_sent(0), back(1, ALICE), as_sent(2)],
        says={"accepted": 3, "delivered": 2, "bounced": 1},
    ),
    "one bounced twice, and arrived as well": Case(
        accepted=[(1, 0, 1)],
        came=[back(0, ALICE), back(0, ALICE), as_sent(0)],
        says={"accepted": 1, "delivered": 1},
    ),
    "a delay is no bounce": Case(
        accepted=[(1, 0, 1)],
        came=[back(0, ALICE, action="delayed")],
        says={"accepted": 1, "lost": 1},
        named=[("lost", 0, ALICE)],
    ),
    "a bounce names an address that an alias became": Case(
        accepted=[(1, 0, A | B)],
        to=BOTH,
        came=[as_sent(0, ALICE), back(0, "robert@elsewhere.test")],
        says={"accepted": 2, "delivered": 1, "bounced": 1},
    ),
    "a bounce that names one stranger is about one of several": Case(
        accepted=[(1, 0, A | B | C)],
        to=ALL,
        came=[back(0, "robert@elsewhere.test")],
        says={"accepted": 3, "bounced": 1, "lost": 2},
        named=[("lost", 0, BOB), ("lost", 0, CAROL)],
    ),
    "a bounce that names a stranger may be about who is in doubt": Case(
        accepted=[(1, 0, B)],
        unsure=((1, 0, A),),
        to=BOTH,
        came=[back(0, "robert@elsewhere.test")],
        says={"accepted": 1, "unanswered": 1, "lost": 1},
        named=[("lost", 0, BOB)],
    ),
    "each recipient has a copy": Case(
        accepted=[(1, 0, A | B), (1, 1, A | B)],
        to=BOTH,
        came=[as_sent(0, ALICE, BOB), as_sent(1, ALICE)],
        says={"accepted": 4, "delivered": 3, "lost": 1},
        named=[("lost", 1, BOB)],
    ),
    "a recipient who was refused has none": Case(
        accepted=[(1, 0, B)],
        to=BOTH,
        came=[as_sent(0, BOB)],
        says={"accepted": 1, "delivered": 1},
    ),
    "of two, one was refused and nobody got it": Case(
        accepted=[(1, 0, B)],
        to=BOTH,
        says={"accepted": 1, "lost": 1},
        named=[("lost", 0, BOB)],
    ),
    "who was refused got it, and who was accepted did not": Case(
        accepted=[(1, 0, B)],
        to=BOTH,
        came=[as_sent(0, ALICE)],
        says={"accepted": 1, "lost": 1, "unknown": 1},
        named=[("lost", 0, BOB), ("unknown", 0, ALICE)],
    ),
    "who was refused got it as well": Case(
        accepted=[(1, 0, A), (1, 1, A | C)],
        to=ALL,
        came=[as_sent(0, *ALL), as_sent(1, ALICE, BOB)],
        says={"accepted": 3, "delivered": 2, "lost": 1, "unknown": 3},
        named=[
            ("lost", 1, CAROL),
            *(("unknown", 0, it) for it in (BOB, CAROL)),
            ("unknown", 1, BOB),
        ],
    ),
    "of three, two were accepted and one of these is lost": Case(
        accepted=[(1, 0, A | C)],
        to=ALL,
        came=[as_sent(0, CAROL)],
        says={"accepted": 2, "delivered": 1, "lost": 1},
        named=[("lost", 0, ALICE)],
    ),
    "a bounce names whom an alias became, and somebody was refused": Case(
        accepted=[(1, 0, B)],
        to=BOTH,
        came=[back(0, "robert@elsewhere.test")],
        says={"accepted": 1, "bounced": 1},
    ),
    "a bounce that names who was refused, and one that names a stranger": Case(
        accepted=[(1, 0, B | C)],
        to=ALL,
        came=[back(0, ALICE), back(0, "robert@elsewhere.test")],
        says={"accepted": 2, "bounced": 1, "lost": 1},
        named=[("lost", 0, CAROL)],
    ),
    "a bounce that names a stranger says it twice": Case(
        accepted=[(1, 0, A | B)],
        to=BOTH,
        came=[back(0, "robert@elsewhere.test"), back(0, "Robert@elsewhere.test")],
        says={"accepted": 2, "bounced": 1, "lost": 1},
        named=[("lost", 0, BOB)],
    ),
    "a bounce that names a stranger is about another than who came back by name later": Case(
        accepted=[(1, 0, A | B)],
        to=BOTH,
        came=[back(0, "robert@elsewhere.test"), back(0, ALICE)],
        says={"accepted": 2, "bounced": 2},
    ),
    "addresses compare without case": Case(
        accepted=[(1, 0, 1)],
        came=[as_sent(0, ALICE.upper())],
        says={"accepted": 1, "delivered": 1},
    ),
    "it came to somebody else": Case(
        accepted=[(1, 0, 1)],
        came=[as_sent(0, ALICE, CAROL)],
        says={"accepted": 1, "delivered": 1, "unknown": 1},
        named=[("unknown", 0, CAROL)],
    ),
    "what was never answered may arrive": Case(
        accepted=[(1, 0, 1)],
        unsure=((1, 1, 1), (1, 2, 1)),
        came=[as_sent(0), as_sent(1)],
        says={"accepted": 1, "delivered": 1, "unanswered": 2, "unsure": 1},
    ),
    "what was never answered may not come to who was refused": Case(
        unsure=((1, 1, A),),
        to=BOTH,
        came=[as_sent(1, *BOTH)],
        says={"unanswered": 1, "unsure": 1, "unknown": 1},
        named=[("unknown", 1, BOB)],
    ),
    "one of its recipients was answered for": Case(
        accepted=[(1, 1, A)],
        unsure=((1, 1, B),),
        to=BOTH,
        came=[as_sent(1, *BOTH)],
        says={"accepted": 1, "delivered": 1, "unanswered": 1, "unsure": 1},
    ),
    "a bounce for whom nobody had answered is none for who was accepted": Case(
        accepted=[(1, 0, A)],
        unsure=((1, 0, B),),
        to=BOTH,
        came=[back(0, BOB)],
        says={"accepted": 1, "lost": 1, "unanswered": 1},
        named=[("lost", 0, ALICE)],
    ),
    "a bounce that names who was refused is none for who was accepted": Case(
        accepted=[(1, 0, B)],
        to=BOTH,
        came=[back(0, ALICE)],
        says={"accepted": 1, "lost": 1},
        named=[("lost", 0, BOB)],
    ),
    "a bounce names whom an alias became, and another whom nobody had answered for": Case(
        accepted=[(1, 0, B)],
        unsure=((1, 0, C),),
        to=ALL,
        came=[back(0, CAROL), back(0, "robert@elsewhere.test")],
        says={"accepted": 1, "bounced": 1, "unanswered": 1},
    ),
    "a bounce that names who was refused is none for others, though it came there too": Case(
        accepted=[(1, 0, B | C)],
        to=ALL,
        came=[as_sent(0, ALICE), back(0, ALICE), back(0, "robert@elsewhere.test")],
        says={"accepted": 2, "bounced": 1, "lost": 1, "unknown": 1},
        named=[("lost", 0, CAROL), ("unknown", 0, ALICE)],
    ),
    "what was refused must not": Case(
        accepted=[(1, 0, 1)],
        came=[as_sent(0), as_sent(1)],
        says={"accepted": 1, "delivered": 1, "unknown": 1},
        named=[("unknown", 1, ALICE)],
    ),
    "part of what was refused": Case(
        accepted=[],
        to=BOTH,
        came=[as_sent(1, ALICE)],
        says={"unknown": 1},
        named=[("unknown", 1, ALICE)],
    ),
    "what is queued is not lost": Case(
        accepted=THREE,
        came=[as_sent(0)],
        waiting=Waiting(1),
        says={"accepted": 3, "delivered": 1, "queued": 1, "lost": 1},
        named=[("lost", 1, ALICE), ("lost", 2, ALICE)],
    ),
    "all that is missing is queued": Case(
        accepted=THREE,
        came=[as_sent(0)],
        waiting=Waiting(2),
        says={"accepted": 3, "delivered": 1, "queued": 2},
        named=[("queued", 1, ALICE), ("queued", 2, ALICE)],
    ),
    "a message is queued once for all of its recipients": Case(
        accepted=[(1, 0, A | B | C), (1, 1, A | B | C)],
        to=ALL,
        came=[as_sent(0, ALICE)],
        waiting=Waiting(2),
        says={"accepted": 6, "delivered": 1, "queued": 5},
        named=[
            *(("queued", 0, it) for it in (BOB, CAROL)),
            *(("queued", 1, it) for it in ALL),
        ],
    ),
    "of so many messages so many copies may be queued": Case(
        accepted=[(1, 0, A | B | C), (1, 1, A | B | C)],
        to=ALL,
        came=[as_sent(0, ALICE)],
        waiting=Waiting(1),
        says={"accepted": 6, "delivered": 1, "queued": 3, "lost": 2},
        named=[*(("lost", 0, it) for it in (BOB, CAROL)), *(("lost", 1, it) for it in ALL)],
    ),
    "copies are queued one by one": Case(
        accepted=[(1, 0, A | B | C)],
        to=ALL,
        came=[as_sent(0, ALICE)],
        waiting=Waiting(1, is_copies=True),
        says={"accepted": 3, "delivered": 1, "queued": 1, "lost": 1},
        named=[("lost", 0, BOB), ("lost", 0, CAROL)],
    ),
    "other mail is queued, too": Case(
        accepted=[(1, 0, 1)],
        came=[as_sent(0)],
        waiting=Waiting(50),
        says={"accepted": 1, "delivered": 1},
    ),
    "of two tokens one is ours": Case(
        accepted=[(1, 0, 1)],
        came=[(BEFORE + as_sent(0)[0], (ALICE,), "x@x.test")],
        says={"accepted": 1, "delivered": 1},
    ),
    "mail of others": Case(
        came=[
            (b"Subject: hi\r\n\r\n", (ALICE,), "x@x.test"),
            (content("load-00000008-00000001-000000001-5eed5eed"), (ALICE,), "x@x.test"),
            (report("load-00000008-00000001-000000001-5eed5eed"), (ALICE,), ""),
            (ANSWER, (ALICE,), "x@x.test"),
        ],
        says={"foreign": 4},
    ),
}
COUNTS = (
    *("accepted", "delivered", "bounced", "queued", "lost", "duplicates", "altered"),
    *("unanswered", "unsure", "unknown", "foreign"),
)


def arrivals_of(case: Case) -> Arrivals:
    arrivals = Arrivals(OurMail(*case.to))
    for octets, recipients, path in case.came:
        arrivals.note(octets, recipients, 100_000_000, reverse_path=path)
    return arrivals


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_account_says_where_each_copy_is(case):
    mail = OurMail(*case.to)
    accepted = Accepted()
    if case.accepted or case.unsure:
        accepted = accepted_of(*case.accepted, unsure=case.unsure)
    found = account("here", accepted, arrivals_of(case), mail, waiting=case.waiting)

    assert {name: getattr(found, name) for name in COUNTS if getattr(found, name)} == case.says
    assert [(it.kind, it.token, it.recipient) for it in found.named] == [
        (kind, mail.token(1, serial), recipient) for kind, serial, recipient in case.named
    ]
    assert found.accepted == found.delivered + found.bounced + found.queued + found.lost


FATES = st.lists(
    st.tuples(
        st.sampled_from(["accepted", "refused", "unsure"]),
        st.lists(st.sampled_from([ALICE, BOB]), max_size=4),  # who gets it, in this order
        st.sets(st.sampled_from([ALICE, BOB])),  # for whom it comes back
    ),
    max_size=12,
)


@given(FATES)
def test_an_account_always_balances(fates):
    taken = [(1, n, A | B) for n, fate in enumerate(fates) if fate[0] == "accepted"]
    unsure = tuple((1, n, A | B) for n, fate in enumerate(fates) if fate[0] == "unsure")
    accepted = accepted_of(*taken, unsure=unsure) if taken or unsure else Accepted()
    mail = OurMail(ALICE, BOB)
    arrivals = Arrivals(mail)
    for serial, (_, got, bounced) in enumerate(fates):
        for recipient in got:
            arrivals.note(as_sent(serial)[0], [recipient], 0, reverse_path="us@x.test")
        for recipient in bounced:
            arrivals.note(back(serial, recipient)[0], ["us@x.test"], 0, reverse_path="")
    found = account("here", accepted, arrivals, mail)

    ours = [(set(got), back) for fate, got, back in fates if fate == "accepted"]
    assert found.delivered == sum(len(got) for got, _ in ours)
    assert found.bounced == sum(len(back - got) for got, back in ours)
    assert found.lost == sum(len({ALICE, BOB} - got - back) for got, back in ours)
    assert found.duplicates == sum(len(got) - len(set(got)) for _, got, _ in fates)
    assert found.unsure == sum(len(set(got)) for fate, got, _ in fates if fate == "unsure")
    assert found.unknown == sum(len(set(got)) for fate, got, _ in fates if fate == "refused")


STRANGERS = ["robert@elsewhere.test", "rob@elsewhere.test"]


@given(
    st.integers(0, 7),
    st.lists(st.sampled_from([(True, who) for who in ALL] + [(False, who) for who in
             (*ALL, *STRANGERS)]), unique=True).flatmap(
        lambda events: st.tuples(st.just(events), st.permutations(events))
    ),
)  # fmt: skip
def test_an_account_does_not_depend_on_what_came_first(taken, orders):
    found = []
    for events in orders:
        arrivals = Arrivals(OurMail(*ALL))
        for is_copy, who in events:
            octets = as_sent(0)[0] if is_copy else back(0, who)[0]
            whom = [who] if is_copy else ["us@x.test"]
            arrivals.note(octets, whom, 0, reverse_path="us@x.test" if is_copy else "")
        accepted = accepted_of((1, 0, taken)) if taken else Accepted()
        found.append(account("here", accepted, arrivals, OurMail(*ALL)))
    one, other = found

    assert (one.delivered, one.bounced, one.lost) == (other.delivered, other.bounced, other.lost)
    copies = {who for is_copy, who in orders[0] if is_copy}
    back_by_name = {who for is_copy, who in orders[0] if not is_copy} & set(ALL)
    strangers = {who for is_copy, who in orders[0] if not is_copy} & set(STRANGERS)
    theirs = {who for number, who in enumerate(ALL) if taken >> number & 1}
    rest = theirs - copies - back_by_name
    assert one.delivered == len(theirs & copies)
    assert one.lost == max(0, len(rest) - len(strangers))


def test_so_many_of_each_kind_are_named_and_all_are_counted():
    many = NAMED + 50
    arrivals = Arrivals(OurMail())
    for serial in range(many):
        arrivals.note(as_sent(serial, spoil=True)[0], [ALICE], 0, reverse_path="us@x.test")
        arrivals.note(as_sent(serial)[0], [ALICE], 0, reverse_path="us@x.test")
        arrivals.note(as_sent(5_000 + serial)[0], [ALICE], 0, reverse_path="us@x.test")
    taken = [(1, serial, 1) for serial in [*range(many), *range(1_000, 1_000 + many)]]
    found = account("here", accepted_of(*taken), arrivals, OurMail())

    assert (found.lost, found.duplicates, found.altered, found.unknown) == (many,) * 4
    for kind in ("lost", "duplicate", "altered", "unknown"):
        assert sum(it.kind == kind for it in found.named) == NAMED
    assert found.misfortunes == 4 * many


def test_losses_say_that_they_may_be_queued_where_some_are():
    accepted = accepted_of(*THREE)
    found = account("here", accepted, Arrivals(OurMail()), OurMail(), waiting=Waiting(1))
    assert {it.detail for it in found.named} == {"or one of 1 still in the target's queue"}


SAID = {
    "7": Waiting(7),
    "7\n": Waiting(7),
    " 1 message": Waiting(1),
    "7 messages": Waiting(7),
    "1 copy": Waiting(1, is_copies=True),
    "21  copies\n": Waiting(21, is_copies=True),
    "": None,
    "many": None,
    "-1": None,
    "7 mails": None,
    "7 messages waiting": None,
}


@pytest.mark.parametrize(("said", "waiting"), SAID.items())
def test_a_queue_says_how_many_messages_or_copies_wait(said, waiting):
    assert read_waiting(said) == waiting


def test_latency_is_from_the_final_dot_to_the_arrival():
    arrivals = Arrivals(OurMail())
    for serial, moment in [(0, 100_000_500), (1, 99_999_000), (2, 102_000_000)]:
        arrivals.note(as_sent(serial)[0], [ALICE], moment, reverse_path="us@x.test")
    latency = account("here", accepted_of(*THREE), arrivals, OurMail()).latency
    assert (latency.count, latency.least, latency.greatest) == (3, 0, 2_000_000)


def test_where_the_store_changes_octets_nothing_is_called_altered():
    arrivals = Arrivals(OurMail())
    arrivals.note_stored(as_sent(0, spoil=True)[0], [ALICE], 0, compares=False)
    assert (arrivals.altered, arrivals.delivered.count) == (0, 1)


FOR_BOB = b"X-Original-To: %b\r\nReceived: x\r\n" % BOB.encode()
STORED = {  # what lies where whose mail lies -> delivered, duplicates, and who has none
    "each has a store": ([(b"", [ALICE]), (b"", [BOB])], 2, 0, []),
    "one of them has none": ([(b"", [BOB])], 1, 0, [ALICE]),
    "twice in one": ([(b"", [BOB]), (b"", [BOB])], 1, 1, [ALICE]),
    "one for all who share a store": ([(b"", BOTH)], 2, 0, []),
    "one for each who shares a store": ([(b"", BOTH), (b"", BOTH)], 2, 0, []),
    "one too many in a store that is shared": ([(b"", BOTH)] * 3, 2, 1, []),
    "the trace names whose it is": ([(FOR_BOB, BOTH)], 1, 0, [ALICE]),
    "the trace names him twice": ([(FOR_BOB, BOTH)] * 2, 1, 1, [ALICE]),
    "a store of nobody whom we know": ([(b"", [CAROL])], 2, 0, []),
    "a store, in other letters": ([(b"", [ALICE.title()])], 1, 0, [BOB]),
}  # fmt: skip


@pytest.mark.parametrize(("lies", "delivered", "twice", "none"), STORED.values(), ids=STORED)
def test_whose_copy_lies_in_a_store_is_told_as_well_as_can_be(lies, delivered, twice, none):
    arrivals = Arrivals(OurMail(*BOTH))
    for trace, whose in lies:
        arrivals.note_stored(trace + as_sent(0)[0], whose, 0)
    found = account("here", accepted_of((1, 0, A | B)), arrivals, OurMail(*BOTH))
    assert (found.delivered, found.duplicates) == (delivered, twice)
    assert [it.recipient for it in found.named if it.kind == "lost"] == none


@pytest.mark.parametrize("each", [1, 2])
def test_each_of_two_stores_that_are_shared_may_keep_one_for_all_or_one_for_each(each: int):
    mail = OurMail(*BOTH, CAROL, DAVE)
    arrivals = Arrivals(mail)
    for whose in (BOTH, (CAROL, DAVE)) * each:
        arrivals.note_stored(as_sent(0)[0], whose, 0)
    arrivals.note_stored(as_sent(1)[0], BOTH, 0)
    found = account("here", accepted_of((1, 0, 0b1111), (1, 1, 0b1111)), arrivals, mail)

    assert (found.delivered, found.duplicates) == (6, 0)
    assert [it.recipient for it in found.named if it.kind == "lost"] == [CAROL, DAVE]


def test_where_all_share_a_store_nobody_is_said_to_have_got_what_was_refused():
    arrivals = Arrivals(OurMail(*BOTH))
    for serial in (0, 1):
        arrivals.note_stored(as_sent(serial)[0], BOTH, 0)
    found = account("here", accepted_of((1, 0, A)), arrivals, OurMail(*BOTH))
    assert (found.delivered, found.lost) == (1, 0)
    assert {it.token for it in found.named} == {OurMail().token(1, 1)}  # which nobody accepted


def test_a_bounce_in_a_store_is_one():
    arrivals = Arrivals(OurMail())
    arrivals.note_stored(back(0, ALICE)[0], ["us@x.test"], 0)
    assert account("here", accepted_of((1, 0, 1)), arrivals, OurMail()).bounced == 1


def test_who_waits_hears_of_each_copy_that_is_new():
    heard: list[int] = []
    arrivals = Arrivals(OurMail(*BOTH), heard=lambda: heard.append(1))
    arrivals.note(as_sent(0)[0], BOTH, 0, reverse_path="us@x.test")
    arrivals.note(as_sent(0)[0], [ALICE], 0, reverse_path="us@x.test")
    arrivals.note(back(1, ALICE)[0], [""], 0, reverse_path="")
    arrivals.note(back(1, ALICE)[0], [""], 0, reverse_path="")
    assert len(heard) == 3


def taken_on(second: int) -> bytes:
    return b"Received: from us by them; Thu, 26 Nov 2026 11:00:%02d +0000\r\n" % second


SINCE = 1_795_690_830  # 11:00:30 on that day


def test_what_was_taken_before_the_run_began_is_of_an_earlier_run():
    arrivals = Arrivals(OurMail(), since=SINCE)
    for serial, second in [(0, 29), (1, 30), (2, 31)]:
        arrivals.note(taken_on(second) + as_sent(serial)[0], [ALICE], 0, reverse_path="us@x.test")
    arrivals.note(taken_on(32) + as_sent(0)[0], [ALICE], 0, reverse_path="us@x.test")
    arrivals.note_stored(taken_on(29) + as_sent(1)[0], [ALICE], 0)
    found = account("here", accepted_of(*THREE), arrivals, OurMail())

    assert (found.delivered, found.duplicates, found.foreign) == (3, 0, 2)
    assert arrivals.earlier == 2


def test_a_bounce_of_an_earlier_run_takes_nothing_from_ours():
    old = back(0, ALICE)[0].replace(b"From: <us", taken_on(29) + b"From: <us")
    arrivals = Arrivals(OurMail(), since=SINCE)
    arrivals.note(old, ["us@x.test"], 0, reverse_path="")
    found = account("here", accepted_of(*THREE), arrivals, OurMail())

    assert (found.bounced, found.lost, found.foreign, arrivals.earlier) == (0, 3, 1, 1)


def test_what_says_nothing_of_when_it_was_taken_is_taken_for_ours():
    arrivals = Arrivals(OurMail(), since=SINCE)
    arrivals.note(b"Received: by them\r\n" + as_sent(0)[0], [ALICE], 0, reverse_path="us@x.test")
    assert arrivals.delivered.count == 1
