import itertools
import re
from dataclasses import replace

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from harness.protocol.receiver import RULES, Limits
from reference_server.doors.door import PLAIN, Door, Kind
from reference_server.intake.directory import Directory
from reference_server.intake.intake import Intake
from reference_server.intake.policy import House
from reference_server.lies import LIES
from reference_server.server import Server
from reference_server.talks.connection import Connection
from reference_server.talks.reciting import Hostess, RecitingConnection
from reference_server.talks.sink import Sink, SinkConnection, unstamped
from tests.fuzz import vocabulary
from tests.fuzz.profile import profile

HELLO = b"EHLO c.test\r\n"
MAIL, RCPT, DATA = b"MAIL FROM:<a@b.test>\r\n", b"RCPT TO:<c@d.test>\r\n", b"DATA\r\n"
TEXT = b"Subject: x\r\n\r\nhello\r\n.\r\n"
MESSAGE = [MAIL, RCPT, DATA, TEXT]
NOBODY = b"RCPT TO:<nobody@d.test>\r\n"
UNLUCKY = b"unlucky\r\n.\r\n"
# Small, so that a talk of a few lines gets to each of them.
LIMITS = Limits(message=1_000, chunk=5_000, recipients=3, junk=6, errors=6)


class Shelf:
    """Keeps deliveries where a test can look at them, but for the unlucky."""

    def __init__(self, *, waits):
        self.waits = waits
        self.kept = []

    def keep_all(self, deliveries):
        return [self._keep(delivery) for delivery in deliveries]

    def _keep(self, delivery):
        if any(b"unlucky" in octets for octets in delivery.copies.values()):
            return OSError("no space")
        self.kept.append({name: without_id(octets) for name, octets in delivery.copies.items()})
        return None


class Site:
    """A server of some kind, and what became of its mail."""

    def __init__(self, kind, rules=RULES, **changed):
        users = {"c", "alice"}
        directory = Directory(
            domain="d.test", has_user=users.__contains__, takes_all=kind == "sink"
        )
        house = House(directory=directory, null_mx=frozenset({"nowhere.test"}))
        self.shelf = Shelf(waits=kind == "waits")
        self.server = Server(
            house=house,
            intake=Sink(house) if kind == "sink" else Intake(house, self.shelf, inline=True),
            rules=replace(rules, limits=LIMITS, stamp=unstamped if kind == "sink" else rules.stamp),
            **changed,
        )
        recites = SinkConnection if kind == "sink" else RecitingConnection
        self.hostess = Hostess(recites)

    def reciting(self, door=PLAIN):
        return self.hostess(self.server, "127.0.0.1", door, {})

    def thinking(self):
        return Connection(self.server, "127.0.0.1", PLAIN, {})

    @property
    def taken(self):
        intake = self.server.intake
        return intake.takings if isinstance(intake, Sink) else self.shelf.kept


def without_id(octets):
    octets = re.sub(rb"[0-9a-f]{9,}-[0-9a-f]+(?=[;\r])", b"ID", octets)
    return re.sub(rb";\r\n\t[A-Z][a-z]{2}, [^\r]*\r\n", b"; DATE\r\n", octets)


async def talk(connection, segments):
    """What is said to each of the segments, every message by the same id."""
    said = [connection.greet()]
    for segment in segments:
        if connection.is_over:
            break
        waiting = connection.hear(segment)
        words = connection.output()
        while waiting is not None:
            await connection.attend(waiting, None)
            waiting = connection.go_on()
            words += connection.output()
        said.append(without_id(words))
    return said


def seen(connection):
    """What the server sees of a client besides its words."""
    pace = connection.pace
    return connection.is_idle, connection.is_midway, pace.commands, pace.octets


async def assert_the_same(kind, segments):
    one, other = Site(kind), Site(kind)
    by_rote, thinking = one.reciting(), other.thinking()
    assert type(by_rote) is not Connection
    said = await talk(by_rote, segments)
    assert said == await talk(thinking, segments)
    assert by_rote.is_over is thinking.is_over
    if not by_rote.is_over:
        assert seen(by_rote) == seen(thinking)
    assert one.taken == other.taken
    return said


KINDS = ("sink", "takes at once", "waits")
SIZED = b"MAIL FROM:<a@b.test> SIZE=5\r\n"
NULL = b"MAIL FROM:<>\r\n"
SIZES = [SIZED, SIZED + RCPT + DATA, *(SIZED.replace(b"5", n) for n in (b"999", b"1000", b"99999"))]
PLAINLY = st.sampled_from([MAIL, RCPT, DATA, TEXT, MAIL + RCPT + DATA, NULL, *SIZES])
WHOLE = st.just(b"".join(MESSAGE))
LINES = st.sampled_from([*vocabulary.COMMANDS, *vocabulary.PIECES]).map(lambda line: line + b"\r\n")
OTHERS = LINES | st.sampled_from([*vocabulary.TEXTS, *vocabulary.CHUNKS, NOBODY, UNLUCKY])
TALKS = st.lists(PLAINLY | PLAINLY | WHOLE | OTHERS, max_size=20)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@profile()
@given(pieces=TALKS, cuts=st.sets(st.integers(0, 600), max_size=6))
def test_all_is_answered_and_taken_as_the_receiver_does_it(kind, pieces, cuts):
    pieces = [HELLO, *pieces]
    octets = b"".join(pieces)
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < len(octets)), len(octets)]
    trio.run(assert_the_same, kind, pieces)
    trio.run(assert_the_same, kind, [octets[a:b] for a, b in itertools.pairwise(edges)])


