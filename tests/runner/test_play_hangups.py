"""Hang-ups, 421 and other things that a target may do in the middle of a case."""

from __future__ import annotations

import trio

from tests.runner.stages import CLOSE, Peer, played, staged
from tests.runner.telling import told


async def test_a_hang_up_that_is_allowed_ends_the_connection_well(autojump_clock, author):
    result = await played(author.case("C: X\nS: 500|close\nC: NOOP\nS: 250"), Peer(X=CLOSE))

    assert result.is_met
    assert told(result)[-1] == "closed by the other end"


async def test_a_hang_up_that_is_not_allowed_is_a_surprise(autojump_clock, author):
    result = await played(author.case("C: X\nS: 500\nC: NOOP\nS: 250"), Peer(X=CLOSE))

    assert result.surprise
    assert (result.surprise.wanted, result.surprise.met) == ("500", "the connection was closed")


async def test_a_hang_up_within_a_reply_says_so(autojump_clock, author):
    class Rude(Peer):
        async def _answer(self, stream, verb, instead=None):
            await stream.send_all(b"220-half\r\n")
            return False

    result = await played(author.case("S: 220", start="connect"), Rude())

    assert result.surprise
    assert result.surprise.met.startswith("the connection was closed in the middle of a reply: 220")


async def test_a_target_that_counts_errors_may_hang_up(autojump_clock, author):
    dialogue = "* repeat 3 as n\n  C: X\n  S: 500\nC: NOOP\nS: 250"
    result = await played(author.case(dialogue), Peer(NOOP=CLOSE))

    assert "after 3 refused commands: the target counts errors" in result.void


async def test_a_421_makes_a_case_void(autojump_clock, author):
    result = await played(author.case("C: NOOP\nS: 250"), Peer(NOOP=b"421 shutting down\r\n"))

    assert result.void.startswith("the target answered 421 shutting down, which it may at any time")


async def test_a_421_at_the_end_makes_a_case_void_too(autojump_clock, author):
    assert "421" in (await played(author.case("C: NOOP\nS: 250"), Peer(QUIT=b"421 no\r\n"))).void


async def test_a_421_that_is_accepted_is_a_reply_like_others(autojump_clock, author):
    result = await played(author.case("C: X\nS: 4xx|5xx\nS: close"), Peer(X=b"421 no\r\n"))

    assert result.is_met


async def test_a_hang_up_after_a_421_is_no_surprise(autojump_clock, author):
    result = await played(author.case("C: X\nS: 4xx\nC: NOOP\nS: 250"), Peer(X=b"421 no\r\n"))

    assert "after a 421" in result.void


async def test_a_530_makes_a_case_void_and_names_the_remedy(autojump_clock, author):
    peer = Peer(MAIL=b"530 5.7.0 Must issue a STARTTLS command first\r\n")
    result = await played(author.case("C: MAIL FROM:<{sender}>\nS: 250"), peer)

    assert "say `always: [tls]`" in result.void


async def test_a_530_that_is_accepted_is_a_reply_like_others(autojump_clock, author):
    assert (await played(author.case("C: X\nS: 5xx"), Peer(X=b"530 no\r\n"))).is_met


async def test_a_421_as_the_greeting_is_for_later(autojump_clock, author):
    busy = Peer(greeting=b"421 too many connections\r\n")

    result = await played(author.case("S: 220", start="connect"), busy)
    assert result.busy == "the greeting is 421 too many connections"


async def test_a_target_that_does_not_read_is_a_surprise(autojump_clock, author, monkeypatch):
    class Deaf(Peer):
        async def serve(self, stream):
            await stream.send_all(b"220 hi\r\n")
            await trio.sleep_forever()

    # Memory streams take all that comes: a full one is a stream that never lets go.
    case = author.case("S: 220\nC: NOOP\nS: 250", start="connect")
    async with staged(Deaf()) as stage:
        from harness.runner.play import play

        connect = stage.connect

        async def connect_deafly(*args, **options):
            connection = await connect(*args, **options)
            connection.wire._stream.send_stream.send_all_hook = trio.sleep_forever
            return connection

        stage.connect = connect_deafly
        result = await play(case, stage)

    assert result.surprise
    assert result.surprise.wanted == "a target that reads what we say"
