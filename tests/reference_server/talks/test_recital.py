from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.protocol.receiver import RULES, Receiver, Speech
from reference_server.doors.limits import Allowance, Pace
from reference_server.server import Desk
from reference_server.smtp_sink.witness import make_witness
from reference_server.talks.recital import Recital
from reference_server.talks.rote import learn
from tests.fuzz.profile import profile

MAIL, RCPT, DATA = b"MAIL FROM:<a@b.test>\r\n", b"RCPT TO:<c@d.test>\r\n", b"DATA\r\n"
TEXT = b"Subject: x\r\n\r\nhello\r\n.\r\n"
SENDER_OK, RECIPIENT_OK = b"250 2.1.0 Sender ok\r\n", b"250 2.1.5 Recipient ok\r\n"
GO_AHEAD = b'354 Enter mail, end with "." on a line by itself\r\n'
ACCEPTED = b"250 2.0.0 Message accepted for delivery as %d\r\n"


class Obliging(Recital):
    """Admits everybody, and keeps contents for a test to look at."""

    def __init__(self, rote, *, extended):
        self.pace = Pace(Allowance(), 0.0)
        self.contents = []
        super().__init__(rote, self.pace, make_witness(lambda *_: None), extended=extended)

    def admits(self, found):
        return b"unwelcome" not in found[0]

    def end(self, content):
        self.contents.append(content)
        return ACCEPTED % len(self.contents)


def recital(rules=RULES, *, extended=True):
    rote = learn(Desk(rules, Speech(rules.answers, "example.test")))
    assert rote is not None
    return Obliging(rote, extended=extended)


# --- what is known by rote ------------------------------------------------------------------------

TALKS = {
    "line by line": [
        (MAIL, SENDER_OK),
        (RCPT, RECIPIENT_OK),
        (RCPT, RECIPIENT_OK),
        (DATA, GO_AHEAD),
        (TEXT, ACCEPTED % 1),
        (MAIL, SENDER_OK),
    ],
    "in groups": [
        (MAIL + RCPT * 3 + DATA, SENDER_OK + RECIPIENT_OK * 3 + GO_AHEAD),
        (TEXT, ACCEPTED % 1),
        (MAIL + RCPT, SENDER_OK + RECIPIENT_OK),
        (RCPT * 2, RECIPIENT_OK * 2),
        (RCPT + DATA, RECIPIENT_OK + GO_AHEAD),
        (TEXT, ACCEPTED % 2),
    ],
}


@pytest.mark.parametrize("talk", TALKS.values(), ids=TALKS)
def test_messages_that_are_spelled_plainly_are_taken(talk):
    ours = recital()
    assert [ours.take(said) for said, _ in talk] == [(answer, b"") for _, answer in talk]
    assert set(ours.contents) == {TEXT[:-3]}


def test_what_follows_a_text_is_left():
    ours = recital()
    ours.take(MAIL + RCPT + DATA)
    assert ours.take(TEXT + b"RSET\r\n" + MAIL) == (ACCEPTED % 1, b"RSET\r\n" + MAIL)


def test_commands_and_texts_are_counted():
    ours = recital()
    for octets, commands, lines in [(MAIL + RCPT, 2, 2), (DATA, 3, 3), (TEXT, 4, 0), (MAIL, 5, 1)]:
        ours.take(octets)
        assert (ours.pace.commands, ours.lines) == (commands, lines)


def test_the_receiver_has_missed_what_is_under_way():
    ours = recital()
    for said, is_in_text in [(MAIL, False), (RCPT, False), (DATA, True)]:
        ours.take(said)
        assert (ours.is_idle, ours.is_in_text) == (False, is_in_text)
    assert ours.missed == MAIL + RCPT + DATA
    ours.take(TEXT)
    assert ours.missed == b""
    assert ours.is_idle


# --- what is not ----------------------------------------------------------------------------------

BEGINNINGS = {"": b"", "MAIL": MAIL, "RCPT": MAIL + RCPT, "DATA": MAIL + RCPT + DATA}
STRANGE = {
    "": [
        *(RCPT, DATA, TEXT, b"NOOP\r\n", b"QUIT\r\n", MAIL[:-1], MAIL[:-2] + b"\n", b"\r\n", b"x"),
        *(MAIL + MAIL, MAIL + DATA, MAIL + b"NOOP\r\n", MAIL + RCPT + DATA + TEXT),
        *(b"mail from:<a@b.test>\r\n", b"MAIL FROM: <a@b.test>\r\n"),
        *(b"MAIL FROM:<a@b.test> \r\n", b"MAIL FROM:<a@b.test> SIZE=\r\n"),
        *(b"MAIL FROM:<a@b.test> SIZE=x\r\n", b"MAIL FROM:<a@b.test> SIZE=1 SIZE=1\r\n"),
        *(b"MAIL FROM:<a@b.test> size=1\r\n", b"MAIL FROM:<a@b.test> SIZE=1 BODY=7BIT\r\n"),
        b"MAIL FROM:<a@b.test>  SIZE=1\r\n",
        *(
            b"MAIL FROM:<a@b_c.test>\r\n",
            b"MAIL FROM:<a@-b.test>\r\n",
            b"MAIL FROM:<a@b-.test>\r\n",
        ),
        *(
            b"MAIL FROM:<.a@b.test>\r\n",
            b"MAIL FROM:<a..b@b.test>\r\n",
            b"MAIL FROM:<a.@b.test>\r\n",
        ),
        *(b'MAIL FROM:<"a"@b.test>\r\n', b"MAIL FROM:<@x.test:a@b.test>\r\n"),
        *(b"MAIL FROM:<a@[127.0.0.1]>\r\n", b"MAIL FROM:<a>\r\n", b"MAIL FROM:<\xe9@b.test>\r\n"),
        *(b"MAIL FROM:<a@%b.test>\r\n" % (b"b" * 64), b"MAIL FROM:<%b@b.test>\r\n" % (b"a" * 65)),
    ],
    "MAIL": [MAIL, DATA, b"RCPT TO:<>\r\n", b"RCPT TO:<postmaster>\r\n", b"RSET\r\n"],
    "RCPT": [MAIL, b"DATA \r\n", b"data\r\n", DATA + TEXT, b"BDAT 1 LAST\r\nx"],
    "DATA": [b".\r\n", b"x\r\n", b"x\r\n..\r\n.\r\n", b"a\nb\r\n.\r\n"],
}