INTERLUDES = {
    "RSET": [b"RSET\r\n"],
    "NOOP": [b"NOOP\r\n"],
    "another EHLO": [HELLO],
    "refusals": [b"WIBBLE\r\n", b"MAIL FROM:<a@b.test> X=1\r\n"],
    "a message in a chunk": [MAIL, RCPT, b"BDAT 3 LAST\r\nx\r\n"],
    "a message that is given up": [MAIL, RCPT, b"RSET\r\n"],
    "a message for nobody": [MAIL, NOBODY, b"RSET\r\n"],
    "a message for one who is here": [MAIL, NOBODY, RCPT, DATA, TEXT],
    "a message that the disk refuses": [MAIL, RCPT, DATA, UNLUCKY],
    "a message for two": [MAIL + RCPT + b"RCPT TO:<alice@d.test>\r\n" + DATA, TEXT],
    "a text in two pieces": [MAIL, RCPT, DATA, b"x\r\n", b".\r\n"],
    "a text with a dot": [MAIL, RCPT, DATA, b"..x\r\n.\r\n"],
    "a bare line feed": [MAIL, RCPT, DATA, b"a\nb\r\n.\r\n"],
    "a size": [SIZED, RCPT, DATA, TEXT],
    "a size that is given up": [SIZED, RCPT, b"RSET\r\n"],
    "a size that is too large": [SIZED.replace(b"5", b"99999999"), RCPT, b"RSET\r\n"],
    "a size after HELO": [b"HELO c.test\r\n", *MESSAGE, SIZED, *MESSAGE],
    "HELO, and EHLO": [b"HELO c.test\r\n", *MESSAGE, HELLO, *MESSAGE, SIZED, RCPT, DATA, TEXT],
    "another parameter": [b"MAIL FROM:<a@b.test> BODY=8BITMIME\r\n", RCPT, DATA, TEXT],
    "too many recipients": [MAIL, RCPT * 2, RCPT * 2, DATA, TEXT],
    "a line in two pieces": [MAIL[:7], MAIL[7:], RCPT, DATA, TEXT],
    "pipelining": [MAIL + RCPT + DATA, TEXT + MAIL + RCPT + DATA, TEXT],
    "pipelining with dots": [MAIL + RCPT + DATA, b"..x\r\n.\r\n" + MAIL + RCPT + DATA, TEXT],
    "pipelining with a size": [SIZED + RCPT + DATA, b"..x\r\n.\r\n" + SIZED + RCPT + DATA, TEXT],
    "pipelining, and then not": [MAIL + RCPT + DATA, TEXT + MAIL + RCPT + b"RSET\r\n"],
    "pipelining behind a refusal": [MAIL + RCPT + DATA, UNLUCKY + MAIL + RCPT + DATA, TEXT],
    "nothing": [],
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("interlude", INTERLUDES.values(), ids=INTERLUDES)
async def test_messages_go_on_after_whatever_comes_between(kind, interlude):
    said = await assert_the_same(kind, [HELLO, *MESSAGE, *interlude, *MESSAGE, *MESSAGE])
    assert said[-1].startswith(b"250 2.0.0 Message accepted")


@pytest.mark.parametrize("kind", KINDS)
async def test_what_looks_like_many_ends_of_texts_is_heard_at_once(kind):
    ends = b"\r\n.\r\n" * 900
    chunk = b"BDAT %d LAST\r\n" % len(ends) + ends
    said = await assert_the_same(kind, [HELLO, MAIL, RCPT, chunk[:30], chunk[30:], *MESSAGE])
    assert said[-1].startswith(b"250 2.0.0 Message accepted")


@pytest.mark.parametrize("kind", KINDS)
async def test_idle_talk_is_counted_from_the_last_message_on(kind):
    noops = [b"NOOP\r\n"] * 6
    said = await assert_the_same(kind, [HELLO, *MESSAGE, *noops, *MESSAGE, *noops, noops[0]])
    assert [b"421" in words for words in said] == [False] * (len(said) - 1) + [True]


@pytest.mark.parametrize("kind", ["takes at once", "waits"])
async def test_after_the_last_refusal_nothing_is_said(kind):
    unlucky = [MAIL + RCPT + DATA, UNLUCKY]
    said = await assert_the_same(kind, [HELLO, *unlucky * 5, unlucky[0], UNLUCKY + MAIL])
    assert said[-1].startswith(b"452 4.3.1 Insufficient system storage\r\n421 4.7.0")
    assert said[-1].count(b"\r\n") == 2


async def test_room_is_asked_for_before_each_message():
    site = Site("takes at once")
    rooms = iter([True, False])
    site.server.intake = Intake(
        site.server.house, site.shelf, has_room=lambda size: next(rooms, False)
    )
    said = await talk(site.reciting(), [HELLO, *MESSAGE, MAIL])
    assert said[-1].startswith(b"452 4.3.1")


async def test_room_is_asked_for_as_much_as_is_declared():
    site = Site("takes at once")
    site.server.intake = Intake(site.server.house, site.shelf, has_room=lambda size: size < 100)
    enough, too_much = (SIZED.replace(b"5", size) for size in (b"99", b"100"))
    said = await talk(site.reciting(), [HELLO, *MESSAGE, enough, b"RSET\r\n", *MESSAGE, too_much])

    assert said[6].startswith(b"250")
    assert said[-1].startswith(b"452 4.3.1")


FULL = {
    "a text in pieces": (
        [HELLO, SIZED.replace(b"5", b"999"), RCPT, DATA],
        [b"x\r\n", b"NOOP\r\n.\r\n"],
    ),
    "a text": ([HELLO, MAIL, RCPT, DATA], [TEXT * 9]),
    "a size": ([HELLO], [SIZED.replace(b"5", b"900")]),
    "a size and its recipient": ([HELLO], [SIZED.replace(b"5", b"900") + RCPT]),
    "a small one": ([HELLO], [SIZED, RCPT, DATA, b"x\r\n.\r\n"]),
    "a recipient": ([HELLO, SIZED.replace(b"5", b"900")], [RCPT, b"NOOP\r\n", DATA, TEXT]),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("before", "then"), FULL.values(), ids=FULL)
@pytest.mark.parametrize("left", [0, 10, 200])
async def test_where_others_fill_our_memory_all_is_as_the_receiver_does_it(
    kind, before, then, left
):
    said = []
    for how in (Site.reciting, Site.thinking):
        site = Site(kind)
        connection = how(site)
        await talk(connection, before)
        site.server.budget.taken += site.server.budget.most - left
        words = await talk(connection, [*then, MAIL, RCPT])
        said.append((words[1:], seen(connection), site.taken))  # it greets again: a talk does

    assert said[0] == said[1]


async def test_what_was_declared_belongs_to_the_envelope():
    connection = Site("waits").reciting()
    await talk(connection, [HELLO])
    assert connection.hear(SIZED + RCPT + DATA) is None
    sized = connection.hear(TEXT)
    await connection.attend(sized, None)
    assert connection.go_on() is None
    assert connection.hear(MAIL + RCPT + DATA) is None

    assert sized.envelope.parameters == (("SIZE", "5"),)
    assert connection.hear(TEXT).envelope.parameters == ()


async def test_who_cannot_be_answered_is_refused():
    connection = Site("takes at once").reciting()
    unanswerable = b"MAIL FROM:<a@nowhere.test>\r\n"
    said = await talk(connection, [HELLO, *MESSAGE, unanswerable, MAIL])
    assert said[-2].startswith(b"550 5.7.27")
    assert said[-1].startswith(b"250")


async def test_who_is_not_here_any_more_is_refused():
    site = Site("takes at once")
    connection = site.reciting()
    assert (await talk(connection, [HELLO, *MESSAGE, MAIL, RCPT]))[-1].startswith(b"250")
    house = site.server.house
    emptied = replace(house, directory=replace(house.directory, has_user=lambda name: False))
    site.server.obey(site.server.rules, emptied)
    assert (await talk(connection, [RCPT]))[-1].startswith(b"550 5.1.1")


# --- who recites ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Kind.SUBMISSION, Kind.LMTP])
async def test_other_services_are_given_by_the_receiver_alone(kind):
    assert type(Site("sink").reciting(Door(kind))) is Connection


class Curious:
    def opened(self, visit):
        pass


async def test_who_watches_sees_everything():
    assert type(Site("waits", watchers=(Curious(),)).reciting()) is Connection


async def test_a_liar_thinks_about_every_lie():
    assert type(Site("waits", LIES["lf-dot-lf"].rules).reciting()) is Connection


async def test_when_the_rules_change_the_words_do():
    site = Site("sink")
    before = site.reciting()
    assert (await talk(before, [HELLO, MAIL]))[-1] == b"250 2.1.0 Sender ok\r\n"
    rules = site.server.rules
    without = {k: row for k, row in rules.extensions.items() if k != "ENHANCEDSTATUSCODES"}
    site.server.obey(replace(rules, extensions=without), site.server.house)
    assert (await talk(site.reciting(), [HELLO, MAIL]))[-1] == b"250 Sender ok\r\n"
    assert (await talk(before, [RCPT]))[-1] == b"250 2.1.5 Recipient ok\r\n"


@pytest.mark.parametrize("kind", KINDS)
async def test_who_is_within_no_transaction_may_be_asked_to_leave(kind):
    connection = Site(kind).reciting()
    await talk(connection, [HELLO])
    for segment, is_idle in zip(MESSAGE, [False, False, False, True], strict=True):
        await talk(connection, [segment])
        assert connection.is_idle is is_idle
