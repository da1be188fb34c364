import pytest

from harness.protocol.order import Verb
from reference_server.faults.model import Drop, Stage, Trick
from reference_server.faults.notation import read_reply
from reference_server.smtp_sink.behaviour import make_faults, make_house, make_rules
from reference_server.smtp_sink.letters import Letters, Wait


def letters(**said) -> Letters:
    return Letters(**{"where": ":25", "backlog": 10} | said)


def one(*names):
    return frozenset(names)


HARD, SOFT = (
    read_reply("500 5.3.0 Refused on purpose"),
    read_reply("450 4.3.0 Refused on purpose, for now"),
)
CLOSED = read_reply("421 4.0.0 Closed on purpose")

ROWS = {
    "nothing": ({}, {}),
    "hard": ({"fails": one("mail")}, {Stage.MAIL: Trick(reply=HARD)}),
    "soft": ({"defers": one(".")}, {Stage.DOT: Trick(reply=SOFT)}),
    "421": ({"closes": one("connect")}, {Stage.GREETING: Trick(reply=CLOSED)}),
    "hang up": ({"drops": one("quit")}, {Stage.QUIT: Trick(drop=Drop.CLOSE)}),
    "words": (
        {"fails": one("rcpt"), "hard": read_reply("554 no")},
        {Stage.RCPT: Trick(reply=read_reply("554 no"))},
    ),
    "no enhanced codes": (
        {"fails": one("rcpt"), "without": one("ENHANCEDSTATUSCODES")},
        {Stage.RCPT: Trick(reply=read_reply("500 Refused on purpose"))},
    ),
    "the hardest counts": (
        {"defers": one("mail"), "fails": one("mail"), "drops": one("mail")},
        {Stage.MAIL: Trick(drop=Drop.CLOSE)},
    ),
    "hard before soft": (
        {"defers": one("mail"), "fails": one("mail")}, {Stage.MAIL: Trick(reply=HARD)},
    ),
    "waiting": ({"waits": {"data": Wait(2)}}, {Stage.DATA: Trick(delay=2)}),
    "waiting again": (
        {"waits": {"noop": Wait(2, 0.3)}}, {Stage.NOOP: Trick(delay=2, again=0.3)},
    ),
    "waiting to refuse": (
        {"waits": {"mail": Wait(2)}, "fails": one("mail")},
        {Stage.MAIL: Trick(delay=2, reply=HARD)},
    ),
    "late": ({"late": 3.0}, {Stage.TEXT: Trick(delay=3)}),
    "broken off": (
        {"abort": 0.0, "late": 3.0},
        {Stage.TEXT: Trick(reply=read_reply("550 5.3.0 Broken off on purpose"), drop=Drop.CLOSE)},
    ),
    "what we do not know": ({"fails": one("xclient", "xforward")}, {}),
}  # fmt: skip


@pytest.mark.parametrize(("said", "expected"), ROWS.values(), ids=ROWS)
def test_letters_are_rows_of_faults(said, expected):
    table = make_faults(letters(**said))
    assert {row.stages[0]: row.trick for row in table.rows} == expected


def test_all_that_is_offered_may_be_switched_off():
    assert set(make_rules(letters()).extensions) == {
        "PIPELINING", "8BITMIME", "AUTH", "ENHANCEDSTATUSCODES", "DSN",
    }  # fmt: skip
    less = make_rules(letters(without=one("DSN", "AUTH"))).extensions
    assert set(less) == {"PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"}


def test_no_esmtp_is_no_ehlo():
    assert Verb.EHLO in make_rules(letters()).verbs
    assert Verb.EHLO not in make_rules(letters(plain=True)).verbs
    assert Verb.EHLO not in make_rules(letters(pix=True)).verbs


def test_everybody_has_every_password_or_nobody_may_log_in():
    accounts = make_house(letters()).accounts
    assert accounts is not None
    assert accounts.knows_password("anybody", "anything")
    assert make_house(letters(without=one("AUTH"))).accounts is None
