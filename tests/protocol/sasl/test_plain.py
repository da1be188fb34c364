import pytest

from harness.protocol.sasl import ClientSide, Denied, Granted, Spoil, open_client, open_server
from tests.protocol.accounts import Accounts
from tests.protocol.sasl.exchanges import ALICE, outcome_of, server_side

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


def test_who_acts_for_somebody_else_is_denied_the_right_password_too():
    side = ClientSide(spoil=Spoil.AUTHZID)

    assert open_client("PLAIN", ALICE, side).initial() == b"somebody-else\0alice\0secret"
    assert outcome_of("PLAIN", side=side) == Denied()


def test_who_acts_for_himself_in_so_many_words_is_let_in():
    side = ClientSide(spoil=Spoil.ONESELF)

    assert open_client("PLAIN", ALICE, side).initial() == b"alice\0alice\0secret"
    assert outcome_of("PLAIN", side=side) == Granted("alice")


def test_who_acts_for_a_name_of_which_nothing_is_left_is_denied():
    # RFC 4954 4: nothing once it is prepared, and yet not nothing.
    side = ClientSide(spoil=Spoil.BLANK)

    assert open_client("PLAIN", ALICE, side).initial() == b"\xc2\xad\0alice\0secret"
    assert outcome_of("PLAIN", side=side) == Denied()


def test_255_octets_of_each_field_are_taken():
    # RFC 4616 2
    user, password = "u" * 255, "p" * 255
    server = open_server("PLAIN", server_side(Accounts(passwords={user: password})))

    assert server.feed(f"{user}\0{user}\0{password}".encode()) == Granted(user)


def test_login_that_is_not_utf8_is_denied():
    server = open_server("LOGIN", server_side())

    assert server.feed(b"\xff") == b"Password:"
    assert server.feed(b"secret") == Denied()
