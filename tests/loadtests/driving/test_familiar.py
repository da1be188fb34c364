"""Octets that have been read once are the same replies for good; some are not remembered."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from harness.protocol.replies import REPLY_LIMIT, Fault, Reply, ReplyReader, reply
from harness.protocol.sender import Exchange
from loadtests.driving import Familiar, Lost
from loadtests.driving.ends import Unasked
from loadtests.driving.familiar import LONGEST, MOST
from loadtests.driving.hearing import Hearing
from tests.loadtests.driving.stage import ANSWERS, GREETING, GROUP, HELLO, MAIL, ask, stage

OK = reply(250, "ok")


def by_heart(familiar: Familiar, octets: bytes, replies: Sequence[Reply]) -> None:
    for _ in range(2):
        familiar.learn(octets, replies)


def test_what_was_met_once_is_not_known_yet():
    familiar = Familiar()
    familiar.learn(OK.octets, [OK])

    assert familiar.get(OK.octets) is None


def test_what_was_met_whole_is_known():
    familiar = Familiar()
    by_heart(familiar, OK.octets, [OK])

    assert familiar.get(OK.octets) == (OK,)
    assert familiar.get(OK.octets) is familiar.get(bytes(OK.octets))
    assert familiar.get(b"250 ok") is None


@pytest.mark.parametrize(
    "replies",
    [
        [],
        [reply(450, "later")],  # a refusal is told from others by identity
        [OK, reply(421, "bye")],
        [Reply(250, b"250 ok\n", frozenset({Fault.BARE_LF}))],
        [Reply(250, b"250 " + b"x" * LONGEST)],
    ],
)
def test_refusals_and_oddities_are_not_remembered(replies: list[Reply]):
    familiar = Familiar()
    octets = b"".join(reply.octets for reply in replies)
    by_heart(familiar, octets, replies)

    assert familiar.get(octets) is None


def test_a_server_that_says_something_new_each_time_does_not_fill_our_memory():
    familiar = Familiar()
    for number in range(2 * MOST + 10):
        said = reply(250, f"queued as {number}")
        familiar.learn(said.octets, [said])
    by_heart(familiar, OK.octets, [OK])

    assert familiar.get(OK.octets) == (OK,)
    assert len(familiar._once) <= MOST


def test_a_server_that_says_very_much_twice_does_not_either_and_is_learned_anew():
    familiar = Familiar()
    for number in range(MOST + 10):
        said = reply(250, f"it is now {number} o'clock")
        by_heart(familiar, said.octets, [said])
    by_heart(familiar, OK.octets, [OK])

    assert familiar.get(b"250 it is now 1 o'clock\r\n") is None
    assert familiar.get(b"250 it is now %d o'clock\r\n" % (MOST + 1)) is not None
    assert familiar.get(OK.octets) == (OK,)
    assert len(familiar._known) <= MOST


def test_a_flow_hears_the_same_whether_it_is_familiar_or_not():
    with stage() as on:
        steps = [len(GROUP.octets), ANSWERS] * 3
        on.play(b"220 hi\r\n", *steps)

        assert on.connection.run(ask(GREETING, *[GROUP] * 3)) == [220] + [250, 250, 354] * 3


@pytest.mark.parametrize("cut", range(len(ANSWERS) + 22))
def test_a_reply_with_a_number_of_its_own_may_stand_before_familiar_ones(cut: int):
    familiar = Familiar()
    by_heart(familiar, ANSWERS, [OK, OK, reply(354, "go")])
    group = Exchange(("message", *GROUP.names), GROUP.octets)
    with stage(familiar=familiar) as on:
        steps: list[bytes | int] = []
        for number in range(3):
            said = b"250 2.0.0 queued as %d\r\n" % number + ANSWERS
            steps += [len(group.octets), said[:cut], said[cut:]]
        on.play(b"220 hi\r\n", *steps)

        assert on.connection.run(ask(GREETING, *[group] * 3)) == [220] + [250, 250, 250, 354] * 3


def test_what_is_said_twice_before_familiar_replies_becomes_familiar_with_them():
    familiar = Familiar()
    by_heart(familiar, ANSWERS, [OK, OK, reply(354, "go")])
    both = OK.octets + ANSWERS
    group = Exchange(("message", *GROUP.names), GROUP.octets)
    with stage(familiar=familiar) as on:
        on.play(b"220 hi\r\n", *[len(group.octets), both] * 2)
        on.connection.run(ask(GREETING, group))
        assert familiar.get(both) is None
        on.connection.run(ask(group))

    known = familiar.get(both)
    assert known is not None
    assert [each.code for each in known] == [250, 250, 250, 354]


@pytest.mark.parametrize(
    "first", [b"450 later\r\n", b"250-a\r\n250 b\r\n", b"250 \x80\r\n", b"250 a\n"]
)
def test_what_is_odd_before_familiar_replies_is_read_as_ever(first: bytes):
    familiar = Familiar()
    by_heart(familiar, ANSWERS, [OK, OK, reply(354, "go")])
    hearing = Hearing(familiar)
    for _ in range(2):
        hearing.take(first + ANSWERS)
        heard = hearing.replies.copy()
        hearing.clear()
        reader = ReplyReader()
        reader.feed(first + ANSWERS)

        assert [each.code for each in heard] == [int(first[:3]), 250, 250, 354]
        assert heard[0] == reader.take()


def test_familiar_octets_within_a_reply_are_part_of_it():
    with stage() as on:
        on.play(
            b"220 hi\r\n",
            *(len(HELLO.octets), b"250 ok\r\n"),
            *(len(MAIL.octets), b"250-first\r\n", b"250 ok\r\n"),
            *(len(HELLO.octets), b"250 o", b"250 ok\r\n"),
        )

        assert on.connection.run(ask(GREETING, HELLO, MAIL, HELLO)) == [220, 250, 250, 250]


def test_familiar_octets_that_are_too_many_are_not_trusted():
    familiar = Familiar()
    by_heart(familiar, ANSWERS, [OK] * 3)
    with stage(familiar=familiar) as on:
        on.play(b"220 hi\r\n", len(MAIL.octets), ANSWERS)

        with pytest.raises(Lost) as lost:
            on.connection.run(ask(GREETING, MAIL, HELLO))
    assert isinstance(lost.value.cause, Unasked)


def test_a_reply_that_did_not_end_is_not_forgotten_for_one_that_did():
    hearing = Hearing(Familiar())
    hearing.take(b"220-and so on\r\n" * (REPLY_LIMIT // 10) + b"220 done\r\n")

    assert hearing.is_endless
    assert hearing.replies[-1].octets.endswith(b"220 done\r\n")
    assert Fault.ENDLESS not in hearing.replies[-1].faults
