"""Addresses of targets: read, shown, refused in words."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.target import (
    Address,
    Scheme,
    read_address,
)
from harness.target.address import READERS

ADDRESSES = {
    "mail.example.org": Address("mail.example.org", 25),
    "localhost:2525": Address("localhost", 2525),
    "mail_1:25": Address("mail_1", 25),
    "smtp://127.0.0.1": Address("127.0.0.1", 25),
    "SMTPS://mail.example.org/": Address("mail.example.org", 465, Scheme.SMTPS),
    "lmtp://[::1]": Address("::1", 24, Scheme.LMTP),
    "[0:0::1]:2525": Address("::1", 2525),
    "[IPv6:::1]": Address("::1", 25),
    "submission://bob%40x@mail.test": Address("mail.test", 587, Scheme.SUBMISSION, "bob@x"),
    "submissions://mail.test:1": Address("mail.test", 1, Scheme.SUBMISSIONS),
}

WRONG_ADDRESSES = {
    "http://mail.test": "unknown scheme 'http' (there are: smtp",
    "stmp://mail.test": "did you mean 'smtp'?",
    "pop3://mail.test": "unknown scheme 'pop3'",  # where mail is read, and not taken
    "mail.test:0": "'0' is no port (1 to 65535)",
    "mail.test:65536": "'65536' is no port",
    "mail.test:smtp": "'smtp' is no port",
    "mail.test:": "'' is no port",
    ":25": "the host is missing",
    "": "the host is missing",
    "::1": "an IPv6 address stands in brackets",
    "[::1": "is no host or host:port",
    "[::g]:25": "'::g' is no IPv6 address",
    "127.0.0.256": "'127.0.0.256' is no IPv4 address",
    "1234": "'1234' is no IPv4 address",
    "mail test": "'mail test' is no host name",
    "-mail.test": "'-mail.test' is no host name",
    "a..b": "'a..b' is no host name",
    f"{'a' * 64}.test": "is no host name",
    "smtp://mail.test/path": "nothing may follow the port",
}


@pytest.mark.parametrize("text", ADDRESSES)
def test_an_address_is_read(text):
    assert read_address(text) == ADDRESSES[text]


def test_the_path_of_a_socket_is_an_address_on_this_machine():
    address = Address("/run/lmtp", 0, Scheme.LMTP)

    assert (address.is_path, address.is_loopback) == (True, True)
    assert (str(address), address.endpoint) == ("lmtp:///run/lmtp", "/run/lmtp")
    assert not Address("run", 25).is_path


@pytest.mark.parametrize("text", WRONG_ADDRESSES)
def test_a_wrong_address_is_refused_in_words(text):
    with pytest.raises(UsageError) as refusal:
        read_address(text)

    assert WRONG_ADDRESSES[text] in str(refusal.value)


@pytest.mark.parametrize("address", ADDRESSES.values(), ids=str)
def test_an_address_reads_back_from_what_it_shows(address):
    shown = str(address).replace("bob@x", "bob%40x")

    assert read_address(shown) == address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("bob@mail.test", Address("mail.test", 110, Scheme.POP3, "bob")),
        ("POP3S://mail.test", Address("mail.test", 995, Scheme.POP3S)),
    ],
)
def test_where_mail_is_read_has_addresses_of_its_own(text, address):
    assert read_address(text, READERS, Scheme.POP3) == address


def test_mail_is_not_read_where_it_is_taken():
    with pytest.raises(UsageError, match=r"there are: pop3, pop3s"):
        read_address("smtp://mail.test", READERS, Scheme.POP3)


def test_an_endpoint_puts_an_ipv6_address_in_brackets():
    assert Address("::1", 25).endpoint == "[::1]:25"
    assert Address("mail.test", 25).endpoint == "mail.test:25"


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [("127.0.0.2", True), ("::1", True), ("LocalHost.", True), ("192.0.2.1", False),
     ("localhost.evil.test", False)],
)  # fmt: skip
def test_loopback_is_known_by_the_address_alone(host, is_loopback):
    assert Address(host, 25).is_loopback is is_loopback
