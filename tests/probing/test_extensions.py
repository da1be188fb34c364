"""Each extension is shown to work, to be broken, or not to be there."""

from __future__ import annotations

import pytest

from harness.probing.card import Judged, Verdict
from harness.probing.extensions import EXTENSIONS, UNKNOWN, judge, judge_extensions
from harness.probing.shows import Shown
from harness.probing.visiting import Visitor
from harness.wire import Log
from tests.probing.peers import HANGS_UP, Peer, Say, strict

WORKS, BROKEN, UNADVERTISED, ABSENT, UNPROVEN, TOLD = Verdict


@pytest.mark.parametrize(
    ("offered", "shown", "verdict"),
    [
        (("x",), Shown(True), WORKS),
        (("x",), Shown(True, proves=False), WORKS),
        (("x",), Shown(False), BROKEN),
        (("x",), Shown(None), UNPROVEN),
        (None, Shown(True), UNADVERTISED),
        (None, Shown(True, proves=False), ABSENT),
        (None, Shown(False), ABSENT),
        (None, Shown(None), ABSENT),
        (("x",), None, TOLD),
    ],
)
def test_what_is_thought_of_it_follows_from_offer_and_showing(offered, shown, verdict):
    judged = judge(offered, shown)

    assert judged.verdict is verdict
    assert judged.parameters == (offered or ())


def sized(most: int) -> Say:
    def reply(line: str) -> str:
        for word in line.split():
            name, _, value = word.partition("=")
            if name == "SIZE":
                if not value.isdecimal():
                    return "501 no number"
                return "250 fine" if int(value) <= most else "552 too much"
        return strict()(line)

    return reply


def dsn(line: str) -> str:
    known = ("RET=HDRS", "ENVID=smtp-harness", "NOTIFY=SUCCESS,FAILURE")
    return strict(*known, "ORCPT=rfc822;x@example.test")(line)


def anything(line: str) -> str:
    return "250 fine"


DSN = {"MAIL": dsn, "RCPT": dsn}
BODY = strict("BODY=8BITMIME", "BODY=BINARYMIME")
CODELESS = {"MAIL": "250 fine", "RSET": "250 fine", "NOOP": "250 fine", "RCPT": "501 no"}
CODED = {"X-SMTP-HARNESS": "500 5.5.1 what?", "RCPT": "501 5.1.3 no"}

