import json

import pytest

from harness.protocol.sasl import ClientSide, Denied, Granted, Login, open_client, open_server
from tests.protocol.accounts import Accounts
from tests.protocol.sasl.exchanges import server_side

# RFC 7628 4.1
TOKEN = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
HEADER = b"n,a=user@example.com,\x01"
MESSAGE = (
    HEADER + b"host=server.example.com\x01port=587\x01auth=Bearer " + TOKEN.encode() + b"\x01\x01"
)
ACCOUNTS = Accounts(tokens={TOKEN: "user@example.com"})


def feed(message: bytes):
    return open_server("OAUTHBEARER", server_side(ACCOUNTS)).feed(message)


def test_the_client_says_what_the_rfc_says():
    side = ClientSide(host="server.example.com", port=587)

    assert open_client("OAUTHBEARER", Login("user@example.com", TOKEN), side).initial() == MESSAGE


def test_a_client_that_knows_neither_user_nor_host_says_the_token_alone():
    told = open_client("OAUTHBEARER", Login("", "abc")).initial()

    assert told == b"n,,\x01auth=Bearer abc\x01\x01"


RIGHT = {
    "the example": MESSAGE,
    "for whom is not said": MESSAGE.replace(b"a=user@example.com", b""),
    "could bind, and need not": MESSAGE.replace(b"n,a", b"y,a", 1),
    "in another case": MESSAGE.replace(b"Bearer", b"BeArEr"),
    "more that nobody knows": MESSAGE.replace(b"\x01port", b"\x01x=1\x01port"),
    "nothing but the token": HEADER + b"auth=Bearer " + TOKEN.encode() + b"\x01\x01",
}


@pytest.mark.parametrize("message", RIGHT.values(), ids=RIGHT)
def test_a_right_token_is_its_owners(message: bytes):
    assert feed(message) == Granted("user@example.com")


WRONG = {
    "another token": (MESSAGE.replace(b"vF9", b"vF8"), "invalid_token"),
    "for another": (MESSAGE.replace(b"a=user", b"a=root"), "invalid_token"),
    "no token": (HEADER + b"\x01", "invalid_request"),
    "no message": (b"", "invalid_request"),
    "the dummy first": (b"\x01", "invalid_request"),
    "another scheme": (MESSAGE.replace(b"Bearer", b"Basic"), "invalid_request"),
    "a token of other characters": (MESSAGE.replace(b"vF9", b"v\xe9"), "invalid_request"),
    "no header": (MESSAGE.removeprefix(HEADER), "invalid_request"),
    "no end": (MESSAGE[:-1], "invalid_request"),
    "something that is no pair": (MESSAGE.replace(b"port=", b"port"), "invalid_request"),
    "nobody's name": (MESSAGE.replace(b"user@", b"\x07"), "invalid_request"),
    "no separator": (MESSAGE.replace(b",\x01host", b",host"), "invalid_request"),
}


@pytest.mark.parametrize(("message", "status"), WRONG.values(), ids=WRONG)
def test_why_not_is_told_in_json_before_it_is_told_again(message: bytes, status: str):
    server = open_server("OAUTHBEARER", server_side(ACCOUNTS))

    told = server.feed(message)

    assert isinstance(told, bytes)
    assert json.loads(told)["status"] == status
    assert server.feed(b"\x01") == Denied()  # RFC 7628 3.2.3


def test_a_client_answers_the_error_with_the_dummy():
    client = open_client("OAUTHBEARER", Login("alice", "wrong"))
    client.initial()

    assert client.respond(b'{"status":"invalid_token"}') == b"\x01"
    assert client.is_content
