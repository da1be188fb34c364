"""A wire on virtual time: replies, patience, and what is written down."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from harness.errors import PeerClosed, PeerSilent
from harness.protocol.replies import LINE_LIMIT, Fault
from harness.wire import Log, Piece, Wire
from tests.wire.peers import in_memory

HOUR = 3_600.0


def told(wire: Wire) -> list[str]:
    return [
        exchange.happened or f"{exchange.who}: {exchange.octets.decode()!r}"
        for exchange in wire.log.exchanges
    ]


async def test_replies_are_taken_one_by_one_wherever_they_are_cut(autojump_clock):
    octets = b"220 a\r\n250-b\r\n250 c\r\n221 d\n"
    for cut in range(len(octets) + 1):
        wire, peer = in_memory()
        await peer.send_all(octets[:cut])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(peer.send_all, octets[cut:])
            replies = [await wire.reply(5) for _ in range(3)]

        assert [reply.code for reply in replies] == [220, 250, 221]
        assert replies[1].lines == ("b", "c")
        assert replies[2].faults == {Fault.BARE_LF}


async def test_silence_is_told_when_patience_ends(autojump_clock):
    wire, peer = in_memory()
    await peer.send_all(b"250-begun\r\n")

    with pytest.raises(PeerSilent, match=r"nothing for 3600 s, but for the beginning 250-begun"):
        await wire.reply(HOUR)

    assert wire.log.seconds == HOUR
    assert told(wire) == [r"nothing for 3600 s, but for the beginning 250-begun\r\n"]


async def test_a_reply_that_is_late_by_a_little_is_waited_for(autojump_clock):
    wire, peer = in_memory()

    async def answer_late() -> None:
        await trio.sleep(HOUR - 1)
        await peer.send_all(b"250 at last\r\n")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer_late)
        assert (await wire.reply(HOUR)).code == 250

    assert wire.log.exchanges[0].at == HOUR - 1


async def test_the_end_comes_after_what_was_said_before_it(autojump_clock):
    wire, peer = in_memory()
    await peer.send_all(b"421 bye\r\n")
    await peer.aclose()
    await wire.send(b"NOOP\r\n", 5)

    assert (await wire.reply(5)).code == 421
    with pytest.raises(PeerClosed, match=r"^closed$"):
        await wire.reply(5)
    assert told(wire) == [
        "C: 'NOOP\\r\\n'",
        "could not write: the other end is gone",
        "S: '421 bye\\r\\n'",
        "closed by the other end",
    ]
    assert wire.last == 3


async def test_an_end_within_a_reply_shows_what_there_was_of_it(autojump_clock):
    wire, peer = in_memory()
    await peer.send_all(b"250-half\r\n250")
    await peer.aclose()

    with pytest.raises(PeerClosed, match="closed in the middle of a reply: 250-half"):
        await wire.reply(5)
    assert told(wire)[0] == "S: '250-half\\r\\n250'"


async def test_nothing_is_written_to_who_is_gone(autojump_clock):
    wire, peer = in_memory()
    await peer.aclose()
    await wire.send(b"NOOP\r\n", 5)
    await wire.send(b"NOOP again and with a long argument indeed\r\nQUIT\r\n", 5)

    assert told(wire)[-1] == "too late to say NOOP again and with a long argument inde..."


async def test_nothing_to_say_leaves_no_trace(autojump_clock):
    wire, _ = in_memory()
    await wire.send(b"", 5)

    assert told(wire) == []


async def test_the_log_knows_when_and_which(autojump_clock):
    wire, peer = in_memory()
    await wire.send([Piece(b"NO", 0.5), Piece(b"OP\r\n")], 5)
    assert await peer.receive_some() == b"NOOP\r\n"
    await peer.send_all(b"250 ok\r\n250 more\r\n")
    await wire.reply(5)

    assert told(wire) == ["C: 'NOOP\\r\\n'", "S: '250 ok\\r\\n'", "S: '250 more\\r\\n'"]
    assert [exchange.at for exchange in wire.log.exchanges] == [0.0, 0.5, 0.5]
    assert (wire.last, wire.code, wire.has_more) == (1, 250, True)


async def test_pieces_arrive_apart(autojump_clock):
    wire, peer = in_memory()
    arrived = []

    async def listen() -> None:
        arrived.extend([bytes(await peer.receive_some()) for _ in range(3)])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(listen)
        await wire.send([Piece(octet, 0.001) for octet in (b"\r", b"\n", b".")], 5)

    assert arrived == [b"\r", b"\n", b"."]


async def test_passwords_stay_out_of_the_log(autojump_clock):
    wire, peer = in_memory()
    await wire.send(b"AUTH LOGIN\r\n", 5)
    await peer.send_all(b"334 \r\n")
    await wire.reply(5)
    await wire.send(b"geheim\r\n", 5)

    assert told(wire)[-1] == "C: '***\\r\\n'"
    assert await peer.receive_some() == b"AUTH LOGIN\r\ngeheim\r\n"


async def test_a_long_silence_is_watched_without_waiting(autojump_clock):
    wire, peer = in_memory()

    assert await wire.silence(HOUR)
    await peer.send_all(b"4")
    assert not await wire.silence(HOUR)
    assert (wire.log.seconds, wire.left) == (HOUR, b"4")


async def test_a_close_is_no_silence(autojump_clock):
    wire, peer = in_memory()
    await peer.aclose()

    assert not await wire.silence(HOUR)
    assert wire.ended == "closed"


async def test_half_a_close_lets_the_other_half_go_on(autojump_clock):
    wire, peer = in_memory()
    await wire.half_close()
    assert await peer.receive_some() == b""
    await peer.send_all(b"250 still here\r\n")

    assert (await wire.reply(5)).code == 250


async def test_half_a_close_of_a_lost_connection_is_no_error(autojump_clock):
    wire, _ = in_memory()
    await wire.aclose()
    await wire.half_close()

    assert wire.ended == "closed"


async def test_after_our_own_close_there_is_nothing_to_read(autojump_clock):
    wire, peer = in_memory()
    await wire.aclose()

    with pytest.raises(PeerClosed):
        await wire.reply(5)
    assert await peer.receive_some() == b""
    assert told(wire) == ["we close"]


async def test_a_reset_in_memory_is_a_close(autojump_clock):
    wire, peer = in_memory()
    await wire.reset()

    assert await peer.receive_some() == b""
    assert wire.local_port is None


# --- at the server's end ---------------------------------------------------------------------


async def test_lines_are_read_one_by_one(autojump_clock):
    wire, peer = in_memory(we="S")
    await peer.send_all(b"EHLO a\r\nbare\nAUTH PLAIN AGFs\r\nrest")

    assert [await wire.line(5) for _ in range(3)] == [
        *(b"EHLO a\r\n", b"bare\n", b"AUTH PLAIN AGFs\r\n")
    ]
    assert (wire.has_more, wire.left) == (True, b"rest")
    assert told(wire)[-1] == "C: 'AUTH PLAIN ***\\r\\n'"


async def test_a_line_that_does_not_end_is_silence(autojump_clock):
    wire, peer = in_memory(we="S")
    await peer.send_all(b"QUI")

    with pytest.raises(PeerSilent, match="but for the beginning QUI"):
        await wire.line(5)


async def test_a_line_that_never_ends_comes_in_parts(autojump_clock):
    wire, peer = in_memory(we="S")
    await peer.send_all(b"x" * (LINE_LIMIT + 1) + b"\n")

    assert await wire.line(5) == b"x" * LINE_LIMIT
    assert await wire.line(5) == b"x\n"


class Flood(trio.abc.ReceiveStream):
    """Says the same again and again."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.times = 0

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        self.times += 1
        await trio.lowlevel.checkpoint()
        return self.octets

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


