import itertools
import re
import socket
from dataclasses import replace

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from harness.protocol.receiver import Limits
from reference_server.configuration import Config, make_server
from reference_server.connection import Connection
from reference_server.crowd import HAS_EPOLL, Crowd
from reference_server.doors import PLAIN, Door, Kind
from reference_server.log import Logging
from reference_server.sink import SinkConnection, connect_to
from tests.fuzz import vocabulary
from tests.fuzz.profile import profile
from tests.reference_server.connecting import Client, connected, server_in

MAIL, RCPT, DATA = b"MAIL FROM:<a@b.test>\r\n", b"RCPT TO:<c@d.test>\r\n", b"DATA\r\n"
TEXT = b"Subject: x\r\n\r\nhello\r\n.\r\n"
MESSAGE = [MAIL, RCPT, DATA, TEXT]
HELLO = b"EHLO c.test\r\n"
# Small, so that a talk of a few lines gets to each of them.
SMALL = Limits(message=1_000, chunk=5_000, recipients=3, junk=6, errors=6)


def sink(**changed):
    return make_server(Config(sink=True, **changed))


def connect(server, door=PLAIN):
    return connect_to(server)(server, "127.0.0.1", door, {})


def talk(connection, segments):
    """What is said to each of the segments, every message by the same id."""
    said = [connection.greet()]
    for segment in segments:
        if connection.is_over:
            break
        assert connection.hear(segment) is None
        said.append(re.sub(rb"[0-9a-f]+-[0-9a-f]+(?=\r\n)", b"ID", connection.output()))
    return said


def seen(connection):
    """What the server sees of a client besides its words."""
    pace = connection.pace
    return connection.is_idle, connection.is_midway, pace.commands, pace.octets


# --- by rote or not, it is the same ---------------------------------------------------------------

PLAINLY = st.sampled_from([MAIL, RCPT, DATA, TEXT, MAIL + RCPT + DATA, b"MAIL FROM:<>\r\n"])
WHOLE = st.just(b"".join(MESSAGE))
LINES = st.sampled_from([*vocabulary.COMMANDS, *vocabulary.PIECES]).map(lambda line: line + b"\r\n")
OTHERS = LINES | st.sampled_from([*vocabulary.TEXTS, *vocabulary.CHUNKS])
TALKS = st.lists(PLAINLY | PLAINLY | WHOLE | OTHERS, max_size=20)


@profile()
@given(pieces=TALKS, cuts=st.sets(st.integers(0, 600), max_size=6))
def test_a_sink_says_to_everything_what_the_receiver_says(pieces, cuts):
    pieces = [HELLO, *pieces]
    octets = b"".join(pieces)
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < len(octets)), len(octets)]
    cut = [octets[a:b] for a, b in itertools.pairwise(edges)]

    async def compare():
        for segments in (pieces, cut):
            quick, careful = sink(limits=SMALL), sink(limits=SMALL)
            by_rote, thinking = connect(quick), Connection(careful, "127.0.0.1", PLAIN)
            assert talk(by_rote, segments) == talk(thinking, segments)
            assert seen(by_rote) == seen(thinking)
            assert quick.intake.takings == careful.intake.takings

    trio.run(compare)


async def test_what_the_property_compares_are_two_things():
    assert type(connect(sink(limits=SMALL))) is SinkConnection


INTERLUDES = {
    "RSET": [b"RSET\r\n"],
    "NOOP": [b"NOOP\r\n"],
    "another EHLO": [HELLO],
    "refusals": [b"WIBBLE\r\n", b"MAIL FROM:<a@b.test> X=1\r\n"],
    "a message in a chunk": [MAIL, RCPT, b"BDAT 3 LAST\r\nx\r\n"],
    "a message that is given up": [MAIL, RCPT, b"RSET\r\n"],
    "a text in two pieces": [MAIL, RCPT, DATA, b"x\r\n", b".\r\n"],
    "a text with a dot": [MAIL, RCPT, DATA, b"..x\r\n.\r\n"],
    "a bare line feed": [MAIL, RCPT, DATA, b"a\nb\r\n.\r\n"],
    "a parameter": [b"MAIL FROM:<a@b.test> SIZE=5\r\n", RCPT, DATA, TEXT],
    "too many recipients": [MAIL, RCPT * 2, RCPT * 2, DATA, TEXT],
    "a line in two pieces": [MAIL[:7], MAIL[7:], RCPT, DATA, TEXT],
    "nothing": [],
}


