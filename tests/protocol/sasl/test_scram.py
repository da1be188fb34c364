"""SCRAM against itself, against the examples of the RFCs, and against somebody else's."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
import scramp

from harness.protocol.sasl import (
    MECHANISMS,
    ClientSide,
    Denied,
    Granted,
    Login,
    Spoil,
    derive_keys,
    open_client,
    open_server,
)
from tests.protocol.accounts import Accounts
from tests.protocol.sasl.exchanges import ALICE, TLS, converse, outcome_of, server_side

PLAIN, PLUS = "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"

# --- RFC 7677 3 --------------------------------------------------------------------------------

CLIENT_FIRST = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
NONCE = b"rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
SERVER_FIRST = b"r=" + NONCE + b",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
CLIENT_FINAL = b"c=biws,r=" + NONCE + b",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
SERVER_FINAL = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


class Pencil(Accounts):
    """The user of the example."""

    def scram_keys(self, user: str):
        salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
        return derive_keys("pencil", salt=salt)


def rfc_client():
    side = ClientSide(nonce=lambda: "rOprNGfwEbeRWgbNEkqO")
    return open_client(PLAIN, Login("user", "pencil"), side)


def rfc_server():
    nonce = NONCE.removeprefix(b"rOprNGfwEbeRWgbNEkqO").decode()
    return open_server(PLAIN, server_side(Pencil(), bindings={}, nonce=lambda: nonce))


def test_the_client_says_what_the_rfc_says():
    client = rfc_client()

    assert client.initial() == CLIENT_FIRST
    assert client.respond(SERVER_FIRST) == CLIENT_FINAL
    assert not client.is_content
    assert client.respond(SERVER_FINAL) == b""
    assert client.is_content


def test_the_server_says_what_the_rfc_says():
    server = rfc_server()

    assert server.feed(CLIENT_FIRST) == SERVER_FIRST
    assert server.feed(CLIENT_FINAL) == SERVER_FINAL
    assert server.feed(b"") == Granted("user")


# --- what a client refuses ---------------------------------------------------------------------

BAD_SERVER_FIRST = {
    "a nonce that is not ours": b"r=xOprNGfwEbeRWgbNEkqO%hv,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    "our nonce alone": b"r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    "no salt": b"r=" + NONCE + b",i=4096",
    "an empty salt": b"r=" + NONCE + b",s=,i=4096",
    "a salt that is no base64": b"r=" + NONCE + b",s=???,i=4096",
    "no iterations": SERVER_FIRST[:-4] + b"0",
    "a million and one": SERVER_FIRST[:-4] + b"1000001",
    "more digits than fit": SERVER_FIRST[:-4] + b"9" * 40,
    "an extension that must be understood": b"m=x," + SERVER_FIRST,
    "an error": b"e=unknown-user",
    "nothing": b"",
    "noise": b"\xff\0",
}


@pytest.mark.parametrize("challenge", BAD_SERVER_FIRST.values(), ids=BAD_SERVER_FIRST)
def test_a_client_gives_up_on_a_first_message_that_cannot_be_right(challenge: bytes):
    client = rfc_client()
    client.initial()

    assert client.respond(challenge) is None
    assert not client.is_content


def test_extensions_of_a_server_that_may_be_ignored_are():
    client = rfc_client()
    client.initial()

    assert client.respond(SERVER_FIRST + b",x=1") is not None


@pytest.mark.parametrize(
    "final", [b"", b"v=", SERVER_FINAL[:-4] + b"AAA=", b"e=other-error", SERVER_FINAL + b",x=1"]
)
def test_a_server_that_does_not_prove_itself_is_not_believed(final: bytes):
    client = rfc_client()
    client.initial()
    client.respond(SERVER_FIRST)

    assert client.respond(final) is None
    assert not client.is_content


# --- what a server refuses ---------------------------------------------------------------------

BAD_CLIENT_FIRST = {
    "nothing": b"",
    "no header": b"n=user,r=abc",
    "a flag that there is not": b"x,,n=user,r=abc",
    "a binding that was not asked for": b"p=tls-unique,,n=user,r=abc",
    "for another": b"n,a=bob,n=user,r=abc",
    "for nobody": b"n,a=,n=user,r=abc",
    "for whom is no name": b"n,a=b=b,n=user,r=abc",
    "no user": b"n,,n=,r=abc",
    "no user once prepared": "n,,n=\u00ad,r=abc".encode(),
    "a user who cannot be prepared": b"n,,n=\x07,r=abc",
    "an equals sign as it is": b"n,,n=us=er,r=abc",
    "an escape that there is not": b"n,,n=us=2Der,r=abc",
    "no nonce": b"n,,n=user,r=",
    "a comma in the nonce": b"n,,n=user,r=a,c",
    "an octet that is not printable": b"n,,n=user,r=a\x7f",
    "an extension that must be understood": b"n,,m=x,n=user,r=abc",
    "attributes the other way round": b"n,,r=abc,n=user",
    "not UTF-8": b"n,,n=us\xff,r=abc",
    "NUL": b"n,,n=us\0er,r=abc",
}


@pytest.mark.parametrize("message", BAD_CLIENT_FIRST.values(), ids=BAD_CLIENT_FIRST)
def test_a_server_denies_a_first_message_that_cannot_be_right(message: bytes):
    assert rfc_server().feed(message) == Denied()


def test_a_name_for_whom_one_acts_may_be_ones_own_and_extensions_are_ignored():
    assert isinstance(rfc_server().feed(b"n,a=user,n=user,r=abc,x=1"), bytes)


PROOF = CLIENT_FINAL[CLIENT_FINAL.index(b",p=") :]
BAD_CLIENT_FINAL = {
    "nothing": b"",
    "no proof": CLIENT_FINAL.removesuffix(PROOF),
    "an empty proof": CLIENT_FINAL.removesuffix(PROOF) + b",p=",
    "another proof": CLIENT_FINAL.replace(b"p=dH", b"p=dI"),
    "a proof that is no base64": CLIENT_FINAL[:-1],
    "another header": CLIENT_FINAL.replace(b"biws", b"eSws"),
    "a header that is no base64": CLIENT_FINAL.replace(b"biws", b"biw"),
    "another nonce": CLIENT_FINAL.replace(b"k0,p", b"k1,p"),
    "the client's nonce alone": b"c=biws,r=rOprNGfwEbeRWgbNEkqO" + PROOF,
    "more behind the proof": CLIENT_FINAL + b",x=1",
    "noise": b"\xff\0",
}


@pytest.mark.parametrize("message", BAD_CLIENT_FINAL.values(), ids=BAD_CLIENT_FINAL)
def test_a_server_denies_a_last_message_that_cannot_be_right(message: bytes):
    server = rfc_server()
    server.feed(CLIENT_FIRST)

    assert server.feed(message) == Denied()


def test_whoever_says_more_than_nothing_to_the_signature_is_denied():
    server = rfc_server()
    server.feed(CLIENT_FIRST)
    server.feed(CLIENT_FINAL)

    assert server.feed(b"ok") == Denied()


# --- names, spoilt answers, channel binding ------------------------------------------------------


def test_commas_and_equals_signs_may_stand_in_a_name():
    accounts = Accounts(passwords={"a,b=c=2C": "secret"})

    assert outcome_of(PLAIN, Login("a,b=c=2C", "secret"), accounts=accounts) == Granted("a,b=c=2C")


HARMLESS = {Spoil.ONESELF, Spoil.EXTENSION}


@pytest.mark.parametrize(
    ("mechanism", "spoil"),
    [
        (name, spoil)
        for name in (PLAIN, PLUS)
        for spoil in sorted(MECHANISMS[name].spoils - HARMLESS)
    ],
)
def test_an_answer_that_is_wrong_in_one_thing_alone_is_denied(mechanism: str, spoil: Spoil):
    side = ClientSide(bindings=TLS, offered=[PLAIN, PLUS], spoil=spoil)
    if mechanism == PLAIN:
        assert outcome_of(mechanism, side=replace(side, bindings={}, spoil=None)) is not None

    assert outcome_of(mechanism, side=side) == Denied()


@pytest.mark.parametrize("mechanism", [PLAIN, PLUS])
@pytest.mark.parametrize("spoil", sorted(HARMLESS))
def test_an_answer_that_says_more_than_it_needs_is_taken(mechanism: str, spoil: Spoil):
    side = ClientSide(bindings=TLS, offered=[PLAIN, PLUS], spoil=spoil)

    assert outcome_of(mechanism, side=side) == Granted("alice")


@pytest.mark.parametrize("end", ["A", "x"])
def test_a_spoilt_nonce_is_another_one_whatever_it_ends_in(end: str):
    side = ClientSide(spoil=Spoil.NONCE, offered=[PLUS])
    server = open_server(PLAIN, server_side(nonce=lambda: "abc" + end))

    assert converse(open_client(PLAIN, ALICE, side), server) == Denied()


BOUND = {
    "the same connection": (TLS, TLS, Granted("alice")),
    "another connection": (TLS, {"tls-server-end-point": b"of somebody between"}, Denied()),
    "a type that the server has not": (TLS, {"tls-unique": b"1"}, Denied()),
    "the better of two": ({**TLS, "tls-unique": b"1"}, {"tls-unique": b"1"}, Granted("alice")),
    "the exporter before all": (
        {**TLS, "tls-unique": b"1", "tls-exporter": b"2"},
        {"tls-exporter": b"2"},
        Granted("alice"),
    ),
}


@pytest.mark.parametrize(("ours", "theirs", "outcome"), BOUND.values(), ids=BOUND)
def test_plus_binds_the_log_in_to_the_connection(ours, theirs, outcome):
    client = open_client(PLUS, ALICE, ClientSide(bindings=ours))

    assert converse(client, open_server(PLUS, server_side(bindings=theirs))) == outcome


def test_a_server_notices_that_its_offer_of_plus_was_hidden():
    # RFC 5802 6: the client could bind and was not offered it, so it says y.
    hidden, seen = (ClientSide(bindings=TLS, offered=offer) for offer in ([PLAIN], [PLAIN, PLUS]))

    assert open_client(PLAIN, ALICE, hidden).initial().startswith(b"y,,")
    assert outcome_of(PLAIN, side=hidden) == Denied()
    assert outcome_of(PLAIN, side=seen) == Granted("alice")
    without = open_server(PLAIN, server_side(bindings={}))
    assert converse(open_client(PLAIN, ALICE, hidden), without) == Granted("alice")


def test_plus_wants_a_binding():
    server = open_server(PLUS, server_side())

    assert server.feed(b"n,,n=alice,r=abc") == Denied()


def test_keys_show_nothing():
    shown = repr(derive_keys("pencil", salt=b"salt"))

    assert shown == "ScramKeys(salt=b'salt', iterations=4096)"


# --- somebody else's -----------------------------------------------------------------------------


@pytest.fixture
def oracle() -> scramp.ScramMechanism:
    return scramp.ScramMechanism(PLAIN)


@pytest.mark.parametrize("password", ["secret", "wrong"])
def test_scramps_client_and_our_server(password: str):
    them = scramp.ScramClient([PLAIN], "alice", password)
    us = open_server(PLAIN, server_side(bindings={}))

    them.set_server_first(us.feed(them.get_client_first().encode()).decode())
    told = us.feed(them.get_client_final().encode())

    if password == "wrong":
        assert told == Denied()
        return
    them.set_server_final(told.decode())  # raises if our signature is wrong
    assert us.feed(b"") == Granted("alice")


@pytest.mark.parametrize("password", ["secret", "wrong"])
def test_our_client_and_scramps_server(oracle: scramp.ScramMechanism, password: str):
    keys = oracle.make_auth_info("secret", iteration_count=4096)
    them = oracle.make_server(lambda user: keys)
    us = open_client(PLAIN, Login("alice", password))

    them.set_client_first(us.initial().decode())
    final = us.respond(them.get_server_first().encode())
    if password == "wrong":
        with pytest.raises(scramp.ScramException):
            them.set_client_final(final.decode())
        return
    them.set_client_final(final.decode())

    assert us.respond(them.get_server_final().encode()) == b""
    assert us.is_content


@pytest.mark.parametrize("type", ["tls-server-end-point", "tls-unique"])
def test_plus_with_scramp_on_either_side(type: str):
    binding = (type, b"of this connection")
    them = scramp.ScramClient([PLUS], "alice", "secret", channel_binding=binding)
    us = open_server(PLUS, server_side(bindings=dict([binding])))

    them.set_server_first(us.feed(them.get_client_first().encode()).decode())
    them.set_server_final(us.feed(them.get_client_final().encode()).decode())
    assert us.feed(b"") == Granted("alice")

    mechanism = scramp.ScramMechanism(PLUS)
    keys = mechanism.make_auth_info("secret", iteration_count=4096)
    server = mechanism.make_server(lambda user: keys, channel_binding=binding)
    client = open_client(PLUS, ALICE, ClientSide(bindings=dict([binding])))
    server.set_client_first(client.initial().decode())
    server.set_client_final(client.respond(server.get_server_first().encode()).decode())
    client.respond(server.get_server_final().encode())
    assert client.is_content


def test_scramp_derives_the_same_keys(oracle: scramp.ScramMechanism):
    for password in ("pencil", "jösé", "IX"):
        salt, stored, server, count = oracle.make_auth_info(password, salt=b"salt" * 4)
        ours = derive_keys(password, salt=salt, iterations=count)

        assert (ours.stored_key, ours.server_key) == (stored, server)
