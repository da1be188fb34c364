"""SASL mechanisms: both ends against each other, and each against what it may meet."""

import pytest

from harness.protocol.sasl import (
    CLIENTS,
    SERVERS,
    Denied,
    Granted,
    Login,
    best_mechanism,
    decode64,
    encode64,
)

ALICE = Login("alice", "secret")


def knows_alice(user: str, password: str) -> bool:
    return (user, password) == ("alice", "secret")


def converse(mechanism: str, login: Login, *, initial: bool) -> Granted | Denied:
    client, server = CLIENTS[mechanism](login), SERVERS[mechanism](knows_alice)
    response = client.initial() if initial else None
    if response is None:
        response = client.respond(server.first_challenge)
    while True:
        assert response is not None
        outcome = server.feed(response)
        if not isinstance(outcome, bytes):
            return outcome
        response = client.respond(outcome)


@pytest.mark.parametrize("mechanism", CLIENTS)
@pytest.mark.parametrize("initial", [True, False])
def test_both_ends_understand_each_other(mechanism: str, initial: bool):
    assert converse(mechanism, ALICE, initial=initial) == Granted("alice")


@pytest.mark.parametrize("mechanism", CLIENTS)
@pytest.mark.parametrize(
    "login", [Login("alice", "wrong"), Login("bob", "secret"), Login("", ""), Login("alice", "")]
)
def test_a_wrong_password_is_denied(mechanism: str, login: Login):
    assert converse(mechanism, login, initial=True) == Denied()


@pytest.mark.parametrize("mechanism", CLIENTS)
def test_passwords_are_utf8(mechanism: str):
    client, server = CLIENTS[mechanism](Login("jösé", "пароль")), SERVERS[mechanism]
    seen = []
    end = server(lambda user, password: not seen.append((user, password)))
    outcome: bytes | Granted | Denied = end.first_challenge
    while isinstance(outcome, bytes):
        response = client.respond(outcome)
        assert response is not None
        outcome = end.feed(response)

    assert seen == [("jösé", "пароль")]


PLAIN = {
    "right": (b"\0alice\0secret", Granted("alice")),
    "for oneself": (b"alice\0alice\0secret", Granted("alice")),
    "for another": (b"bob\0alice\0secret", Denied()),
    "two fields": (b"alice\0secret", Denied()),
    "four fields": (b"\0alice\0secret\0", Denied()),
    "nothing": (b"", Denied()),
    "no user": (b"\0\0secret", Denied()),
    "not UTF-8": (b"\0alice\0secr\xff", Denied()),
}


@pytest.mark.parametrize(("message", "outcome"), PLAIN.values(), ids=PLAIN)
def test_plain_is_three_fields(message: bytes, outcome: Granted | Denied):
    assert SERVERS["PLAIN"](knows_alice).feed(message) == outcome


def test_255_octets_of_each_field_are_taken():
    # RFC 4616 2
    user, password = "u" * 255, "p" * 255
    server = SERVERS["PLAIN"](lambda u, p: (u, p) == (user, password))

    assert server.feed(f"{user}\0{user}\0{password}".encode()) == Granted(user)


def test_login_that_is_not_utf8_is_denied():
    server = SERVERS["LOGIN"](knows_alice)

    assert server.feed(b"\xff") == b"Password:"
    assert server.feed(b"secret") == Denied()


def test_who_begins_is_known_before():
    assert SERVERS["PLAIN"](knows_alice).client_begins
    assert not SERVERS["LOGIN"](knows_alice).client_begins
    assert CLIENTS["PLAIN"](ALICE).initial() == b"\0alice\0secret"
    assert CLIENTS["LOGIN"](ALICE).initial() is None


def test_an_initial_response_without_room_waits_for_the_challenge():
    client = CLIENTS["PLAIN"](ALICE)

    assert client.initial(room=12) is None
    assert client.respond(b"") == b"\0alice\0secret"


@pytest.mark.parametrize(("mechanism", "steps"), [("PLAIN", 1), ("LOGIN", 2)])
def test_a_challenge_too_many_has_no_answer(mechanism: str, steps: int):
    client = CLIENTS[mechanism](ALICE)
    for _ in range(steps):
        assert client.respond(b"") is not None

    assert client.respond(b"") is None


def test_a_password_is_not_shown():
    assert "secret" not in repr(ALICE)


BASE64 = {
    b"": b"",
    b"AA==": b"\0",
    b"AAA=": b"\0\0",
    b"AAAA": b"\0\0\0",
    b"+/+/": b"\xfb\xff\xbf",
    b"=": None,
    b"A": None,
    b"AA": None,
    b"AA=": None,
    b"A===": None,
    b"=AAA": None,  # both of these are named by RFC 4954 4
    b"AAA=BBB": None,
    b"AAAA=": None,
    b"AAAA====": None,
    b"AA==AA==": None,
    b"AA A": None,
    b"AAAA\r\n": None,
    b"-_-_": None,
    b"AAA\xff": None,
}


@pytest.mark.parametrize(("encoded", "octets"), BASE64.items())
def test_base64_is_read_strictly(encoded: bytes, octets: bytes | None):
    assert decode64(encoded) == octets
    assert octets is None or encode64(octets) == encoded


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["LOGIN", "PLAIN"], "PLAIN"),
        (["login"], "LOGIN"),
        (["X-MAGIC"], None),
        ([], None),
    ],
)
def test_the_best_mechanism_of_those_offered_is_chosen(offered: list[str], chosen: str | None):
    assert best_mechanism(offered) == chosen
