import smtplib

import pytest

from harness.protocol.sasl import (
    ClientSide,
    Denied,
    Granted,
    Login,
    Spoil,
    open_client,
    open_server,
)
from tests.protocol.accounts import Accounts
from tests.protocol.sasl.exchanges import ALICE, outcome_of, server_side

# RFC 2195 2
CHALLENGE = b"<1896.697170952@postoffice.reston.mci.net>"
RESPONSE = b"tim b913a602c7eda7a495b4e6e7334d3890"
TIM = Accounts(passwords={"tim": "tanstaaftanstaaf"})


def rfc_server(accounts: Accounts = TIM):
    side = server_side(accounts, host="postoffice.reston.mci.net", nonce=lambda: "1896.697170952")
    return open_server("CRAM-MD5", side)


def test_the_example_of_the_rfc_is_said_and_taken():
    client, server = open_client("CRAM-MD5", Login("tim", "tanstaaftanstaaf")), rfc_server()

    assert server.first_challenge == CHALLENGE
    assert client.respond(CHALLENGE) == RESPONSE
    assert server.feed(RESPONSE) == Granted("tim")


def test_smtplib_says_the_same():
    them = smtplib.SMTP()
    them.user, them.password = "alice", "secret"
    server = open_server("CRAM-MD5", server_side())

    told = them.auth_cram_md5(server.first_challenge)

    assert told is not None
    assert told.encode() == open_client("CRAM-MD5", ALICE).respond(server.first_challenge)
    assert server.feed(told.encode()) == Granted("alice")


WRONG = {
    "nothing": b"",
    "no digest": b"tim",
    "no user": b"b913a602c7eda7a495b4e6e7334d3890",
    "an empty user": b" b913a602c7eda7a495b4e6e7334d3890",
    "in capitals": RESPONSE.upper(),
    "too short": RESPONSE[:-1],
    "too long": RESPONSE + b"0",
    "not ASCII": b"tim \xc3\xa9",
    "not UTF-8": b"tim \xff",
}


@pytest.mark.parametrize("response", WRONG.values(), ids=WRONG)
def test_another_response_is_denied(response: bytes):
    assert rfc_server().feed(response) == Denied()


def test_a_name_may_hold_blanks():
    accounts = Accounts(passwords={"alice in wonderland": "secret"})

    told = outcome_of("CRAM-MD5", Login("alice in wonderland", "secret"), accounts=accounts)

    assert told == Granted("alice in wonderland")


def test_a_challenge_is_never_said_twice():
    challenges = {open_server("CRAM-MD5", server_side()).first_challenge for _ in range(100)}

    assert len(challenges) == 100


def test_a_spoilt_proof_is_denied():
    assert outcome_of("CRAM-MD5", side=ClientSide(spoil=Spoil.PROOF)) == Denied()
