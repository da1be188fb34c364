"""What the parameters of MAIL and RCPT ask for, from tables."""

import pytest

from harness.protocol.options import (
    DeliverBy,
    MailOptions,
    RecipientOptions,
    mail_options,
    recipient_options,
)

# name, value -> what is read
MAIL = [
    ("SIZE", "1024", MailOptions(size=1024)),
    ("SIZE", "1k", MailOptions()),
    ("SIZE", None, MailOptions()),
    ("BODY", "7bit", MailOptions(body="7BIT")),
    ("BODY", "8BitMime", MailOptions(body="8BITMIME")),
    ("BODY", "BINARYMIME", MailOptions(body="BINARYMIME")),
    ("BODY", "9BIT", MailOptions()),
    ("BODY", None, MailOptions()),
    ("SMTPUTF8", None, MailOptions(utf8=True)),
    ("REQUIRETLS", None, MailOptions(require_tls=True)),
    ("RET", "full", MailOptions(ret="FULL")),
    ("RET", "HDRS", MailOptions(ret="HDRS")),
    ("RET", "ALL", MailOptions()),
    ("RET", None, MailOptions()),
    ("ENVID", "QQ314159", MailOptions(envid="QQ314159")),
    ("ENVID", "a+2Bb+20c+09d", MailOptions(envid="a+b c\td")),
    ("ENVID", "x" * 100, MailOptions(envid="x" * 100)),
    ("ENVID", "x" * 101, MailOptions()),
    ("ENVID", "a+0Db", MailOptions()),  # has to fit into a field: RFC 3461 4.4
    ("ENVID", "a+E4", MailOptions()),
    ("ENVID", "a+zz", MailOptions()),
    ("ENVID", "a+2", MailOptions()),
    ("ENVID", None, MailOptions()),
    ("AUTH", "<>", MailOptions(auth="")),
    ("AUTH", "e+3Dmc2@example.test", MailOptions(auth="e=mc2@example.test")),
    ("AUTH", "<alice@example.test>", MailOptions(auth="alice@example.test")),
    ("AUTH", "nobody", MailOptions()),
    ("MT-PRIORITY", "-9", MailOptions(priority=-9)),
    ("MT-PRIORITY", "0", MailOptions(priority=0)),
    ("MT-PRIORITY", "9", MailOptions(priority=9)),
    *(
        (("MT-PRIORITY", value, MailOptions()))
        for value in ("10", "+3", "03", "-0", "x", "-", None)
    ),
    ("BY", "120;R", MailOptions(deliver_by=DeliverBy(120, "R"))),
    ("BY", "+999999999;nt", MailOptions(deliver_by=DeliverBy(999_999_999, "N", trace=True))),
    ("BY", "-5;N", MailOptions(deliver_by=DeliverBy(-5, "N"))),
    ("BY", "0;NT", MailOptions(deliver_by=DeliverBy(0, "N", trace=True))),
    *(
        ("BY", value, MailOptions())
        for value in ("0;R", "-1;RT", "1;X", "1234567890;N", "1", ";N", "1;", "1;TN", "", None)
    ),
    ("HOLDFOR", "1", MailOptions(hold_for=1)),
    ("HOLDFOR", "999999999", MailOptions(hold_for=999_999_999)),
    *(("HOLDFOR", value, MailOptions()) for value in ("0", "01", "1000000000", "-1", "x", None)),
    ("HOLDUNTIL", "1970-01-02T00:00:00Z", MailOptions(hold_until=86_400)),
    ("HOLDUNTIL", "1970-01-02t00:00:01z", MailOptions(hold_until=86_401)),
    ("HOLDUNTIL", "1970-01-01T00:00:00.000Z", MailOptions(hold_until=0)),
    ("HOLDUNTIL", "1970-01-01T00:00:00.001+00:00", MailOptions(hold_until=1)),
    ("HOLDUNTIL", "1970-01-01T00:00:60-00:00", MailOptions(hold_until=60)),
    *(
        ("HOLDUNTIL", value, MailOptions())
        for value in (
            "1970-01-01T00:00:00+01:00",  # not in UTC
            "1970-01-01T00:00:00",
            "1970-13-01T00:00:00Z",
            "1970-01-01T00:00:61Z",
            "9999-12-31T23:59:60Z",
            "1970-01-01",
            "tomorrow",
            None,
        )
    ),
]


