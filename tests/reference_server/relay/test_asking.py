"""What a message needs, and what is said for it: as tables, nobody is talked to."""

import pytest

from harness.protocol.replies import Capabilities
from harness.protocol.services import Service
from reference_server.queue.items import Item, QueuedRecipient
from reference_server.relay.outcomes import Kind
from reference_server.relay.sessions.asking import (
    Elsewhere,
    Ready,
    Terms,
    TooWide,
    narrowed,
    prepare,
)
from reference_server.relay.sessions.conversion import seven_bit

NOW = 1_750_000_000.0
ASCII = b"Subject: hi\r\n\r\nhello\r\n"
EIGHT = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nü\r\n".encode()
BARE = b"MIME-Version: 1.0\r\nContent-Type: image/png\r\n\r\na\nb\r\n"
INTERNATIONAL = "Subject: ü\r\n\r\nhello\r\n".encode()
EVERYTHING = (
    "SIZE 1000", "8BITMIME", "SMTPUTF8", "CHUNKING", "BINARYMIME", "DSN", "DELIVERBY 60",
    "MT-PRIORITY", "REQUIRETLS", "FUTURERELEASE", "AUTH PLAIN",
)  # fmt: skip


def item(*parameters, to=("b@y.test",), sender="a@x.test", arrived=NOW):
    recipients = tuple(
        QueuedRecipient(address=one) if isinstance(one, str)
        else QueuedRecipient(address=one[0], parameters=one[1])
        for one in to
    )  # fmt: skip
    return Item(
        id="1", reverse_path=sender, parameters=parameters, arrived=arrived, size=9,
        recipients=recipients,
    )  # fmt: skip


def terms(*keywords, lmtp=False, trusted=False):
    rows = [keyword.split() for keyword in keywords]
    return Terms(
        capabilities=Capabilities("y", {row[0]: tuple(row[1:]) for row in rows}),
        service=Service.LMTP if lmtp else Service.SMTP,
        is_trusted=trusted,
        remote="mx.y.test",
    )


def ask(message, offered, content=ASCII, *, now=NOW):
    addresses = [one.address for one in message.recipients]
    ready = prepare(message, addresses, content, offered, now=now)
    return narrowed(ready, seven_bit(content)) if isinstance(ready, TooWide) else ready


def said(ready):
    assert isinstance(ready, Ready)
    words = [f"{name}={value}" if value else name for name, value in ready.envelope.mail_parameters]
    return sorted(words)


# parameters of MAIL as they came, the content, what is offered, what is said
SAID = {
    "nothing to say": ((), ASCII, (), []),
    "the size": ((("SIZE", "99999"),), ASCII, ("SIZE 1000",), ["SIZE=22"]),
    "8 bits": ((), EIGHT, ("8BITMIME",), ["BODY=8BITMIME"]),
    "7 bits after all": ((("BODY", "8BITMIME"),), ASCII, ("8BITMIME",), []),
    "binary": ((("BODY", "BINARYMIME"),), BARE, ("BINARYMIME", "CHUNKING"), ["BODY=BINARYMIME"]),
    "a header in UTF-8": ((("SMTPUTF8", None),), INTERNATIONAL, ("SMTPUTF8", "8BITMIME"),
                          ["BODY=8BITMIME", "SMTPUTF8"]),
    "SMTPUTF8 because it was asked for": ((("SMTPUTF8", None),), ASCII, ("SMTPUTF8",),
                                          ["SMTPUTF8"]),
    "SMTPUTF8 that nothing needs": ((("SMTPUTF8", None),), ASCII, (), []),
    "DSN as it came": ((("ENVID", "a+2Bb"), ("RET", "HDRS")), ASCII, ("DSN",),
                       ["ENVID=a+2Bb", "RET=HDRS"]),
    "no DSN where it is not known": ((("ENVID", "a"), ("RET", "FULL")), ASCII, (), []),
    "the priority": ((("MT-PRIORITY", "-3"),), ASCII, ("MT-PRIORITY",), ["MT-PRIORITY=-3"]),
    "no priority where it is not known": ((("MT-PRIORITY", "3"),), ASCII, (), []),
    "what is left of a deadline": ((("BY", "1000;R"),), ASCII, ("DELIVERBY",), ["BY=900;R"]),
    "and of one that is only told of": ((("BY", "50;NT"),), ASCII, ("DELIVERBY",), ["BY=-50;NT"]),
    "what has been held is held no more": ((("HOLDFOR", "60"),), ASCII, EVERYTHING, ["SIZE=22"]),
    "who logged in here is not who logs in there": ((("AUTH", "alice"),), ASCII, EVERYTHING,
                                                    ["SIZE=22"]),
}  # fmt: skip


@pytest.mark.parametrize(("parameters", "content", "offered", "wanted"), SAID.values(), ids=SAID)
def test_what_is_said_with_mail(parameters, content, offered, wanted):
    held = 60 if parameters[:1] == (("HOLDFOR", "60"),) else 0
    ready = ask(item(*parameters, arrived=NOW - 100 - held), terms(*offered), content)
    assert said(ready) == wanted
    assert ready.content == content


RCPT = {
    "as it came": ((("NOTIFY", "SUCCESS,delay"), ("ORCPT", "rfc822;Bob+40y")), ("DSN",),
                   (("NOTIFY", "SUCCESS,delay"), ("ORCPT", "rfc822;Bob+40y"))),
    "not where it is not known": ((("NOTIFY", "NEVER"),), (), ()),
    "UTF-8 to who knows it": ((("ORCPT", "utf-8;bü@y"),), ("DSN", "SMTPUTF8"),
                              (("ORCPT", "utf-8;bü@y"),)),
    "UTF-8 in ASCII to who does not": ((("ORCPT", "utf-8;bü@y"),), ("DSN",),
                                       (("ORCPT", r"utf-8;b\x{FC}@y"),)),
}  # fmt: skip


