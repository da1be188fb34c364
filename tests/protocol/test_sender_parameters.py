"""What a message needs to be said of it, and what a server understands of an envelope."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.errors import NotOffered
from harness.protocol.replies import Capabilities
from harness.protocol.sender import Envelope, as_understood, fitted, send_message
from tests.protocol.driving import script

ALICE = Envelope("a@b.example", ("c@d.example",))
ASCII = b"Subject: x\r\n\r\nhi\r\n"
EIGHT = b"Subject: x\r\n\r\nh\xc3\xad\r\n"


def server(*keywords: str) -> Capabilities:
    return Capabilities("mx.example", dict.fromkeys(keywords, ()))


FULL = server("SIZE", "8BITMIME", "BINARYMIME", "CHUNKING", "SMTPUTF8")
EIGHT_BIT = (("BODY", "8BITMIME"),)
BINARY = (("BODY", "BINARYMIME"),)
UTF8 = (("SMTPUTF8", None),)

# envelope, content, what the server offers -> what MAIL says
FITTED = {
    "nothing": (ALICE, b"", server(), ()),
    "size": (ALICE, b"hi\r\n", server("SIZE"), (("SIZE", "4"),)),
    "size with the CRLF that is added": (ALICE, b"hi", server("SIZE"), (("SIZE", "4"),)),
    "size of nothing": (ALICE, b"", server("SIZE"), (("SIZE", "0"),)),
    "size of a dot that will be doubled": (ALICE, b".\r\n", server("SIZE"), (("SIZE", "3"),)),
    "size of binary": (ALICE, b"\n", FULL, (("SIZE", "1"), *BINARY)),
    "a size that was said": (
        replace(ALICE, mail_parameters=(("SIZE", "9"),)),
        b"hi\r\n",
        FULL,
        (("SIZE", "9"),),
    ),
    "8-bit": (ALICE, EIGHT, server("8BITMIME"), EIGHT_BIT),
    "8-bit that is no UTF-8": (ALICE, b"\r\n\xff\r\n", server("8BITMIME"), EIGHT_BIT),
    "8-bit where no header is": (ALICE, b"h\xc3\xad\r\n", server("8BITMIME"), EIGHT_BIT),
    "a body that was said": (
        replace(ALICE, mail_parameters=BINARY),
        b"a",
        server("SIZE"),
        (*BINARY, ("SIZE", "1")),
    ),
    "LF alone": (ALICE, b"a\nb\r\n", server("BINARYMIME", "CHUNKING"), BINARY),
    "CR alone": (ALICE, b"a\rb\r\n", server("BINARYMIME", "CHUNKING"), BINARY),
    "LF and CR": (ALICE, b"a\n\rb\r\n", server("BINARYMIME", "CHUNKING"), BINARY),
    "NUL": (ALICE, b"a\0b\r\n", server("BINARYMIME", "CHUNKING"), BINARY),
    "NUL without BINARYMIME": (ALICE, b"a\0b\r\n", server("CHUNKING"), ()),
    "998 octets": (ALICE, b"x" * 998 + b"\r\n", FULL, (("SIZE", "1000"),)),
    "999 octets": (ALICE, b"x" * 999 + b"\r\n", FULL, (("SIZE", "1001"), *BINARY)),
    "999 octets without BINARYMIME": (ALICE, b"x" * 999 + b"\r\n", server(), ()),
    "a sender beyond US-ASCII": (Envelope("ä@b", ("c@d",)), ASCII, server("SMTPUTF8"), UTF8),
    "a recipient too": (Envelope("a@b", ("c@d", "c@ö")), ASCII, server("SMTPUTF8"), UTF8),
    "a header": (
        ALICE,
        b"A: b\r\n c\xc3\xad\r\n\r\nhi\r\n",
        server("SMTPUTF8", "8BITMIME"),
        (*EIGHT_BIT, *UTF8),
    ),
    "a header without an end": (
        ALICE,
        b"A: \xc3\xad",
        server("SMTPUTF8", "8BITMIME"),
        (*EIGHT_BIT, *UTF8),
    ),
    "UTF-8 that was said": (
        replace(Envelope("ä@b", ("c@d",)), mail_parameters=UTF8),
        ASCII,
        server(),
        UTF8,
    ),
}


@pytest.mark.parametrize(("envelope", "content", "offered", "said"), FITTED.values(), ids=FITTED)
def test_mail_says_what_the_content_needs_of_what_the_server_offers(
    envelope: Envelope, content: bytes, offered: Capabilities, said: object
):
    ready = fitted(envelope, content, offered)

    assert ready.mail_parameters == said
    assert replace(ready, mail_parameters=()) == replace(envelope, mail_parameters=())


@pytest.mark.parametrize(
    ("envelope", "content", "offered", "keyword"),
    [
        (ALICE, EIGHT, server(), "8BITMIME"),
        (ALICE, b"a\nb\r\n", server("8BITMIME", "BINARYMIME"), "BINARYMIME"),  # but no CHUNKING
        (ALICE, b"a\rb\r\n", server("CHUNKING"), "BINARYMIME"),
        (ALICE, b"A: \xc3\xad\r\n", server("8BITMIME"), "SMTPUTF8"),
        (Envelope("ä@b", ("c@d",)), ASCII, server("8BITMIME"), "SMTPUTF8"),
        # What is no BDAT to a server is commands to it.
        (replace(ALICE, mail_parameters=(("BODY", "BINARYMIME"),)), ASCII, server(), "CHUNKING"),
    ],
)
def test_what_the_server_cannot_take_is_not_sent(
    envelope: Envelope, content: bytes, offered: Capabilities, keyword: str
):
    peer = script()

    with pytest.raises(NotOffered, match=f"offers no {keyword}") as error:
        peer.drive(send_message(envelope, content, offered))

    assert error.value.keyword == keyword
    assert peer.writes == []


ALL = (
    ("SIZE", "7"),
    ("BODY", "8BITMIME"),
    ("SMTPUTF8", None),
    ("RET", "HDRS"),
    ("ENVID", "x"),
    ("AUTH", "<>"),
    ("MT-PRIORITY", "3"),
    ("BY", "60;N"),
    ("X-OURS", "1"),
)


def test_of_an_envelope_stays_what_the_server_understands():
    envelope = replace(
        ALICE,
        mail_parameters=ALL,
        rcpt_parameters={"c@d.example": (("NOTIFY", "NEVER"), ("ORCPT", "rfc822;c"), ("X", "1"))},
    )

    dsn = as_understood(envelope, server("DSN", "SIZE", "SMTPUTF8"))
    assert dsn.mail_parameters == (("RET", "HDRS"), ("ENVID", "x"))
    assert dsn.rcpt_parameters["c@d.example"] == (("NOTIFY", "NEVER"), ("ORCPT", "rfc822;c"))

    others = as_understood(envelope, server("AUTH", "MT-PRIORITY", "DELIVERBY"))
    assert others.mail_parameters == (("AUTH", "<>"), ("MT-PRIORITY", "3"), ("BY", "60;N"))
    assert others.rcpt_parameters["c@d.example"] == ()

    assert as_understood(envelope, server()).mail_parameters == ()


@pytest.mark.parametrize(
    ("name", "value", "keyword"),
    [
        ("REQUIRETLS", None, "REQUIRETLS"),
        ("BY", "60;R", "DELIVERBY"),
        ("BY", "60;rt", "DELIVERBY"),
        ("HOLDFOR", "60", "FUTURERELEASE"),
        ("HOLDUNTIL", "2030-01-01T00:00:00Z", "FUTURERELEASE"),
    ],
)
def test_what_a_message_may_not_go_without_holds_it_back(
    name: str, value: str | None, keyword: str
):
    envelope = replace(ALICE, mail_parameters=((name, value),))

    assert as_understood(envelope, server(keyword)) == envelope
    with pytest.raises(NotOffered, match=name) as error:
        as_understood(envelope, server())
    assert error.value.keyword == keyword


def test_a_bounce_goes_also_where_tls_cannot_be_required():
    bounce = Envelope("", ("a@b",), (("REQUIRETLS", None), ("RET", "HDRS")))

    assert as_understood(bounce, server("DSN")).mail_parameters == (("RET", "HDRS"),)
    assert as_understood(bounce, server("REQUIRETLS")).mail_parameters == (("REQUIRETLS", None),)