@pytest.mark.parametrize(
    ("stage", "octets"), [(stage, octets) for stage, row in STRANGE.items() for octets in row]
)
def test_all_else_is_for_the_receiver(stage, octets):
    ours = recital()
    ours.take(BEGINNINGS[stage])
    said, rest = ours.take(octets)
    assert said == b""
    assert rest is octets
    assert ours.missed == BEGINNINGS[stage]
    assert not ours.contents


def test_what_somebody_objects_to_is_for_the_receiver_to_refuse():
    ours = recital()
    for octets in (b"MAIL FROM:<unwelcome@b.test>\r\n", MAIL + b"RCPT TO:<unwelcome@b.test>\r\n"):
        assert ours.take(octets)[1] is octets
    assert ours.is_idle


def test_limits_are_for_the_receiver_to_enforce():
    ours = recital(replace(RULES, limits=replace(RULES.limits, message=10, recipients=3)))
    assert ours.take(MAIL + RCPT * 3) == (b"", MAIL + RCPT * 3)
    ours.take(MAIL + RCPT + DATA)
    assert ours.take(b"123456789\r\n.\r\n") == (b"", b"123456789\r\n.\r\n")
    assert ours.take(b"12345678\r\n.\r\n") == (ACCEPTED % 1, b"")


SIZED = b"MAIL FROM:<a@b.test> SIZE=%d\r\n"


def test_a_size_may_be_declared_by_who_said_ehlo():
    assert recital().take(SIZED % 17 + RCPT) == (SENDER_OK + RECIPIENT_OK, b"")
    assert recital(extended=False).take(SIZED % 17)[1] == SIZED % 17


@pytest.mark.parametrize(
    "rules",
    [
        replace(RULES, extensions={k: v for k, v in RULES.extensions.items() if k != "SIZE"}),
        replace(RULES, extensions=RULES.extensions | {"SIZE": RULES.extensions["DSN"]}),
        replace(RULES, check_parameters=lambda parameters, offered, which: None),
        replace(RULES, limits=replace(RULES.limits, message=9)),
    ],
)
def test_where_sizes_are_another_matter_they_are_for_the_receiver(rules):
    ours = recital(rules)

    assert ours.take(SIZED % 1)[1] == SIZED % 1
    assert ours.take(MAIL) == (SENDER_OK, b"")


def test_a_size_that_may_be_too_large_is_for_the_receiver():
    ours = recital(replace(RULES, limits=replace(RULES.limits, message=1_000)))

    assert ours.take(SIZED % 1_000)[1] == SIZED % 1_000
    assert ours.take(SIZED % 999) == (SENDER_OK, b"")


# --- what the receiver says -----------------------------------------------------------------------

ATEXT = "abcXYZ019-!#$%&'*+/=?^_`{|}~"
ATOMS = st.text(ATEXT, min_size=1, max_size=20)
LETTERS = st.text("abcXYZ019", min_size=1, max_size=20)
ADDRESSES = st.builds(
    "{}@{}".format,
    st.lists(ATOMS, min_size=1, max_size=5).map(".".join),
    st.lists(LETTERS, min_size=1, max_size=5).flatmap(
        lambda words: st.sampled_from(".-").map(lambda dot: dot.join(words))
    ),
)


@profile()
@given(address=ADDRESSES, size=st.sampled_from(["", " SIZE=1", " SIZE=9999999", " SIZE=10485760"]))
def test_what_is_taken_is_answered_as_the_receiver_does(address, size):
    ours = recital()
    receiver = Receiver(RULES, speech=Speech(RULES.answers, "example.test"))
    commands = [f"MAIL FROM:<{address}>{size}\r\n", f"RCPT TO:<{address}>\r\n", "DATA\r\n"]
    heard(receiver, b"EHLO c.test\r\n")
    for octets in map(str.encode, commands):
        said, rest = ours.take(octets)
        answer = heard(receiver, octets)
        assert rest or said == answer


def heard(receiver, octets):
    receiver.feed(octets)
    while (event := receiver.next_event()) is not None:
        receiver.answer(event.said)
    return receiver.output()


@pytest.mark.parametrize("address", ["sender@client.example.test", "user17@x.test", "a.b+c@x-y.z"])
def test_the_usual_addresses_are_known(address):
    ours = recital()
    assert ours.take(f"MAIL FROM:<{address}>\r\nRCPT TO:<{address}>\r\n".encode())[1] == b""
