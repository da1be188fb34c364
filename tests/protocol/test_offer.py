"""What EHLO offers, to whom, and how it is switched off."""

from dataclasses import replace

import pytest

from harness.protocol.extensions import EXTENSIONS
from harness.protocol.receiver import RULES, Occasion
from tests.protocol.obliging import Obliging

MAIL = b"MAIL FROM:<a@b.test>\r\n"
RCPT = b"RCPT TO:<alice@example.test>\r\n"
HELLO = b"EHLO client.test\r\n"


def limited(**limits):
    return replace(RULES, limits=replace(RULES.limits, **limits))


def without(*keywords):
    kept = {name: row for name, row in EXTENSIONS.items() if name not in keywords}
    return replace(RULES, extensions=kept)


def offered(talk, hello=HELLO):
    return [line[4:] for line in talk.say(hello).decode().splitlines()[1:]]


def test_ehlo_lists_what_is_offered_in_the_clear():
    assert offered(Obliging()) == [
        "PIPELINING",
        "SIZE 10485760",
        "8BITMIME",
        "SMTPUTF8",
        "CHUNKING",
        "BINARYMIME",
        "ENHANCEDSTATUSCODES",
        "DSN",
        "DELIVERBY",
        "MT-PRIORITY",
        "LIMITS RCPTMAX=1000",
        "ETRN",
        "STARTTLS",
        "EXPN",
        "HELP",
    ]


def test_inside_tls_there_is_auth_and_requiretls_in_the_place_of_starttls():
    clear, secure = (
        {line.partition(" ")[0] for line in offered(Obliging(secure=secure))}
        for secure in (False, True)
    )
    assert clear - secure == {"STARTTLS"}
    assert secure - clear == {"REQUIRETLS", "AUTH"}


@pytest.mark.parametrize("hello", [b"", b"HELO client.test\r\n"])
def test_no_extension_is_there_without_ehlo(hello):
    talk = Obliging(secure=True)
    talk.say(hello)

    assert talk.codes(b"AUTH PLAIN\r\n") == [502 if hello else 503]


def test_the_first_line_greets_the_client():
    assert Obliging().say(HELLO).startswith(b"250-example.test greets client.test\r\n")


def test_the_greeting_names_the_domain_first():
    assert Obliging().greeting == b"220 example.test ESMTP smtp-harness\r\n"


def test_limits_are_announced_as_they_are_set():
    talk = Obliging(limited(mails=3, recipients=2_000_000, domains=2, deliver_by=60, message=1_000))
    said = offered(talk)
    assert "LIMITS MAILMAX=3 RCPTMAX=999999 RCPTDOMAINMAX=2" in said
    assert {"DELIVERBY 60", "SIZE 1000"} <= set(said)


def test_an_extension_goes_with_the_one_that_it_needs():
    assert "SMTPUTF8" not in offered(Obliging(without("8BITMIME")))
    assert "BINARYMIME" not in offered(Obliging(without("CHUNKING")))


# --- switched off -------------------------------------------------------------------------------

# keyword -> what it brings, where it is offered: refused where it is not
BRINGS = {
    "SIZE": (b"MAIL FROM:<a@b.test> SIZE=1", 555),
    "8BITMIME": (b"MAIL FROM:<a@b.test> BODY=8BITMIME", 501),  # BODY has another value still
    "BINARYMIME": (b"MAIL FROM:<a@b.test> BODY=BINARYMIME", 501),
    "SMTPUTF8": (b"MAIL FROM:<a@b.test> SMTPUTF8", 555),
    "DSN": (b"MAIL FROM:<a@b.test> RET=FULL ENVID=x", 555),
    "DELIVERBY": (b"MAIL FROM:<a@b.test> BY=60;R", 555),
    "MT-PRIORITY": (b"MAIL FROM:<a@b.test> MT-PRIORITY=-1", 555),
    "REQUIRETLS": (b"MAIL FROM:<a@b.test> REQUIRETLS", 555),
    "AUTH": (b"MAIL FROM:<a@b.test> AUTH=<>", 555),
    "ETRN": (b"ETRN example.test", 502),
    "CHUNKING": (b"BDAT 0 LAST", 502),
    "STARTTLS": (b"STARTTLS", 502),
}


@pytest.mark.parametrize("keyword", BRINGS)
def test_without_its_row_an_extension_is_gone(keyword):
    line, code = BRINGS[keyword]
    there, gone = (
        Obliging(rules, secure=keyword in ("REQUIRETLS", "AUTH"))
        for rules in (RULES, without(keyword))
    )
    there.say(HELLO)
    gone.say(HELLO)
    (said,) = there.codes(line + b"\r\n")
    assert said in (220, 250, 459, 503)
    assert gone.codes(line + b"\r\n") == [code]


@pytest.mark.parametrize("line", [line for line, code in BRINGS.values()])
def test_after_helo_nothing_is_offered(line):
    talk = Obliging()
    assert talk.say(b"HELO client.test\r\n") == b"250 example.test greets client.test\r\n"
    assert talk.codes(line + b"\r\n")[0] in (502, 555)