@pytest.mark.parametrize("we", ["C", "S"])
async def test_who_floods_us_is_heard_no_further_than_our_memory_goes(autojump_clock, we):
    flood = Flood(b"250 " + b"x" * 500 + b"\r\n")
    _, sink = trio.testing.memory_stream_pair()
    wire = Wire(trio.StapledStream(sink, flood), Log(), we=we)

    await wire.rest(HOUR)

    assert wire.log.seconds == HOUR
    assert 1_000_000 < flood.times * len(flood.octets) < 1_100_000


async def test_a_client_that_leaves_is_told(autojump_clock):
    wire, peer = in_memory(we="S")
    await peer.aclose()

    with pytest.raises(PeerClosed):
        await wire.line(5)


async def test_what_a_client_answers_to_our_challenge_is_hidden(autojump_clock):
    wire, peer = in_memory(we="S")
    await wire.send(b"334 VXNlcg==\r\n", 5)
    await peer.send_all(b"Z2VoZWlt\r\n")
    await wire.line(5)
    await wire.send(b"no code\r\n", 5)

    assert told(wire)[1] == "C: '***\\r\\n'"
    assert wire.code == 0


# --- a peer that does not read ----------------------------------------------------------------


class Deaf(trio.abc.Stream):
    """Takes nothing, but talks for a while."""

    def __init__(self) -> None:
        self._words = [b"250 one\r\n", b"250 two\r\n"]

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        if not self._words:
            await trio.sleep_forever()
        return self._words.pop(0)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.sleep_forever()

    async def wait_send_all_might_not_block(self) -> None:
        await trio.sleep_forever()

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


class Leaving(Deaf):
    """Says that it has had enough, hangs up and does not read what else we say."""

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        await trio.lowlevel.checkpoint()
        return self._words.pop(0) if self._words else b""


async def test_a_peer_that_hangs_up_while_we_write_has_said_its_last_word(autojump_clock):
    wire = Wire(Leaving(), Log())

    await wire.send(b"x" * 1_000_000, 5)

    assert [(await wire.reply(5)).lines[0] for _ in range(2)] == ["one", "two"]
    with pytest.raises(PeerClosed):
        await wire.reply(5)
    assert "not read within 5 s" in [it.happened for it in wire.log.exchanges]


@pytest.mark.parametrize("size", [10, 1_000_000])
async def test_a_peer_that_does_not_read_is_silent(autojump_clock, size):
    wire = Wire(Deaf(), Log())

    with pytest.raises(PeerSilent, match="has not been read for 5 s"):
        await wire.send(b"x" * size, 5)
    assert wire.log.seconds == 5


async def test_a_long_write_is_read_along(autojump_clock):
    wire = Wire(Deaf(), Log())
    with pytest.raises(PeerSilent):
        await wire.send(b"x" * 1_000_000, 5)

    assert [(await wire.reply(5)).lines for _ in range(2)] == [("one",), ("two",)]