# what is offered, the answers -> the keyword, what is to be thought of it, words of the note
ROWS = {
    "pipelining works": ("PIPELINING", {}, "PIPELINING", WORKS, ""),
    "pipelining works unadvertised": ("", {}, "PIPELINING", UNADVERTISED, ""),
    "pipelining where TLS comes first": (
        "PIPELINING",
        {"MAIL": "530 5.7.0 TLS first"},
        "PIPELINING",
        WORKS,
        "",
    ),
    "pipelining hung up on": ("PIPELINING", {"RCPT": HANGS_UP}, "PIPELINING", BROKEN, "closed"),
    "pipelining out of order": (
        "PIPELINING",
        {"X-SMTP-HARNESS": "250 why not"},
        "PIPELINING",
        BROKEN,
        "250 250 250 250 501 250",
    ),
    "size works": ("SIZE 1000", {"MAIL": sized(1000)}, "SIZE", WORKS, ""),
    "size without a limit": ("SIZE", {"MAIL": sized(10**9)}, "SIZE", WORKS, ""),
    "size that takes any word": ("SIZE 0", {"MAIL": anything}, "SIZE", BROKEN, "SIZE=large"),
    "size that is too much": ("SIZE 1000", {"MAIL": sized(9999)}, "SIZE", BROKEN, "SIZE=1001"),
    "size that is too little": ("SIZE 1000", {"MAIL": sized(999)}, "SIZE", BROKEN, "SIZE=1000"),
    "no size": ("", {}, "SIZE", ABSENT, "SIZE=1"),
    "8-bit works": ("8BITMIME", {"MAIL": BODY}, "8BITMIME", WORKS, ""),
    "8-bit works unadvertised": ("", {"MAIL": BODY}, "8BITMIME", UNADVERTISED, ""),
    "8-bit not understood": ("8BITMIME", {}, "8BITMIME", BROKEN, "BODY=8BITMIME was answered 555"),
    "8-bit that takes anything": ("8BITMIME", {"MAIL": anything}, "8BITMIME", BROKEN, "NONSENSE"),
    "8-bit by who takes anything": ("", {"MAIL": anything}, "8BITMIME", ABSENT, "NONSENSE"),
    "8-bit behind a log-in": ("8BITMIME", {"MAIL": "530 no"}, "8BITMIME", UNPROVEN, "530 no"),
    "8-bit put off": ("8BITMIME", {"MAIL": "451 later"}, "8BITMIME", UNPROVEN, "451 later"),
    "8-bit hung up on": ("8BITMIME", {"MAIL": HANGS_UP}, "8BITMIME", BROKEN, "closed"),
    "utf-8 works": ("SMTPUTF8", {"MAIL": strict("SMTPUTF8")}, "SMTPUTF8", WORKS, ""),
    "utf-8 by who takes anything": ("", {"MAIL": anything}, "SMTPUTF8", ABSENT, "any parameter"),
    "utf-8 offered by who takes anything": (
        "SMTPUTF8",
        {"MAIL": anything},
        "SMTPUTF8",
        WORKS,
        "takes any parameter",
    ),
    "chunking works": ("CHUNKING", {"BDAT": "250 fine"}, "CHUNKING", WORKS, ""),
    "chunking works unadvertised": ("", {"BDAT": "250 fine"}, "CHUNKING", UNADVERTISED, ""),
    "chunking that RSET does not end": (
        "CHUNKING",
        {"BDAT": "250 fine", "RSET": "503 no"},
        "CHUNKING",
        BROKEN,
        "RSET behind it: 503 no",
    ),
    "chunking without a recipient": (
        "CHUNKING",
        {"BDAT": "503 no", "RCPT": "550 no"},
        "CHUNKING",
        UNPROVEN,
        "no recipient",
    ),
    "no chunking": ("", {}, "CHUNKING", ABSENT, "BDAT was answered 500"),
    "dsn works": ("DSN", DSN, "DSN", WORKS, ""),
    "dsn without RET": ("DSN", {}, "DSN", BROKEN, "RET=HDRS"),
    "dsn without NOTIFY": ("DSN", {"MAIL": dsn}, "DSN", BROKEN, "NOTIFY=SUCCESS,FAILURE"),
    "dsn that takes any NOTIFY": (
        "DSN",
        DSN | {"RCPT": anything},
        "DSN",
        BROKEN,
        "NOTIFY=NEVER,SUCCESS",
    ),
    "dsn that takes any RET": ("DSN", DSN | {"MAIL": anything}, "DSN", BROKEN, "RET=NOTHING"),
    "dsn without a recipient": ("DSN", DSN | {"RCPT": "550 no"}, "DSN", WORKS, ""),
    "codes everywhere": ("ENHANCEDSTATUSCODES", CODED, "ENHANCEDSTATUSCODES", WORKS, ""),
    "codes unadvertised": ("", CODED, "ENHANCEDSTATUSCODES", UNADVERTISED, ""),
    "codes but for some": ("ENHANCEDSTATUSCODES", CODED | {"NOOP": "250 fine"},
                           "ENHANCEDSTATUSCODES", BROKEN, "not in the reply to NOOP"),
    "codes of the wrong class": ("ENHANCEDSTATUSCODES", CODED | {"NOOP": "250 5.0.0 fine"},
                                 "ENHANCEDSTATUSCODES", BROKEN, "not in the reply to NOOP"),
    "no codes": ("", CODELESS, "ENHANCEDSTATUSCODES", ABSENT, "no reply has one"),
    "tls refused": ("STARTTLS", {"STARTTLS": "454 no"}, "STARTTLS", BROKEN, "454 no"),
    "no tls": ("", {}, "STARTTLS", ABSENT, "500"),
    "auth works": ("AUTH PLAIN", {"AUTH": "334 ", "*": "501 fine"}, "AUTH", WORKS, ""),
    "auth by what it knows": ("AUTH X", {"AUTH": "334 ", "*": "501 fine"}, "AUTH", WORKS, ""),
    "auth that is not taken back": ("AUTH PLAIN", {"AUTH": "334 ", "*": "535 no"}, "AUTH", BROKEN,
                                    "AUTH PLAIN, then *: 535 no"),
    "auth refused": ("AUTH PLAIN", {"AUTH": "504 no"}, "AUTH", BROKEN, "504 no"),
    "auth within tls": ("AUTH PLAIN", {"AUTH": "538 no"}, "AUTH", UNPROVEN, "538 no"),
    "auth unadvertised": ("", {"AUTH": "334 ", "*": "501 fine"}, "AUTH", UNADVERTISED, ""),
    "vrfy works": ("", {"VRFY": "252 perhaps"}, "VRFY", UNADVERTISED, "252 perhaps"),
    "vrfy says no": ("VRFY", {"VRFY": "550 no"}, "VRFY", WORKS, "550 no"),
    "vrfy is not implemented": ("VRFY", {"VRFY": "502 no"}, "VRFY", BROKEN, "502 no"),
    "expn says no": ("", {"EXPN": "550 no"}, "EXPN", ABSENT, "550 no"),
    "help works": ("HELP", {"HELP": "214 no"}, "HELP", WORKS, "214"),
    "etrn works": ("ETRN", {"ETRN": "458 no"}, "ETRN", WORKS, "458"),
    "limits are told": ("LIMITS RCPTMAX=7", {}, "LIMITS", TOLD, ""),
    "what we do not know is told": ("X-OWN a b", {}, "X-OWN", TOLD, ""),
}  # fmt: skip


