"""A reply against what is wanted, in words."""

from __future__ import annotations

import pytest

from harness.protocol.replies import Reply, ReplyReader
from harness.results import Spot, Surprise
from harness.transcripts.matching import (
    Closed,
    Context,
    Met,
    Silent,
    check,
    describe,
    fits,
    spelled,
    spot,
    surprise,
)
from harness.transcripts.steps import Expect
from harness.transcripts.variables import Values
from harness.transcripts.wants import Want
from tests.transcripts.written import steps

FACTS = {"domain": "a.test", "our_name": "me.test"}


def expect(dialogue: str, keys: str = "") -> Expect:
    found = [step for step in steps(dialogue, keys) if isinstance(step, Expect)]
    return found[-1]


def came(octets: str | bytes) -> Reply:
    raw = octets.encode() if isinstance(octets, str) else octets
    reader = ReplyReader()
    reader.feed(raw)
    reply = reader.take()
    assert reply is not None
    return reply


def verdict(dialogue: str, octets: str | bytes, keys: str = "", *, enhanced: bool = False,
            as_written: bool = False) -> Met | Surprise:  # fmt: skip
    context = Context(Values(FACTS, as_written=as_written), offers_enhanced=enhanced)
    return check(expect(dialogue, keys), came(octets), context)


CODES = {
    "S: 250": [("250 ok", True), ("251 ok", False), ("550 no", False)],
    "S: 25x": [("250 ok", True), ("259 ok", True), ("240 ok", False)],
    "S: 4xx|5xx": [("450 x", True), ("599 x", True), ("250 x", False)],
    "S: any": [("250 x", True), ("599", True)],
    "S: 503?": [("503 x", True), ("250 x", False)],
    "S: close": [("421 bye", False)],
}


@pytest.mark.parametrize("dialogue", CODES)
def test_codes(dialogue):
    for text, is_met in CODES[dialogue]:
        assert isinstance(verdict(dialogue, text + "\r\n"), Met) is is_met, text


def test_a_wrong_code_says_what_was_wanted_and_what_came():
    assert verdict("S: 250|251", "550-5.1.1 no\r\n550 5.1.1 such user\r\n") == Surprise(
        at=Spot(path="x.smtp.yaml", line=5, text="S: 250|251"),
        wanted="250|251",
        met="550 5.1.1 no / 5.1.1 such user",
    )


UNREADABLE = {
    "no code": (b"hello\r\n", "no reply but hello\\r\\n",
                "a line does not begin with a reply code"),
    "a code that changes": (b"250-a\r\n251 b\r\n", "251 a / b",
                            "the lines of one reply carry different codes"),
}  # fmt: skip