@pytest.mark.parametrize(("name", "value", "options"), MAIL)
def test_a_parameter_of_mail_is_read_as_what_it_asks_for(name, value, options):
    assert mail_options(((name, value),)) == options


RCPT = [
    ("NOTIFY", "never", RecipientOptions(frozenset({"NEVER"}))),
    ("NOTIFY", "Success,DELAY", RecipientOptions(frozenset({"SUCCESS", "DELAY"}))),
    ("NOTIFY", "FAILURE,,FAILURE", RecipientOptions(frozenset({"FAILURE"}))),
    *(
        ("NOTIFY", value, RecipientOptions())
        for value in ("NEVER,SUCCESS", "NEVER,", "SUCCESS,NEVER", "ALWAYS", ",", "", None)
    ),
    ("ORCPT", "rfc822;a+2Bb@c.test", RecipientOptions(None, ("rfc822", "a+b@c.test"))),
    ("ORCPT", "X-kind;+20", RecipientOptions(None, ("X-kind", " "))),
    ("ORCPT", "rfc822;" + "x" * 493, RecipientOptions(None, ("rfc822", "x" * 493))),
    *(
        ("ORCPT", value, RecipientOptions())
        for value in (
            "a@b.test",
            ";a@b.test",
            "rfc822;",
            "rfc.822;a@b.test",
            "rfc822;a+0A",
            "rfc822;+C3+A4+0A@b.test",
            "rfc822;a+FF@b.test",
            "X-kind;+C3+A4@b.test",
            "rfc822;ä@b.test",
            "rfc822;" + "x" * 494,
            None,
        )
    ),
    # RFC 6533 3
    ("ORCPT", r"utf-8;\x{E4}\x{2B}@b.test", RecipientOptions(None, ("utf-8", "ä+@b.test"))),
    ("ORCPT", r"UTF-8;\x{1f600}@\x{10FFFF}", RecipientOptions(None, ("UTF-8", "😀@\U0010ffff"))),
    ("ORCPT", "utf-8;ä@b.test", RecipientOptions(None, ("utf-8", "ä@b.test"))),
    ("ORCPT", "utf-8;a+2Bb@c.test", RecipientOptions(None, ("utf-8", "a+b@c.test"))),
    ("ORCPT", "rfc822;+C3+A4@b.test", RecipientOptions(None, ("utf-8", "ä@b.test"))),  # Postfix
    *(
        ("ORCPT", value, RecipientOptions())
        for value in (
            r"utf-8;\x{41}",  # stands for itself
            r"utf-8;\x{D800}",
            r"utf-8;\x{0E4}",
            r"utf-8;\x{110000}",
            r"utf-8;\x{}",
            r"utf-8;a\b",
            r"utf-8;\x{0A}",
            r"utf-8;\x{7F}",
            "utf-8;ä+2B",
        )
    ),
]


@pytest.mark.parametrize(("name", "value", "options"), RCPT)
def test_a_parameter_of_rcpt_is_read_as_what_it_asks_for(name, value, options):
    assert recipient_options(((name, value),)) == options


def test_no_parameters_ask_for_nothing():
    assert mail_options(()) == MailOptions()
    assert recipient_options(()) == RecipientOptions()


def test_unknown_parameters_are_passed_over():
    assert mail_options((("X-NEW", "1"), ("SIZE", "7"))) == MailOptions(size=7)
    assert recipient_options((("X-NEW", None),)) == RecipientOptions()
