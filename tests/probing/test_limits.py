"""Limits are what is found, not what is told."""

from __future__ import annotations

import pytest

from harness.probing import limits
from harness.probing.visiting import Visitor
from harness.wire import Log
from tests.probing.peers import HANGS_UP, Peer, strict


async def measured(peer: Peer, measure, *words, **changed):
    async with peer.target(**changed) as target:
        visitor = Visitor(target, Log(), within_tls=False)
        try:
            return await measure(visitor, *words)
        finally:
            await visitor.leave()


def sized(most: int):
    def reply(line: str) -> str:
        number = line.rpartition("SIZE=")[2]
        return "552 too much" if number.isdecimal() and int(number) > most else "250 fine"

    return reply


@pytest.mark.parametrize(
    ("offer", "most", "told", "found"),
    [
        ("SIZE 1000", 1000, "1,000 octets", "MAIL takes SIZE=1,000, not 1,001: 552 too much"),
        ("SIZE 1000", 12_345, "1,000 octets", "MAIL takes SIZE=12,345, not 12,346: 552 too much"),
        ("SIZE 1000", 300, "1,000 octets", "MAIL takes SIZE=300, not 301: 552 too much"),
        ("SIZE", 70_000, "no limit", "MAIL takes SIZE=70,000, not 70,001: 552 too much"),
        ("SIZE 0", 10**30, "no limit", f"MAIL takes SIZE={limits.LARGEST:,}"),
        ("SIZE 10", 0, "10 octets", "nothing is taken: 552 too much"),
        ("X", 10, "nothing", "SIZE is not offered"),
    ],
)
async def test_the_largest_size_is_found(offer, most, told, found):
    result = await measured(Peer((offer,), {"MAIL": sized(most)}), limits.measure_size)

    assert (result.told, result.found) == (told, found)


def short(most: int, refusal: str = "500 too long"):
    return lambda line: "250 fine" if len(line) + 2 <= most else refusal


@pytest.mark.parametrize(
    ("noop", "found"),
    [
        (short(512), "512 octets, not 513: 500 too long"),
        (short(2_000), "2,000 octets, not 2,001: 500 too long"),
        (short(2_000, HANGS_UP), "2,000 octets, not 2,001: closed"),
        (short(100), "100 octets, not 101: 500 too long"),
        (short(10**9), "NOOP of 65,536 octets is taken"),
        ("501 no argument", "NOOP of 512 octets: 501 no argument"),
    ],
)
async def test_the_longest_line_is_found(noop, found):
    result = await measured(Peer((), {"NOOP": noop}), limits.measure_line)

    assert result.found == found


def counted(most: int):
    taken = iter(range(10**6))
    return lambda line: "250 fine" if next(taken) < most else "452 4.5.3 too many"


@pytest.mark.parametrize(
    ("answers", "offers", "told", "found"),
    [
        ({"RCPT": counted(100)}, (), "at least 100 (RFC 5321)", "100, then 452 4.5.3 too many"),
        ({"RCPT": counted(0)}, ("LIMITS MAILMAX=3 RCPTMAX=50",), "50", "0, then 452"),
        ({"MAIL": "530 no"}, (), "at least 100 (RFC 5321)", "MAIL was answered 530 no"),
    ],
)
async def test_recipients_are_counted(answers, offers, told, found):
    result = await measured(Peer(offers, answers), limits.measure_recipients)

    assert result.told == told
    assert result.found.startswith(found)


@pytest.mark.slow
async def test_a_thousand_recipients_are_enough():
    peer = Peer((), {"RCPT": strict()})

    result = await measured(peer, limits.measure_recipients, many="user{n}@many.test")

    assert result.found == "1,000 are taken"
    assert "RCPT TO:<user999@many.test>" in peer.heard


def errors(most: int, last: str):
    made = iter(range(10**6))
    return lambda line: "500 what?" if next(made) < most else last


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (errors(9, "421 4.7.0 enough"), "hung up at number 10: 421 4.7.0 enough"),
        (errors(9, HANGS_UP), "hung up after 9: closed"),
        (errors(10**6, ""), "still there after 100"),
    ],
)
async def test_errors_are_borne_until_they_are_not(answer, found):
    result = await measured(Peer((), {"X-SMTP-HARNESS": answer}), limits.measure_errors)

    assert result.found.startswith(found)


async def test_idleness_is_waited_for():
    result = await measured(Peer(), limits.measure_idleness, 0.05)

    assert result.found == "still there after 0.05 s"