@pytest.mark.parametrize(("octets", "met", "why"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_reply_meets_no_want(octets, met, why):
    found = verdict("S: any", octets)

    assert isinstance(found, Surprise)
    assert (found.wanted, found.met, found.detail) == ("any", met, (why,))


def test_half_a_line_is_shown_with_the_silence_after_it():
    assert describe(Silent(2.0, b"250 ha\xff")) == r"no line end within 2 s, only 250 ha\xFF"


def test_a_reply_without_end_meets_no_want():
    found = verdict("S: 250", b"250-" + b"x" * 70_000)

    assert isinstance(found, Surprise)
    assert found.detail == ("the reply did not end within our limits",)
    assert len(found.met) <= 300


@pytest.mark.parametrize("octets", [b"250 ok\n", b"250-a\n250 b\r\n", b"250 a\xff\r\n",
                                    b"250 " + b"x" * 600 + b"\r\n"])  # fmt: skip
def test_smaller_oddities_matter_only_to_wellformed(octets):
    assert isinstance(verdict("S: 250", octets), Met)
    assert isinstance(verdict("S: 250\n  wellformed", octets), Surprise)


# modifier -> [(reply, (wanted, met) or None)]
CHECKS = {
    "has SIZE": [
        ("250-x\r\n250-HELP\r\n250 size 10", None),
        ("250-x\r\n250 HELP", ("250 with the keyword SIZE", "only HELP")),
        ("250 x", ("250 with the keyword SIZE", "no keyword")),
    ],
    "has AUTH plain": [
        ("250-x\r\n250 AUTH LOGIN PLAIN", None),
        ("250-x\r\n250 AUTH LOGIN", ("250 with the keyword AUTH with plain", "AUTH LOGIN")),
    ],
    "lacks XCLIENT": [
        ("250-x\r\n250 HELP", None),
        ("250-x\r\n250 XCLIENT NAME", ("250 with no keyword XCLIENT", "XCLIENT NAME")),
    ],
    "lacks AUTH PLAIN": [
        ("250-x\r\n250 AUTH LOGIN", None),
        ("250 x", None),
        ("250-x\r\n250 AUTH LOGIN plain",
         ("250 with no keyword AUTH with PLAIN", "AUTH LOGIN plain")),
    ],
    r"octets 250\x20\r\n": [
        ("250 ", None),
        ("250", (r"250 with the octets 250\x20\r\n", r"250\r\n")),
    ],
    "text ~ ^ok$": [
        ("250-no\r\n250 ok", None),
        ("250 not ok", ("250 with /^ok$/ in a line", "250 not ok")),
    ],
    "line ~ ^{domain}": [
        ("250-a.test x\r\n250 a.test", None),
        ("250-a.test x\r\n250 axtest", (r"250 with /^a\.test/ in every line", "'axtest'")),
    ],
    "decoded ~ ^<.*@{domain}>$": [
        ("250 PDFAYS50ZXN0Pg==", None),
        ("250-PDFAYS50ZXN0Pg=\r\n250 PDFAYS50ZXN0Pg==", None),
        ("250 PDFAYi50ZXN0Pg==", (r"250 with /^<.*@a\.test>$/ in what base64 stands for",
                                  "'<1@b.test>'")),
        ("250 /w==", (r"250 with /^<.*@a\.test>$/ in what base64 stands for", r"'\\xff'")),
        ("250 <1@a.test>", (r"250 with /^<.*@a\.test>$/ in what base64 stands for",
                            "250 <1@a.test>")),
    ],
    "lines 2": [
        ("250-a\r\n250 b", None),
        ("250 a", ("250 with 2 lines", "1 line")),
    ],
    "lines 1": [
        ("250 a", None),
        ("250-a\r\n250-b\r\n250 c", ("250 with 1 line", "3 lines")),
    ],
    "first word is domain": [
        ("250 a.test hello", None),
        ("250 [127.0.0.1]", None),
        ("250 Hello, a.test", ("250 with a domain as its first word", "'Hello,'")),
        ("250", ("250 with a domain as its first word", "''")),
    ],
    "wellformed": [
        ("250 ok", None),
        ("250-AUTH=LOGIN\r\n250 ok", None),
    ],
}  # fmt: skip


@pytest.mark.parametrize("modifier", CHECKS)
def test_checks(modifier):
    for text, wrong in CHECKS[modifier]:
        found = verdict(f"S: 250\n  {modifier}", text + "\r\n")
        if wrong is None:
            assert isinstance(found, Met), text
        else:
            assert isinstance(found, Surprise), text
            assert (found.wanted, found.met) == wrong


def test_after_ehlo_keywords_must_be_well_formed_too():
    dialogue = "C: EHLO x\nS: 250|5xx\n  wellformed"

    assert isinstance(verdict(dialogue, "250-a.test\r\n250 AUTH LOGIN\r\n"), Met)
    assert isinstance(verdict(dialogue, "550 no\r\n"), Met)
    found = verdict(dialogue, "250-a.test\r\n250-AUTH=LOGIN\r\n250 x@y\r\n")
    assert isinstance(found, Surprise)
    assert found.wanted == "250|5xx with a well-formed reply"
    assert found.met == "not a keyword with its parameters: 'AUTH=LOGIN'"
    assert found.detail == (
        "not a keyword with its parameters: 'x@y'",
        r"250-a.test\r\n250-AUTH=LOGIN\r\n250 x@y\r\n",
    )


ENHANCED = {
    "5.5.x": [("5.5.4", True), ("5.1.1", False), ("", False)],
    "5.1.1|5.5.x": [("5.1.1", True), ("5.1.2", False)],
    "x.7.x": [("5.7.1", True), ("4.7.0", True), ("5.1.1", False)],
}


@pytest.mark.parametrize("pattern", ENHANCED)
def test_enhanced_codes_are_looked_at_where_they_are_offered(pattern):
    for code, is_met in ENHANCED[pattern]:
        dialogue, reply = f"S: any\n  enhanced {pattern}", f"550 {code} no\r\n"
        assert isinstance(verdict(dialogue, reply), Met)
        assert isinstance(verdict(dialogue, reply, enhanced=True), Met) is is_met, code


def test_a_wrong_enhanced_code_is_told():
    wrong = verdict("S: 550\n  enhanced 5.1.1", "550 5.7.1 no\r\n", enhanced=True)
    none = verdict("S: 550\n  enhanced 5.1.1", "550 no\r\n", enhanced=True)

    assert isinstance(wrong, Surprise)
    assert str(wrong) == "wanted 550 with the enhanced code 5.1.1, met 5.7.1"
    assert isinstance(none, Surprise)
    assert str(none) == "wanted 550 with the enhanced code 5.1.1, met none in 550 no"


@pytest.mark.parametrize("last", ["more", "5.1.2 more", "5.1.11 more"])
def test_every_line_carries_the_enhanced_code(last):
    wrong = verdict("S: 550\n  enhanced 5.1.1", f"550-5.1.1 no\r\n550 {last}\r\n", enhanced=True)

    assert isinstance(wrong, Surprise)
    assert str(wrong) == f"wanted 550 with 5.1.1 in every line, met 550 5.1.1 no / {last}"


def test_all_that_is_wrong_with_a_reply_is_told():
    found = verdict("S: 250\n  has SIZE\n  has PIPELINING\n  lines 3", "250-x\r\n250 HELP\r\n")

    assert isinstance(found, Surprise)
    assert str(found) == "wanted 250 with the keyword SIZE, met only HELP"
    assert found.detail == (
        "also wanted the keyword PIPELINING, met only HELP",
        "also wanted 3 lines, met 2 lines",
    )


EXACT = {
    "250 Hello me.test\r\n": None,
    "250 Hello me.test, dear\r\n": "the text 'Hello me.test', met 'Hello me.test, dear'",
    "250-Hello me.test\r\n250 and welcome\r\n": "1 line, met 2 lines",
}


@pytest.mark.parametrize("reply", EXACT)
def test_exact_texts(reply):
    keys = "texts: exact\nnames: {crepes.fr: our_name}"
    found = verdict("S: 250 Hello crepes.fr", reply, keys)

    if EXACT[reply] is None:
        assert isinstance(found, Met)
    else:
        assert isinstance(found, Surprise)
        assert str(found) == f"wanted 250 with {EXACT[reply]}"


def test_exact_texts_as_they_were_written():
    keys = "texts: exact\nnames: {crepes.fr: our_name}"

    found = verdict("S: 250 Hello crepes.fr", "250 Hello crepes.fr\r\n", keys, as_written=True)

    assert isinstance(found, Met)


def test_the_best_reply_is_wished_for():
    dialogue = "S: 4xx|5xx|close\n  best 550|553"

    assert verdict(dialogue, "550 no\r\n") == Met()
    assert verdict(dialogue, "501 no\r\n") == Met(notes=("501 accepted, 550 or 553 would be best",))
    context = Context(Values(FACTS))
    assert check(expect(dialogue), Closed(), context) == Met(
        notes=("close accepted, 550 or 553 would be best",)
    )


def test_the_first_branch_that_fits_is_taken():
    dialogue = """
        S: 250|4xx|close
          on 45x:
            C: a
          on close:
            C: b
          else:
            C: c
    """
    branches = expect(dialogue).branches

    def taken(octets: str) -> object:
        found = verdict(dialogue, octets)
        assert isinstance(found, Met)
        return found.branch

    assert taken("450 x\r\n") == branches[0]
    assert taken("421 x\r\n") == taken("250 x\r\n") == branches[2]
    closed = check(expect(dialogue), Closed(), Context(Values(FACTS)))
    assert isinstance(closed, Met)
    assert closed.branch == branches[1]


def test_where_no_branch_fits_there_is_none():
    found = verdict("S: 250|354\n  on 354:\n    C: x", "250 ok\r\n")

    assert found == Met()


CAPTURES = {
    "S: 250\n  as it": (b"first", "250-first\r\n250 second\r\n"),
    "S: 250\n  as it\n  text ~ SIZE (\\d+)": (b"10", "250-x\r\n250 SIZE 10\r\n"),
    "S: 250\n  as it\n  text ~ SIZE": (b"x", "250-x\r\n250 SIZE 10\r\n"),
    "S: 250\n  as it\n  line ~ (.)": (b"xy", "250-xy\r\n250 z\r\n"),
    "S: 334\n  as it\n  decoded ~ (.)$": (b"b", "334 YT1hLGI9Yg==\r\n"),
    "S: 250\n  as it\n  lines 1\n  text ~ x(y)?": (b"", "250 x\r\n"),
}


@pytest.mark.parametrize("dialogue", CAPTURES)
def test_a_capture_is_the_group_of_its_text_or_the_first_line(dialogue):
    wanted, reply = CAPTURES[dialogue]

    assert verdict(dialogue, reply) == Met(captured=wanted)


def test_nothing_is_captured_of_a_connection_that_was_closed():
    found = check(expect("S: 250|close\n  as it"), Closed(), Context(Values(FACTS)))

    assert found == Met()


def test_a_close_is_not_silence_and_silence_is_nothing():
    context = Context(Values(FACTS))

    assert check(expect("S: close"), Closed(), context) == Met()
    lost = check(expect("S: 250"), Closed("the connection was reset"), context)
    silent = check(expect("S: any|close"), Silent(5.0), context)
    assert isinstance(lost, Surprise)
    assert str(lost) == "wanted 250, met the connection was reset"
    assert isinstance(silent, Surprise)
    assert str(silent) == "wanted any|close, met silence for 5 s"


def test_a_want_fits_or_not():
    assert fits(Want(("25x",)), came("251 x\r\n"))
    assert not fits(Want(("close",)), Silent(1))


def test_a_surprise_shows_the_author_s_line():
    due = expect("S: 250 ok")

    assert spot(due.at) == Spot(path="x.smtp.yaml", line=5, text="S: 250 ok")
    assert surprise(due, Closed()).at == spot(due.at)


SPELLED = {
    b"250 ok\r\n": r"250 ok\r\n",
    b"334 \r\n": r"334\x20\r\n",
    b"a ": r"a\x20",
    b"\x00\t\\\x07\xff": r"\0\t\\\x07\xFF",
    "é\u2028".encode(): "é\\xE2\\x80\\xA8",
}


@pytest.mark.parametrize("octets", SPELLED)
def test_octets_are_shown_as_one_would_write_them(octets):
    assert spelled(octets) == SPELLED[octets]


def test_what_was_heard_is_described():
    assert describe(came("250-a\r\n250 b\r\n")) == "250 a / b"
    assert describe(came("x\r\n")) == r"no reply but x\r\n"
