import pytest

from harness.protocol.sasl import Denied, Granted, open_server
from tests.protocol.accounts import Accounts
from tests.protocol.sasl.exchanges import server_side

PLAIN = {
    "right": (b"\0alice\0secret", Granted("alice")),
    "for oneself": (b"alice\0alice\0secret", Granted("alice")),
    "for another": (b"bob\0alice\0secret", Denied()),
    "two fields": (b"alice\0secret", Denied()),
    "four fields": (b"\0alice\0secret\0", Denied()),
    "nothing": (b"", Denied()),
    "no user": (b"\0\0secret", Denied()),
    "no user once prepared": ("\0\u00ad\0secret".encode(), Denied()),
    "not UTF-8": (b"\0alice\0secr\xff", Denied()),
}


@pytest.mark.parametrize(("message", "outcome"), PLAIN.values(), ids=PLAIN)
def test_plain_is_three_fields(message: bytes, outcome: Granted | Denied):
    assert open_server("PLAIN", server_side()).feed(message) == outcome


def test_255_octets_of_each_field_are_taken():
    # RFC 4616 2
    user, password = "u" * 255, "p" * 255
    server = open_server("PLAIN", server_side(Accounts(passwords={user: password})))

    assert server.feed(f"{user}\0{user}\0{password}".encode()) == Granted(user)


def test_login_that_is_not_utf8_is_denied():
    server = open_server("LOGIN", server_side())

    assert server.feed(b"\xff") == b"Password:"
    assert server.feed(b"secret") == Denied()