@pytest.mark.parametrize(
    ("offer", "answers", "keyword", "verdict", "words"), ROWS.values(), ids=ROWS
)
async def test_what_a_server_does_is_what_counts(offer, answers, keyword, verdict, words):
    peer = Peer(offers=(offer,) if offer else (), answers=answers)
    async with peer.target() as target:
        visitor = Visitor(target, Log(), within_tls=False)
        judged = await judge_extensions(visitor)
        await visitor.leave()

    assert judged[keyword].verdict is verdict, judged[keyword].note
    assert words in judged[keyword].note
    assert judged[keyword].parameters == tuple(offer.split()[1:] if verdict in (
        WORKS, BROKEN, UNPROVEN, TOLD) else ())  # fmt: skip


async def test_no_message_is_sent():
    everything = tuple(EXTENSIONS)
    peer = Peer(offers=everything, answers={"BDAT": "250 fine", "DATA": "354 go on"})
    async with peer.target() as target:
        visitor = Visitor(target, Log(), within_tls=False)
        judged = await judge_extensions(visitor)
        await visitor.leave()

    assert set(judged) == set(everything)
    assert not any(line.startswith("DATA") or "LAST" in line for line in peer.heard)


async def test_a_server_that_hangs_up_at_everything_is_visited_again_and_again():
    peer = Peer(answers={"RSET": HANGS_UP, "NOOP": "421 4.7.0 enough"})
    async with peer.target() as target:
        visitor = Visitor(target, Log(), within_tls=False)
        judged = await judge_extensions(visitor)
        await visitor.leave()

    assert judged["PIPELINING"].verdict is ABSENT
    assert visitor.connections == peer.connections > 10


def test_every_row_has_few_words():
    for row in (*EXTENSIONS.values(), UNKNOWN):
        assert len(row.meaning) <= 24


def test_a_judgement_says_nothing_unasked():
    assert Judged(verdict=WORKS) == Judged(verdict=WORKS, parameters=(), note="")
