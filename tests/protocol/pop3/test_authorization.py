import base64
import hashlib
import poplib

import pytest

from harness.protocol.pop3.session import Limits
from harness.protocol.sasl import Ability, ClientSide, Login, open_client
from tests.protocol.accounts import Accounts
from tests.protocol.pop3.dialogue import BINDINGS, Talk
from tests.protocol.sasl.exchanges import ALICE

WELCOME = "+OK 2 messages (47 octets)"
WRONG = "-ERR [AUTH] wrong name or password"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


PASSWORDS = {
    "right": ("alice", "secret", WELCOME),
    "wrong": ("alice", "guess", WRONG),
    "nobody": ("nobody", "secret", WRONG),
    "with a blank": ("alice", "sec ret", WRONG),
    "with a blank behind": ("alice", "secret ", WRONG),
}


@pytest.mark.parametrize(("user", "password", "told"), PASSWORDS.values(), ids=PASSWORDS)
def test_user_and_pass(user, password, told):
    talk = Talk()

    assert talk.say(f"USER {user}") == "+OK now the password"
    assert talk.say(f"PASS {password}") == told


def test_names_and_passwords_may_hold_blanks_and_utf8():
    talk = Talk(
        accounts=Accounts(passwords={"jösé smith": "pass\u00a0wörd 1".replace("\u00a0", " ")})
    )
    talk.say("USER jösé smith")

    assert talk.say("PASS pass\u00a0wörd 1") == WELCOME


# RFC 1939 7 says what <1896.697170952@dbc.mtview.ca.us> and tanstaaf make


def digest(secret: str) -> str:
    return hashlib.md5(f"<1896.697170952@mx.test>{secret}".encode()).hexdigest()


def test_the_example_of_the_rfc():
    told = b"<1896.697170952@dbc.mtview.ca.us>tanstaaf"

    assert hashlib.md5(told).hexdigest() == "c4c9334bac560ecc979e58001b3e22fb"


APOPS = {
    "right": (f"alice {digest('secret')}", WELCOME),
    "wrong": (f"alice {digest('guess')}", WRONG),
    "in capitals": (f"alice {digest('secret').upper()}", WRONG),
    "nobody": (f"nobody {digest('secret')}", WRONG),
    "not ASCII": ("alice é", WRONG),
    "a name that cannot be": (f"a\u200e {digest('secret')}", WRONG),
}


@pytest.mark.parametrize(("arguments", "told"), APOPS.values(), ids=APOPS)
def test_apop(arguments, told):
    assert Talk().say(f"APOP {arguments}") == told


def test_apop_needs_a_secret_that_is_kept_and_more_than_a_clear_line():
    hashed = Accounts(abilities=[Ability.PASSWORD, Ability.SCRAM])

    assert Talk(accounts=hashed).say("APOP alice x") == "-ERR nobody logs in here like that"
    assert (
        Talk(secure=False).say("APOP alice x").startswith("-ERR nobody logs in here in the clear")
    )


def test_poplib_computes_the_same():
    them = poplib.POP3.__new__(poplib.POP3)
    them.encoding, them.welcome = "utf-8", b"+OK ready <1896.697170952@mx.test>"
    them._shortcmd = lambda line: line.encode()

    assert Talk().say(them.apop("alice", "secret").decode()) == WELCOME


AUTHS = {
    "at once": ([f"AUTH PLAIN {encoded(chr(0) + 'alice' + chr(0) + 'secret')}"], [WELCOME]),
    "later": (["AUTH plain", encoded("\0alice\0secret")], ["+ ", WELCOME]),
    "step by step": (
        ["AUTH LOGIN", encoded("alice"), encoded("secret")],
        ["+ VXNlcm5hbWU6", "+ UGFzc3dvcmQ6", WELCOME],
    ),
    "wrong": ([f"AUTH PLAIN {encoded(chr(0) + 'alice' + chr(0) + 'no')}", "NOOP"], [WRONG, "-ERR"]),
    "taken back": (["AUTH PLAIN", "*", "CAPA"], ["+ ", "-ERR authentication cancelled", "+OK"]),
    "no base64": (["AUTH PLAIN", "?", "CAPA"], ["+ ", "-ERR cannot decode base64", "+OK"]),
    "too early": (["AUTH CRAM-MD5 YQ=="], ["-ERR this mechanism begins with a challenge"]),
    "nothing, said": (["AUTH PLAIN ="], [WRONG]),
    "unknown": (["AUTH WIBBLE"], ["-ERR nobody logs in here and now by that mechanism"]),
    "endless": (["AUTH PLAIN", "A" * 20_000, "CAPA"], ["+ ", "-ERR this line is too long", "+OK"]),
    "long": (["AUTH PLAIN", "A" * 4_000, "CAPA"], ["+ ", WRONG, "+OK"]),
}


@pytest.mark.parametrize(("lines", "told"), AUTHS.values(), ids=AUTHS)
def test_auth(lines, told):
    talk = Talk()

    for line, answer in zip(lines, told, strict=True):
        assert talk.say(line).startswith(answer)


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "CRAM-MD5"])
def test_every_mechanism_leads_in(mechanism):
    talk = Talk()
    client = open_client(
        mechanism, ALICE, ClientSide(bindings=BINDINGS, offered=["SCRAM-SHA-256-PLUS"])
    )
    initial = client.initial()
    told = talk.say(f"AUTH {mechanism}{f' {encoded(initial.decode())}' if initial else ''}")
    while told.startswith("+ "):
        response = client.respond(base64.b64decode(told[2:]))
        assert response is not None
        told = talk.say(encoded(response.decode()))

    assert told == WELCOME
    assert client.is_content


def test_a_token_leads_in():
    talk = Talk(accounts=Accounts(tokens={"t0ken": "alice"}))
    initial = open_client("OAUTHBEARER", Login("alice", "t0ken")).initial()
    assert initial is not None

    assert talk.say(f"AUTH OAUTHBEARER {encoded(initial.decode())}") == WELCOME


def test_in_the_clear_no_mechanism_is_taken_unless_that_is_allowed():
    line = f"AUTH PLAIN {encoded(chr(0) + 'alice' + chr(0) + 'secret')}"

    assert Talk(secure=False).say(line).startswith("-ERR nobody logs in here and now")
    assert Talk(secure=False, clear=True).say(line) == WELCOME


def test_so_many_wrong_log_ins_and_the_session_is_over():
    talk = Talk(limits=Limits(log_ins=3))
    for _ in range(3):
        assert not talk.session.is_over
        talk.say("USER alice")
        assert talk.say("PASS guess") == WRONG

    assert talk.session.is_over
    assert talk.session.failed_log_ins == 3