@pytest.mark.parametrize(("parameters", "offered", "wanted"), RCPT.values(), ids=RCPT)
def test_what_is_said_with_rcpt(parameters, offered, wanted):
    ready = ask(item(to=[("b@y.test", parameters)]), terms(*offered))
    assert isinstance(ready, Ready)
    assert ready.envelope.rcpt_parameters["b@y.test"] == wanted


# --- what cannot be had --------------------------------------------------------------------------

REFUSED = {
    "too large": (item(), ASCII, ("SIZE 21",), "5.3.4"),
    "8 bits that cannot be converted": (item(), b"\r\n\xfc\r\n", (), "5.6.3"),
    "binary that cannot be converted": (item(), b"\r\na\nb\r\n", ("8BITMIME",), "5.6.3"),
    "binary without BDAT": (item(), b"\r\na\nb\r\n", ("BINARYMIME",), "5.6.3"),
    "a header in UTF-8": (item(), INTERNATIONAL, ("8BITMIME",), "5.6.7"),
    "a sender in UTF-8": (item(sender="ä@x.test"), ASCII, (), "5.6.7"),
    "a recipient in UTF-8": (item(to=["bø@y.test"]), ASCII, (), "5.6.7"),
}


@pytest.mark.parametrize(("message", "content", "offered", "status"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_sent_comes_back_at_once(message, content, offered, status):
    ready = ask(message, terms(*offered), content)
    assert isinstance(ready, Ready)
    assert ready.envelope.recipients == ()
    ((_, outcome),) = ready.refused.items()
    assert (outcome.kind, outcome.status, outcome.remote) == (Kind.FAILED, status, "mx.y.test")


def test_only_those_beyond_ascii_are_kept_back():
    ready = ask(item(to=["bø@y.test", "carol@y.test"]), terms())
    assert isinstance(ready, Ready)
    assert ready.envelope.recipients == ("carol@y.test",)
    assert list(ready.refused) == ["bø@y.test"]


@pytest.mark.parametrize(("content", "needle"), [(EIGHT, b"=C3=BC"), (BARE, b"base64")])
def test_8_bits_are_converted_where_that_does_no_harm(content, needle):
    ready = ask(item(), terms("SIZE"), content)
    assert isinstance(ready, Ready)
    assert needle in ready.content
    assert said(ready) == [f"SIZE={len(ready.content)}"]


def test_a_limit_of_zero_or_none_is_no_limit():
    for keyword in ("SIZE", "SIZE 0", "SIZE nonsense"):
        ready = ask(item(), terms(keyword))
        assert isinstance(ready, Ready)
        assert ready.refused == {}


TLS = ("REQUIRETLS", None)
NEEDS = {
    "TLS in the clear": (item(TLS), ("REQUIRETLS",), False, "5.7.10"),
    "REQUIRETLS of who does not know it": (item(TLS), (), True, "5.7.30"),
    "a deadline of who does not know it": (item(("BY", "1000;R")), (), False, "5.3.3"),
    "a deadline that is too near": (item(("BY", "50;R")), ("DELIVERBY 60",), False, "5.4.7"),
    "a deadline that is over": (item(("BY", "50;R"), arrived=NOW - 50), ("DELIVERBY",), False,
                                "5.4.7"),
}  # fmt: skip


@pytest.mark.parametrize(("message", "offered", "trusted", "status"), NEEDS.values(), ids=NEEDS)
def test_what_one_host_does_not_have_another_may(message, offered, trusted, status):
    answer = ask(message, terms(*offered, trusted=trusted))
    assert isinstance(answer, Elsewhere)
    assert (answer.outcome.kind, answer.outcome.status) == (Kind.FAILED, status)


def test_requiretls_is_said_where_it_can_be_kept():
    assert said(ask(item(TLS), terms("REQUIRETLS", trusted=True))) == ["REQUIRETLS"]


@pytest.mark.parametrize("offered", [(), ("REQUIRETLS",)])
def test_a_bounce_goes_without_requiretls_rather_than_not_at_all(offered):
    assert said(ask(item(TLS, sender=""), terms(*offered))) == []


# --- what it comes to ----------------------------------------------------------------------------

TAKEN = {
    "a host that knows DSN": ((), ("DSN",), False, Kind.PASSED_ON, False),
    "one that does not": ((), (), False, Kind.RELAYED, False),
    "a mailbox": ((), (), True, Kind.DELIVERED, False),
    "a mailbox that tells of itself": ((), ("DSN",), True, Kind.PASSED_ON, False),
    "a deadline that nobody keeps": ((("BY", "9;N"),), ("DSN",), False, Kind.RELAYED, True),
    "a deadline that is kept": ((("BY", "9;N"),), ("DSN", "DELIVERBY"), False,
                                Kind.PASSED_ON, False),
    "a deadline that is traced": ((("BY", "9;NT"),), ("DSN", "DELIVERBY"), False,
                                  Kind.RELAYED, True),
}  # fmt: skip


@pytest.mark.parametrize(
    ("parameters", "offered", "lmtp", "kind", "asked"), TAKEN.values(), ids=TAKEN
)
def test_what_acceptance_comes_to(parameters, offered, lmtp, kind, asked):
    ready = ask(item(*parameters), terms(*offered, lmtp=lmtp))
    assert isinstance(ready, Ready)
    assert (ready.taken.kind, ready.taken.asked_by_deadline) == (kind, asked)
