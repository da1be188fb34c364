import email
import email.policy
from dataclasses import replace

import pytest

from harness.protocol.services import Service
from harness.protocol.trace import Trace, delivered, protocol_name, return_path, stamp

TRACE = Trace(
    client="client.example.test",
    peer="127.0.0.1",
    by="example.test",
    protocol="ESMTPS",
    id="1a-1",
    date="Tue, 24 Nov 2026 02:00:00 -0000",
    recipient="alice@example.test",
)


def test_the_received_field_goes_on_top_and_nothing_below_changes():
    content = b"Subject: x\r\n\r\n.\r\n"

    stamped = stamp(TRACE, content)

    assert stamped == (
        b"Received: from client.example.test ([127.0.0.1])\r\n"
        b"\tby example.test with ESMTPS id 1a-1\r\n"
        b"\tfor <alice@example.test>;\r\n"
        b"\tTue, 24 Nov 2026 02:00:00 -0000\r\n" + content
    )


BLANK = [b" (and forged.test)\r\n\r\nx\r\n", b"\tx\r\n", b" \r\n"]


@pytest.mark.parametrize("text", BLANK)
def test_a_text_that_begins_with_a_blank_does_not_write_on_in_our_trace_line(text):
    # RFC 5322 2.2.3: what begins with a blank belongs to the line above
    stamped = stamp(TRACE, text)
    assert stamped.endswith(b" -0000\r\n\r\n" + text)
    mail = email.message_from_bytes(delivered("a@b.test", stamped), policy=email.policy.default)
    assert mail.keys() == ["Return-Path", "Received"]
    assert mail["Received"].endswith("-0000")
    assert delivered("", text) == b"Return-Path: <>\r\n\r\n" + text


@pytest.mark.parametrize(
    "text", [b"", b"\r\nx\r\n", b"Do you like ketchup?\r\n", b"X: y\r\n z\r\n"]
)
def test_any_other_text_stands_right_below_it(text):
    assert stamp(TRACE, text).endswith(b" -0000\r\n" + text)


def test_a_priority_is_named_behind_the_recipient():
    # RFC 6710 4.1 (2), 7
    stamped = stamp(replace(TRACE, priority=-3), b"")

    assert b"\r\n\tfor <alice@example.test>\r\n\tPRIORITY -3;\r\n" in stamped


@pytest.mark.parametrize(
    ("service", "utf8", "names"),
    [
        (Service.SMTP, False, ["ESMTP", "ESMTPS", "ESMTPA", "ESMTPSA"]),
        (Service.SUBMISSION, False, ["ESMTP", "ESMTPS", "ESMTPA", "ESMTPSA"]),
        (Service.LMTP, False, ["LMTP", "LMTPS", "LMTPA", "LMTPSA"]),
        (Service.SMTP, True, ["UTF8SMTP", "UTF8SMTPS", "UTF8SMTPA", "UTF8SMTPSA"]),
        (Service.LMTP, True, ["UTF8LMTP", "UTF8LMTPS", "UTF8LMTPA", "UTF8LMTPSA"]),
    ],
)
def test_the_protocol_is_named_as_rfc_3848_and_6531_say(service, utf8, names):
    states = [(secure, known) for known in (False, True) for secure in (False, True)]
    assert names == [
        protocol_name(service=service, extended=True, secure=secure, authenticated=known, utf8=utf8)
        for secure, known in states
    ]


def test_after_helo_it_is_plain_smtp():
    assert protocol_name(extended=False, secure=True, authenticated=False) == "SMTP"


def test_a_null_reverse_path_is_an_empty_return_path():
    assert return_path("") == b"Return-Path: <>\r\n"


# what came -> what stands below our own Return-Path
DELIVERED = {
    "none": (b"Subject: x\r\n\r\nx\r\n", b"Subject: x\r\n\r\nx\r\n"),
    "one, in any case": (
        b"A: b\r\nRETURN-path: <f@x>\r\nC: d\r\n\r\nx\r\n",
        b"A: b\r\nC: d\r\n\r\nx\r\n",
    ),
    "folded": (b"Return-Path :\r\n <f@x>\r\n\t(why)\r\nC: d\r\n\r\n", b"C: d\r\n\r\n"),
    "two": (b"Return-Path: <f@x>\r\nReturn-Path: <>\r\nC: d\r\n\r\n", b"C: d\r\n\r\n"),
    "the last of the header": (b"C: d\r\nReturn-Path: <>\r\n\r\nx", b"C: d\r\n\r\nx"),
    "nothing else": (b"Return-Path: <f@x>\r\n", b""),
    "in the body": (b"C: d\r\n\r\nReturn-Path: <f@x>\r\n", b"C: d\r\n\r\nReturn-Path: <f@x>\r\n"),
    "in another field": (b"X-Return-Path: <f@x>\r\nC: Return-Path:\r\n Return-Path: x\r\n\r\n",)
    * 2,
    "of another name": (b"Return-Path-Old: <f@x>\r\n\r\n",) * 2,
}


@pytest.mark.parametrize(("came", "stays"), DELIVERED.values(), ids=DELIVERED)
def test_what_is_delivered_has_one_return_path_and_it_is_ours(came, stays):
    assert delivered("a@b.test", came) == b"Return-Path: <a@b.test>\r\n" + stays
