"""Getting to where a case begins, and what it means if the target does not let us."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.runner.play import play
from harness.target import Address, Scheme, Target
from tests.runner.stages import ADDRESS, CLOSE, SILENT, Peer, played, staged

NOOP = "C: NOOP\nS: 250"

HELLO = b"EHLO client.example.test"
MAIL = b"MAIL FROM:<sender@client.example.test>"
RCPT = b"RCPT TO:<alice@peer.test>"

WAYS = {
    "connect": ("S: 220", []),
    "greeting": (NOOP, [b"NOOP"]),
    "hello": (NOOP, [HELLO, b"NOOP"]),
    "mail": (NOOP, [HELLO, MAIL, b"NOOP"]),
    "recipient": (NOOP, [HELLO, MAIL, RCPT, b"NOOP"]),
    "data": ("C: Subject: x\nC: .\nS: 250", [HELLO, MAIL, RCPT, b"DATA"]),
}


@pytest.mark.parametrize("start", WAYS)
async def test_all_that_lies_before_the_start_is_done(autojump_clock, author, start):
    dialogue, heard = WAYS[start]
    peer = Peer()

    assert (await played(author.case(dialogue, start=start), peer)).is_met
    assert peer.heard == [*heard, b"QUIT"]


async def test_helo_is_said_where_ehlo_is_not_understood(autojump_clock, author):
    peer = Peer(EHLO=b"502 no\r\n")

    assert (await played(author.case(NOOP, start="mail"), peer)).is_met
    assert peer.heard[:3] == [HELLO, b"HELO client.example.test", MAIL]


async def test_lmtp_is_greeted_in_its_own_way(autojump_clock, author):
    peer = Peer()
    lmtp = Address("peer.test", 24, Scheme.LMTP)
    target = Target(address=ADDRESS, listeners={"lmtp": lmtp})
    async with staged(peer, target) as stage:
        result = await play(author.case(NOOP, "over: lmtp"), stage)

    assert result.is_met
    assert peer.heard[0] == b"LHLO client.example.test"


REFUSALS = {
    "greeting": (Peer(greeting=b"554 go away\r\n"), "the greeting was answered 554 go away"),
    "silent greeting": (Peer(greeting=SILENT), "the greeting: silence for 5 s"),
    "EHLO": (Peer(EHLO=b"550 no\r\n", HELO=b"550 no\r\n"), "EHLO was answered 550 no"),
    "MAIL": (Peer(MAIL=b"451 later\r\n"), "MAIL was answered 451 later"),
    "silent MAIL": (Peer(MAIL=SILENT), "MAIL: silence for 5 s"),
    "closed MAIL": (Peer(MAIL=CLOSE), "MAIL: the connection was closed"),
    "RCPT": (Peer(RCPT=b"550 who?\r\n"), "RCPT for alice@peer.test was answered 550 who?"),
    "DATA": (Peer(DATA=b"451 full\r\n"), "DATA was answered 451 full"),
}


@pytest.mark.parametrize(("peer", "words"), REFUSALS.values(), ids=REFUSALS)
async def test_a_start_that_is_refused_is_no_verdict_about_the_target(
    autojump_clock, author, peer, words
):
    result = await played(author.case("C: .\nS: 250", start="data"), peer)

    assert result.trouble == words
    assert result.refused
    assert not result.surprise


@pytest.mark.parametrize(
    "peer",
    [
        Peer(greeting=b"421 too many\r\n"),
        Peer(greeting=CLOSE),
        Peer(EHLO=b"421 too many\r\n"),
        Peer(MAIL=b"421 too many\r\n"),
    ],
    ids=["greeting", "close", "EHLO", "MAIL"],
)
async def test_a_target_that_is_busy_is_tried_again_later(autojump_clock, author, peer):
    assert (await played(author.case(NOOP, start="mail"), peer)).busy


async def test_a_target_that_demands_tls_or_a_log_in_first_makes_the_case_void(
    autojump_clock, author
):
    peer = Peer(MAIL=b"530 5.7.0 Authentication required\r\n")
    result = await played(author.case(NOOP, start="mail"), peer)

    assert "demands TLS or a log-in first; say `always: [tls]`" in result.void


async def test_what_the_target_always_demands_lies_on_every_way(autojump_clock, author):
    peer = Peer(STARTTLS=b"454 not now\r\n")
    target = Target(address=ADDRESS, always=frozenset({"tls"}))
    async with staged(peer, target) as stage:
        result = await play(author.case(NOOP), stage)

    assert result.trouble == "STARTTLS was answered 454 not now"


async def test_a_case_that_logs_in_by_itself_is_not_logged_in_before(autojump_clock, author):
    target = Target(address=ADDRESS, always=frozenset({"auth"}))
    for dialogue, words in ((NOOP, "no log-in that we speak"), ("C: AUTH X\nS: 500", None)):
        async with staged(Peer(), target) as stage:
            result = await play(author.case(dialogue), stage)
        assert (words is None and not result.void) or words in result.void


async def test_a_hang_up_in_place_of_the_handshake_is_a_refused_start(autojump_clock, author):
    peer = Peer(STARTTLS=[b"220 go\r\n"])

    class Closing(Peer):
        async def _answer(self, stream, verb, instead=None):
            return await super()._answer(stream, verb, instead) and verb != "STARTTLS"

    peer = Closing(STARTTLS=b"220 go\r\n")
    result = await played(author.case(NOOP, start="tls"), peer)

    assert result.trouble == "the TLS handshake: closed within the TLS handshake"


async def test_a_log_in_that_we_do_not_speak_makes_the_case_void(autojump_clock, author):
    peer = Peer(EHLO=b"250-peer.test\r\n250 AUTH GSSAPI\r\n")
    result = await played(author.case(NOOP, start="auth"), peer)

    assert result.void == "the target offers no log-in that we speak: AUTH GSSAPI"


async def test_no_log_in_is_tried_in_the_clear_where_tls_can_be_had(autojump_clock, author):
    peer = Peer(EHLO=b"250-peer.test\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n", STARTTLS=CLOSE)

    result = await played(author.case(NOOP, start="auth"), peer)

    assert result.trouble == "STARTTLS: the connection was closed"
    assert [line.split()[0] for line in peer.heard] == [b"EHLO", b"STARTTLS"]


async def test_no_log_in_at_all_makes_the_case_void(autojump_clock, author):
    result = await played(author.case(NOOP, start="auth"), Peer())

    assert result.void == "the target offers no log-in that we speak: AUTH"


async def test_the_recipient_of_a_start_is_the_target_s_first(autojump_clock, author):
    peer = Peer()
    target = replace(Target(address=ADDRESS), recipients=("postmaster",))
    async with staged(peer, target) as stage:
        await play(author.case(NOOP, start="recipient"), stage)

    assert b"RCPT TO:<postmaster>" in peer.heard
