import socket

import pytest

from harness.errors import UsageError
from harness.protocol.services import Service
from reference_server.doors.door import TRADES, Door, Kind, open_door, read_door

WRITTEN = {
    "smtp://127.0.0.1:2525": Door(Kind.SMTP, "127.0.0.1", 2525),
    "submission://127.0.0.1:2587": Door(Kind.SUBMISSION, "127.0.0.1", 2587),
    "SMTPS://0.0.0.0:0": Door(Kind.SMTPS, "0.0.0.0", 0),
    "lmtp://[::1]:2424/": Door(Kind.LMTP, "::1", 2424),
    "pop3://localhost": Door(Kind.POP3, "localhost", 110),
    "pop3s://[::]": Door(Kind.POP3S, "::", 995),
    "submissions://:4650": Door(Kind.SUBMISSIONS, "127.0.0.1", 4650),
}


@pytest.mark.parametrize(("text", "door"), WRITTEN.items())
def test_a_door_is_read_as_it_is_written(text, door):
    assert read_door(text) == door
    assert read_door(str(door)) == door


WRONG = {
    "127.0.0.1:25": "is no door, such as",
    "smtp:127.0.0.1": "is no door, such as",
    "smtp://user@127.0.0.1:25": "is no door, such as",
    "smtp://127.0.0.1:25/path": "is no door, such as",
    "subnission://127.0.0.1:25": "'subnission' (did you mean 'submission'?)",
    "imap://127.0.0.1:143": "unknown kind of door 'imap'",
    "smtp://::1:25": "is no door, such as",
    "smtp://[127.0.0.1]:25": "an IPv6 address stands in brackets",
    "smtp://127.0.0.1:65536": "'65536' is no port",
    "smtp://127.0.0.1:": "'' is no port",
    "smtp://127.0.0.1:+5": "'+5' is no port",
}


@pytest.mark.parametrize(("text", "words"), WRONG.items())
def test_what_is_no_door_is_told(text, words):
    with pytest.raises(UsageError) as caught:
        read_door(text)
    assert words in str(caught.value)


def test_what_a_kind_means():
    assert set(TRADES) == set(Kind)
    assert {kind for kind in Kind if Door(kind).implicit_tls} == {"smtps", "submissions", "pop3s"}
    assert Door(Kind.SUBMISSIONS).service is Service.SUBMISSION
    assert {kind for kind in Kind if Door(kind).service is None} == {"pop3", "pop3s"}


def test_plain_smtp_is_announced_as_it_always_was():
    assert Door(Kind.SMTP, "127.0.0.1", 2525).announcement == "127.0.0.1:2525"
    assert Door(Kind.SMTP, "::1", 2525).announcement == "[::1]:2525"
    assert Door(Kind.LMTP, "::1", 2424).announcement == "lmtp://[::1]:2424"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_door_without_a_port_gets_a_free_one(host):
    opened = open_door(Door(Kind.SMTP, host, 0))
    with opened.listener, socket.create_connection((opened.door.host, opened.door.port)):
        assert opened.door.port > 0
        assert opened.door.kind is Kind.SMTP


def test_all_of_ipv6_leaves_all_of_ipv4_to_others():
    with open_door(Door(Kind.SMTP, "0.0.0.0", 0)).listener as first:
        open_door(Door(Kind.SMTP, "::", first.getsockname()[1])).listener.close()


@pytest.mark.parametrize("host", ["192.0.2.1", f"{'x' * 64}.test"])
def test_a_door_that_cannot_be_opened_is_told(host):
    with pytest.raises(UsageError, match="cannot listen on"):
        open_door(Door(Kind.SMTP, host, 0))
