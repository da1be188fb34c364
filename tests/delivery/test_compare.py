"""What a server may do to a message on its way into a mailbox, and what it may not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.delivery import Difference, Stored, Wanted, compare

TRACE = (
    b"Return-Path: <sender@client.test>\r\n"
    b"Received: from client.test ([127.0.0.1])\r\n\tby example.test with ESMTPS id 1;\r\n"
    b"\tTue, 24 Nov 2026 06:00:00 +0000\r\n"
)
SENT = b"Subject: token\r\nFrom: <a@b.test>\r\n\r\nbody\r\n"
OLD = (
    b"Received: from c.test by d.test; Thu, 21 May 1998 05:33:29 -0700\r\n"
    b"received:  FROM b.test\r\n    BY c.test; Thu, 21 May 98 05:31 PDT\r\n"
)


def difference(wanted: Wanted, octets: bytes, sent: bytes = SENT) -> Difference | None:
    return compare(wanted, Stored(octets, "/mail/new/1"), sent)


CONTENT = Wanted(content=SENT)

ALLOWED = {
    "nothing on top": SENT,
    "trace fields": TRACE + SENT,
    "any other field": b"X-Spam: no\r\n" + TRACE + SENT,
}

NOT_ALLOWED = {
    "an empty line on top": (b"\r\n" + SENT, "nothing but header fields above the content"),
    "a mailbox's From line": (b"From a@b Tue\r\n" + SENT, "nothing but header fields above"),
    "a changed body": (TRACE + SENT.replace(b"body", b"Body"), "this content, 42 octets"),
    "a changed header": (TRACE + SENT.replace(b"token", b"[x]"), "this content, 42 octets"),
    "a lost field": (TRACE + SENT[16:], "this content, 42 octets"),
    "a field in between": (
        TRACE + SENT.replace(b"\r\n\r\n", b"\r\nX: y\r\n\r\n"),
        "this content, 42 octets",
    ),
    "a footer": (TRACE + SENT + b"--\r\nscanned\r\n", "this content, 42 octets"),
    "nothing": (b"", "this content, 42 octets"),
}


@pytest.mark.parametrize("octets", ALLOWED.values(), ids=ALLOWED)
def test_fields_on_top_of_the_content_are_allowed(octets):
    assert difference(CONTENT, octets) is None


@pytest.mark.parametrize(("octets", "wanted"), NOT_ALLOWED.values(), ids=NOT_ALLOWED)
def test_nothing_else_is_allowed(octets, wanted):
    found = difference(CONTENT, octets)

    assert found
    assert found.wanted.startswith(wanted)


def test_a_changed_body_is_shown_from_where_our_content_begins():
    found = difference(CONTENT, TRACE + SENT.replace(b"body", b"Body"))

    assert found
    assert found.detail[0] == "first difference at octet 36, in line 4 (wanted 42 octets, met 42)"


def test_a_changed_first_line_is_shown_below_the_trace_fields():
    found = difference(CONTENT, TRACE + SENT.replace(b"Subject", b"Object"))

    assert found
    assert found.met.startswith("41 octets:\n  Object: token\n")


KETCHUP = b"Do you like ketchup?\r\nHow about pickles?\r\n"


@pytest.mark.parametrize("gap", [b"", b"\r\n"])
@pytest.mark.parametrize("wanted", [Wanted(content=KETCHUP), Wanted(body=KETCHUP)])
def test_content_without_a_header_is_compared_from_its_first_line(gap, wanted):
    assert difference(wanted, TRACE + gap + KETCHUP, KETCHUP) is None
    assert difference(wanted, TRACE + gap + KETCHUP + b".\r\n", KETCHUP)


def test_the_body_is_compared_octet_for_octet():
    wanted = Wanted(body=b".one dot\r\n")

    assert difference(wanted, TRACE + b"Subject: x\r\n\r\n.one dot\r\n") is None
    found = difference(wanted, TRACE + b"Subject: x\r\n\r\n..one dot\r\n")
    assert found
    assert found.wanted == "this body, 10 octets:\n  .one dot"
    assert found.met == "11 octets:\n  ..one dot"
    assert found.detail[0].startswith("first difference at octet 1,")


def test_long_bodies_are_cut_in_words_but_not_in_the_comparison():
    wanted = Wanted(body=b"x" * 1_000)

    assert difference(wanted, b"\r\n" + b"x" * 1_000) is None
    found = difference(wanted, b"\r\n" + b"x" * 1_001)
    assert found
    assert found.met == f"1001 octets:\n  [960 octets] {'x' * 41}"
    found = difference(wanted, b"\r\n")
    assert found
    assert found.met == "nothing"


def test_a_header_field_is_compared_unfolded():
    wanted = Wanted(header={"subject": "a b", "To": "x"})

    assert difference(wanted, b"Subject: a\r\n b\r\nTO:x\r\n\r\n") is None
    assert difference(wanted, b"Subject: a\r\nSubject: c\r\nTo: x\r\n\r\n") == Difference(
        "the field subject: a b", "subject: a and subject: c"
    )
    assert difference(wanted, b"Subject: a b\r\n\r\n") == Difference(
        "the field To: x", "no field To"
    )


def test_the_return_path_is_the_top_one():
    wanted = Wanted(return_path="sender@client.test")

    assert difference(wanted, TRACE + SENT) is None
    assert difference(replace(wanted, return_path=""), b"Return-Path: < >\r\n\r\n") is None
    assert difference(wanted, b"Return-Path: <>\r\n" + TRACE + SENT) == Difference(
        "Return-Path: <sender@client.test>", "Return-Path: <>"
    )
    assert difference(wanted, SENT) == Difference(
        "Return-Path: <sender@client.test>", "no Return-Path field"
    )


ANY = Wanted(has_received=True)


def test_a_received_field_must_stand_above_what_we_sent():
    assert difference(ANY, TRACE + SENT) is None
    assert difference(ANY, SENT) == Difference("a Received field above what we sent", "none")
    assert difference(ANY, OLD + SENT, OLD + SENT) == Difference(
        "a Received field above what we sent", "none"
    )
    assert difference(ANY, TRACE + OLD + SENT, OLD + SENT) is None


def test_new_received_fields_are_counted():
    once = replace(ANY, received_count=1)

    assert difference(once, TRACE + OLD + SENT, OLD + SENT) is None
    found = difference(once, TRACE + TRACE + SENT)
    assert found
    assert (found.wanted, found.met) == ("Received fields: 1 above what we sent", "2 of them")
    assert found.detail[0].startswith("from client.test")


def test_received_fields_are_counted_though_our_first_field_was_changed():
    changed = OLD.replace(b"d.test", b"e.test")

    assert difference(replace(ANY, received_count=1), TRACE + changed + SENT, OLD + SENT) is None


def test_the_protocol_of_a_new_received_field_is_told():
    assert difference(replace(ANY, received_with="ESMTPS"), TRACE + SENT) is None
    assert difference(replace(ANY, received_with="ESMTP|ESMTPS"), TRACE + SENT) is None
    assert difference(replace(ANY, received_with="ESMTPS"), TRACE.lower() + SENT) is None
    assert difference(replace(ANY, received_with="ESMTP"), TRACE + SENT) == Difference(
        "a Received field with ESMTP", "with ESMTPS"
    )
    assert difference(replace(ANY, received_with="ESMTP"), b"Received: x\r\n" + SENT) == Difference(
        "a Received field with ESMTP", "none that says with what"
    )


def test_a_new_received_field_is_told_by_an_expression():
    assert (
        difference(replace(ANY, received_matches=r"^from client\.test .* with \w+"), TRACE + SENT)
        is None
    )
    found = difference(replace(ANY, received_matches="^by "), TRACE + OLD + SENT, OLD + SENT)
    assert found
    assert found.wanted == "a new Received field like /^by /"
    assert found.met.startswith("from client.test")


def test_what_no_new_received_field_may_say():
    nothing_wrong = replace(ANY, received_lacks="x", received_is_optional=True)
    assert difference(nothing_wrong, SENT) is None
    assert difference(replace(nothing_wrong, received_is_optional=False), SENT)
    assert difference(replace(ANY, received_lacks="d.test"), TRACE + OLD + SENT, OLD + SENT) is None
    found = difference(replace(ANY, received_lacks="with ESMTPS"), TRACE + SENT)
    assert found
    assert found.wanted == "no new Received field like /with ESMTPS/"


def test_fields_of_a_name_are_counted():
    one = Wanted(fields={"return-path": 1, "Bcc": 0})

    assert difference(one, TRACE + SENT) is None
    assert difference(one, SENT) == Difference("return-path fields: 1", "0 of them")
    twice = difference(one, b"bcc: <c@d.test>\r\n" + TRACE + SENT)
    assert twice == Difference("Bcc fields: 0", "1 of them", ("<c@d.test>",))


def test_a_text_may_stand_nowhere_in_a_message():
    assert difference(Wanted(lacks=b"bob@b.test"), TRACE + SENT) is None
    assert difference(Wanted(lacks=b"A@B.test"), TRACE + SENT) == Difference(
        "no b'A@B.test' anywhere in the message", "17 octets, b'From: <a@b.test>\\r'"
    )
    assert difference(Wanted(lacks=b"body"), b"body\r\n")


UNCHANGED = Wanted(unchanged=("Received",))


def test_fields_that_we_sent_stay_below_those_put_on_top():
    assert difference(UNCHANGED, TRACE + OLD + SENT, OLD + SENT) is None


@pytest.mark.parametrize(
    "changed",
    [
        OLD.replace(b"  FROM", b" FROM"),
        OLD.replace(b"\r\n    BY", b" BY"),
        OLD[66:] + OLD[:66],
        OLD[:66],
        b"",
    ],
    ids=["a blank", "the folding", "the order", "one lost", "all lost"],
)
def test_fields_that_we_sent_must_not_change(changed):
    found = difference(UNCHANGED, TRACE + changed + SENT, OLD + SENT)

    assert found
    assert found.wanted.startswith("the Received fields that we sent, unchanged")
    assert found.detail


def test_without_fields_of_that_name_nothing_can_have_changed():
    assert difference(UNCHANGED, TRACE + SENT) is None
    assert compare(UNCHANGED, Stored(TRACE, ""), None) is None
