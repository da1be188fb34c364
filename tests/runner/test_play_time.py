"""Time and the wire: silence, waiting, segments, half a close."""

from __future__ import annotations

import pytest
import trio

from tests.runner.stages import Peer, played
from tests.runner.telling import told


async def test_five_minutes_of_silence_take_no_time(autojump_clock, author):
    result = await played(author.case("S: silence 299s\nC: NOOP\nS: 250"), Peer())

    assert result.is_met
    assert result.seconds == pytest.approx(299)


@pytest.mark.parametrize(
    ("answer", "met"), [(b"250 a\r\n250 b\r\n", "250 b"), (b"421 bye\r\n", "the connection was")]
)
async def test_silence_is_broken_by_a_reply_and_by_a_close(autojump_clock, author, answer, met):
    result = await played(author.case("C: X\nS: any\nS: silence 2s"), Peer(X=answer))

    assert result.surprise
    assert result.surprise.wanted == "silence for 2 s"
    assert result.surprise.met.startswith(met)


async def test_waiting_and_late_lines_take_their_time(autojump_clock, author):
    peer = Peer()
    dialogue = "* wait 1s\nC: NOOP\nC: NOOP later\n  after 200ms\nS: 250\nS: 250"
    result = await played(author.case(dialogue), peer)

    assert result.is_met
    assert result.seconds == pytest.approx(1.2, abs=0.01)
    assert told(result)[4:6] == ["C: NOOP", "S: 250 2.0.0 ok"]


class Segments(Peer):
    """Counts the segments in which its first line after EHLO comes."""

    def __init__(self) -> None:
        super().__init__()
        self.segments: list[bytes] = []

    async def serve(self, stream):
        recorder = _Recorder(stream, self.segments)
        await super().serve(recorder)


class _Recorder(trio.abc.Stream):
    def __init__(self, stream, segments):
        self._stream, self._segments = stream, segments

    async def receive_some(self, max_bytes=None):
        octets = await self._stream.receive_some(max_bytes)
        self._segments.append(bytes(octets))
        return octets

    async def send_all(self, data):
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self):
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self):
        await self._stream.aclose()


async def test_a_line_that_the_author_splits_arrives_in_pieces(autojump_clock, author):
    peer = Segments()
    dialogue = "C: NOOP\n  split every byte\nS: 250\nC: RSET\n  split after 3\nS: 250"

    assert (await played(author.case(dialogue), peer)).is_met
    assert peer.segments[1:9] == [b"N", b"O", b"O", b"P", b"\r", b"\n", b"RSE", b"T\r\n"]


@pytest.mark.parametrize("mode", ["whole", "lines", "bytes", "random:1"])
async def test_segments_change_no_verdict(autojump_clock, author, mode):
    dialogue = "C: NOOP\nC: RSET\nS: 250\nS: 250\nC: X\nS: 500"
    peer = Segments()
    case = author.case(dialogue)

    assert (await played(case, peer, segment=mode)).is_met
    assert b"NOOP" in peer.heard


async def test_a_case_may_be_exempt_from_other_segments(autojump_clock, author):
    case = author.case("C: NOOP\nC: RSET\nS: 250\nS: 250", "segment: as-written")
    peer = Segments()

    assert (await played(case, peer, segment="bytes")).is_met
    assert b"NOOP\r\nRSET\r\n" in peer.segments


async def test_after_half_a_close_the_target_may_still_answer(autojump_clock, author):
    result = await played(author.case("C: NOOP\n* half-close\nS: 250"), Peer())

    assert result.is_met
    assert "we half-close: no more octets from us" in told(result)


async def test_after_a_reset_nothing_more_is_said(autojump_clock, author):
    peer = Peer()
    result = await played(author.case("* reset\nC: NOOP\nS: 250"), peer)

    assert result.is_met
    assert peer.heard == [b"EHLO client.example.test"]