@pytest.mark.parametrize("interlude", INTERLUDES.values(), ids=INTERLUDES)
async def test_messages_go_on_after_whatever_comes_between(interlude):
    segments = [HELLO, *MESSAGE, *interlude, *MESSAGE, *MESSAGE]
    quick, careful = sink(limits=SMALL), sink(limits=SMALL)
    said = talk(connect(quick), segments)
    assert said == talk(Connection(careful, "127.0.0.1", PLAIN), segments)
    assert said[-1].startswith(b"250 2.0.0 Message accepted")
    assert quick.intake.takings == careful.intake.takings


async def test_idle_talk_is_counted_from_the_last_message_on():
    connection = connect(sink(limits=SMALL))
    noops = [b"NOOP\r\n"] * 6
    said = talk(connection, [HELLO, *MESSAGE, *noops, *MESSAGE, *noops])
    assert not connection.is_over
    assert talk(connection, [b"NOOP\r\n"])[-1].startswith(b"250 2.0.0 Nothing done\r\n421")
    assert b"421" not in b"".join(said)


# --- the sink as a server -------------------------------------------------------------------------


async def test_mail_for_anybody_is_taken_and_counted(tmp_path):
    server = server_in(tmp_path, sink=True)
    async with connected(server) as client:
        for to in ("nobody@example.test", "someone@elsewhere.test"):
            assert (await client.send(to, b"x\r\n")).startswith(b"250 2.0.0 Message accepted")
    assert str(server.intake.takings) == "2 messages, 6 octets"
    assert not (tmp_path / "mail").exists()


@pytest.mark.skipif(not HAS_EPOLL, reason="there is no epoll here")
async def test_a_crowd_is_served_by_rote(tmp_path):
    server = sink()
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    async with trio.open_nursery() as tasks:
        crowd = Crowd(server, tasks, connect_to(server))
        tasks.start_soon(crowd.serve)
        crowd.join(theirs, "127.0.0.1")
        client = Client(trio.SocketStream(trio.socket.from_stdlib_socket(ours)))
        await client.reply()
        for _ in range(3):
            assert (await client.send("x@y.test", b"x\r\n")).startswith(b"250 2.0.0 Message")
        await client.say(MAIL)
        crowd.ask_to_leave()  # which it need not within a transaction
        assert (await client.say(b"QUIT\r\n")).startswith(b"221")
        await client.stream.aclose()
        tasks.cancel_scope.cancel()
    assert server.intake.takings.messages == 3


async def test_who_is_at_rest_may_be_asked_to_leave():
    connection = connect(sink())
    talk(connection, [HELLO])
    for octets, is_idle in zip(MESSAGE, [False, False, False, True], strict=True):
        connection.hear(octets)
        assert connection.is_idle is is_idle
        connection.output()


@pytest.mark.parametrize("kind", [Kind.SUBMISSION, Kind.LMTP])
async def test_other_services_are_given_by_the_receiver_alone(kind):
    assert type(connect(sink(), Door(kind))) is Connection


async def test_who_keeps_a_log_sees_everything(tmp_path):
    server = sink(log=Logging(path=tmp_path / "log"))
    assert type(connect(server)) is Connection


async def test_a_liar_thinks_about_every_lie():
    assert type(connect(sink(fault="lf-dot-lf"))) is Connection


def test_a_server_that_keeps_mail_is_no_sink(tmp_path):
    assert connect_to(server_in(tmp_path)) is Connection


async def test_when_the_rules_change_the_words_do():
    server = sink()
    made = connect_to(server)
    answers = dict(server.rules.answers)
    before = made(server, "127.0.0.1", PLAIN, {})
    assert b"250 2.1.0 Sender ok" in talk(before, [HELLO, MAIL])[-1]
    without = {k: v for k, v in server.rules.extensions.items() if k != "ENHANCEDSTATUSCODES"}
    server.obey(replace(server.rules, answers=answers, extensions=without), server.house)
    after = made(server, "127.0.0.1", PLAIN, {})
    assert talk(after, [HELLO, MAIL])[-1] == b"250 Sender ok\r\n"
    assert b"250 2.1.5 Recipient ok" in talk(before, [RCPT])[-1]