# --- how long a line may be ---------------------------------------------------------------------

GROWTH = {
    "SIZE": 26,
    "8BITMIME": 17,
    "BINARYMIME": 16,
    "SMTPUTF8": 10,
    "DSN": 110,
    "DELIVERBY": 17,
    "MT-PRIORITY": 15,
    "REQUIRETLS": 11,
    "AUTH": 500,
}


def padded(line, length):
    return line[:-2] + b" " * (length - len(line)) + b"\r\n"


@pytest.mark.parametrize("keyword", GROWTH)
def test_each_extension_adds_to_mail_what_its_rfc_says(keyword):
    needed = {EXTENSIONS[keyword].needs, keyword} - {None}
    rules = replace(RULES, extensions={name: EXTENSIONS[name] for name in needed})
    most = 512 + sum(GROWTH.get(name, 0) for name in needed)
    for length, codes in ((most, [250]), (most + 1, [500])):
        talk = Obliging(rules, secure=True)
        talk.say(HELLO)
        assert talk.codes(padded(MAIL, length)) == codes


# what is said -> the octets that its line may have in the clear
LONGEST = {
    b"MAIL FROM:<a@b.test>\r\n": 512 + 26 + 17 + 10 + 16 + 110 + 17 + 15,
    b"rcpt TO:<alice@example.test>\r\n": 512 + 530,  # RFC 3461 5.4
    b"NOOP\r\n": 512,
    b"DATA\r\n": 512,
    b"VRFY alice\r\n": 512,
    b"EHLO client.test\r\n": 512,
    b"WIBBLE\r\n": 512,
}


@pytest.mark.parametrize("line", LONGEST)
def test_the_longest_line_depends_on_its_verb(line):
    most = LONGEST[line]
    for length in (most, most + 1):
        talk = Obliging()
        talk.say(HELLO)
        if line.startswith((b"rcpt", b"DATA")):
            talk.say(MAIL)
        if line.startswith(b"DATA"):
            talk.say(RCPT)
        told = talk.say(padded(line, length))
        assert told.startswith(b"500 5.5.6 Line too long") is (length > most)


def test_before_ehlo_every_line_has_512_octets():
    talk = Obliging()
    talk.say(b"HELO client.test\r\n")
    assert talk.codes(padded(MAIL, 513)) == [500]
    assert talk.codes(padded(MAIL, 512)) == [250]


# --- enhanced codes -----------------------------------------------------------------------------

# What is said, and the code that stands in front of the text, if any (RFC 2034 4).
CODES = {
    "to MAIL": ([HELLO, MAIL], "2.1.0"),
    "after HELO too": ([b"HELO client.test\r\n", MAIL], "2.1.0"),
    "before EHLO too": ([b"WIBBLE\r\n"], "5.5.1"),
    "by the codec": ([HELLO, b"MAIL FROM:<\r\n"], "5.1.7"),
    "not to EHLO": ([HELLO], None),
    "not to HELO": ([b"HELO client.test\r\n"], None),
    "not to a bad EHLO": ([HELLO, b"EHLO a_b\r\n"], None),
    "not where text follows": ([HELLO, MAIL, RCPT, b"DATA\r\n"], None),
    "not where TLS is asked for, but there": ([HELLO, b"STARTTLS\r\n"], "2.0.0"),
}


@pytest.mark.parametrize(("said", "code"), CODES.values(), ids=CODES)
def test_enhanced_codes_stand_where_rfc_2034_wants_them(said, code):
    *before, last = said
    talk = Obliging()
    talk.say(*before)
    text = talk.say(last)[4:]
    assert text.startswith(f"{code} ".encode()) if code else not text[:1].isdigit()


def test_a_hello_that_is_out_of_place_has_no_code_either():
    talk = Obliging(replace(RULES, verbs=frozenset()))
    assert talk.say(HELLO) == b"502 Command not implemented\r\n"


@pytest.mark.parametrize(
    "occasion", [Occasion.GREETING, Occasion.TOO_MANY_CONNECTIONS, Occasion.NO_MAIL_HERE]
)
def test_the_first_reply_has_no_code(occasion):
    talk = Obliging()
    talk.receiver.say(occasion)
    assert talk.receiver.output()[4:].startswith(b"example.test")


def test_without_enhancedstatuscodes_no_reply_has_a_code():
    talk = Obliging(without("ENHANCEDSTATUSCODES"))
    assert talk.say(HELLO, MAIL).endswith(b"\r\n250 Sender ok\r\n")
    assert talk.say(b"RCPT TO:<\r\n") == b"501 Not an address in angle brackets\r\n"


def test_who_says_codes_to_whom_is_a_matter_of_rules():
    talk = Obliging(replace(RULES, attaches_codes=bool))
    assert talk.say(b"NOOP\r\n") == b"250 Nothing done\r\n"
    talk.say(HELLO)
    assert talk.say(b"NOOP\r\n") == b"250 2.0.0 Nothing done\r\n"
