"""All mechanisms: both ends against each other, what is offered, and which one is chosen."""

import pytest

from harness.errors import PeerError
from harness.protocol.sasl import (
    MECHANISMS,
    Ability,
    ClientSide,
    Denied,
    Granted,
    Login,
    best_mechanism,
    choose_mechanism,
    offered_mechanisms,
    open_client,
    open_server,
)
from tests.protocol.accounts import Accounts
from tests.protocol.sasl.exchanges import ALICE, TLS, outcome_of, server_side

PASSWORDS = [name for name, row in MECHANISMS.items() if not row.is_for_tokens]
TOKENS = {"t0ken": "alice"}


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("initial", [True, False])
def test_both_ends_understand_each_other(mechanism: str, initial: bool):
    login = ALICE if mechanism in PASSWORDS else Login("alice", "t0ken")

    told = outcome_of(mechanism, login, accounts=Accounts(tokens=TOKENS), initial=initial)

    assert told == Granted("alice")


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize(
    "login", [Login("alice", "wrong"), Login("bob", "secret"), Login("", ""), Login("alice", "")]
)
def test_a_wrong_password_is_denied(mechanism: str, login: Login):
    assert outcome_of(mechanism, login, accounts=Accounts(tokens=TOKENS)) == Denied()


@pytest.mark.parametrize("mechanism", PASSWORDS)
def test_who_is_unknown_takes_the_course_of_a_wrong_password(mechanism: str):
    accounts = Accounts()
    steps = []
    for login in (Login("alice", "wrong"), Login("nobody", "wrong")):
        client = open_client(mechanism, login, ClientSide(bindings=TLS, offered=MECHANISMS))
        server = open_server(mechanism, server_side(accounts))
        told, count = server.first_challenge, 0
        while isinstance(told, bytes):
            response = client.respond(told)
            assert response is not None
            told, count = server.feed(response), count + 1
        steps.append(count)

    assert steps[0] == steps[1]
    assert [asked[0] for asked in accounts.asked] == ["alice", "nobody"]


@pytest.mark.parametrize("mechanism", PASSWORDS)
def test_names_and_passwords_are_utf8_and_compared_in_one_form(mechanism: str):
    accounts = Accounts(passwords={"jösé": "paßword IX"})

    told = outcome_of(
        mechanism, Login("jo\u0308se\u0301", "paßword\u00a0\u2168"), accounts=accounts
    )

    assert told == Granted("jösé")


@pytest.mark.parametrize("mechanism", PASSWORDS)
def test_a_name_of_forbidden_characters_is_denied_or_given_up(mechanism: str):
    accounts = Accounts(passwords={"a\u200ebc": "secret"})

    assert outcome_of(mechanism, Login("a\u200ebc", "secret"), accounts=accounts) == Denied()


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_octets_that_are_no_text_are_denied(mechanism: str):
    server = open_server(mechanism, server_side())
    told = server.first_challenge
    for _ in range(3):
        told = server.feed(b"\0\xff\0\xff")
        if not isinstance(told, bytes):
            break

    assert told == Denied()


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_who_begins_is_known_before(mechanism: str):
    client = open_client(mechanism, ALICE, ClientSide(bindings=TLS))
    assert (client.initial() is not None) is (mechanism not in ("LOGIN", "CRAM-MD5"))
    # Of LOGIN many clients send the name at once, though ours does not.
    assert open_server(mechanism, server_side()).takes_initial is (mechanism != "CRAM-MD5")


def test_an_initial_response_without_room_waits_for_the_challenge():
    client = open_client("PLAIN", ALICE)

    assert client.initial(room=12) is None
    assert client.respond(b"") == b"\0alice\0secret"


@pytest.mark.parametrize(
    ("mechanism", "steps"), [("PLAIN", 1), ("LOGIN", 2), ("CRAM-MD5", 1), ("OAUTHBEARER", 2)]
)
def test_a_challenge_too_many_has_no_answer(mechanism: str, steps: int):
    client = open_client(mechanism, ALICE)
    for _ in range(steps):
        assert client.respond(b"") is not None

    assert client.respond(b"") is None


def test_no_secret_is_shown():
    side = ClientSide(bindings=TLS)

    assert "secret" not in repr(ALICE)
    assert "hash" not in repr(side)
    assert "hash" not in repr(server_side())


# --- the choice ----------------------------------------------------------------------------------

ALL = list(reversed(MECHANISMS))
CHOICES = {
    "bound to TLS": (ALL, TLS, True, "SCRAM-SHA-256-PLUS"),
    "nothing to bind to": (ALL, {}, True, "SCRAM-SHA-256"),
    "a binding that nobody knows": (ALL, {"tls-magic": b"x"}, True, "SCRAM-SHA-256"),
    "no SCRAM": (["LOGIN", "PLAIN", "CRAM-MD5"], TLS, True, "CRAM-MD5"),
    "a password": (["LOGIN", "PLAIN"], {}, True, "PLAIN"),
    "lower case": (["login"], {}, True, "LOGIN"),
    "no password in the clear": (["LOGIN", "PLAIN", "CRAM-MD5"], {}, False, "CRAM-MD5"),
    "nothing but passwords, in the clear": (["LOGIN", "PLAIN"], {}, False, None),
    "a token is never guessed at": (["OAUTHBEARER"], TLS, True, None),
    "unknown": (["X-MAGIC"], {}, True, None),
    "none": ([], {}, True, None),
}


@pytest.mark.parametrize(
    ("offered", "bindings", "in_clear", "chosen"), CHOICES.values(), ids=CHOICES
)
def test_the_best_mechanism_of_those_offered_is_chosen(offered, bindings, in_clear, chosen):
    assert best_mechanism(offered, bindings=bindings, in_clear=in_clear) == chosen
    side = ClientSide(bindings=bindings, offered=offered)
    if chosen is None:
        with pytest.raises(PeerError, match="we know SCRAM"):
            choose_mechanism(side, in_clear=in_clear)
    else:
        assert choose_mechanism(side, in_clear=in_clear) == chosen


def test_a_mechanism_can_be_wanted_whatever_is_offered():
    assert choose_mechanism(ClientSide(offered=["PLAIN"]), "cram-md5") == "CRAM-MD5"
    with pytest.raises(PeerError, match="PLUS needs TLS"):
        choose_mechanism(ClientSide(), "SCRAM-SHA-256-PLUS")


# --- the offer -----------------------------------------------------------------------------------

OFFERS = {
    "all": (tuple(Ability), TLS, True, list(MECHANISMS)),
    "no channel binding": (tuple(Ability), {}, True, list(MECHANISMS)[1:]),
    "in the clear": (tuple(Ability), {}, False, list(MECHANISMS)[1:-1]),
    "no secret kept": ((Ability.PASSWORD, Ability.SCRAM), {}, True, ["SCRAM-SHA-256", *"PL"]),
    "hashes alone": ((Ability.PASSWORD,), TLS, True, [*"PL"]),
    "tokens alone": ((Ability.TOKEN,), TLS, True, ["OAUTHBEARER"]),
    "nothing": ((), TLS, True, []),
}
SHORT = {"P": "PLAIN", "L": "LOGIN"}


@pytest.mark.parametrize(
    ("abilities", "bindings", "is_secure", "names"), OFFERS.values(), ids=OFFERS
)
def test_what_the_accounts_can_do_is_offered(abilities, bindings, is_secure, names):
    accounts = Accounts(abilities=abilities)

    offered = offered_mechanisms(accounts, bindings=bindings, is_secure=is_secure)

    assert list(offered) == [SHORT.get(name, name) for name in names]
