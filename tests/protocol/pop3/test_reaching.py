import base64
import hashlib

import pytest

from harness.errors import PeerError, UsageError
from harness.protocol.pop3.flow import PopRefused
from harness.protocol.pop3.reaching import Entrance, TlsWish, enter
from harness.protocol.sasl import ClientSide, Login
from tests.protocol.accounts import Accounts
from tests.protocol.pop3.clients import Ends, Script, script
from tests.protocol.pop3.dialogue import BINDINGS, Talk

ALICE = Login("alice", "secret")


def entrance(**more) -> Entrance:
    return Entrance(**{"login": ALICE, **more})


def capa(*words: str) -> bytes:
    return ("+OK\r\n" + "".join(f"{word}\r\n" for word in words) + ".\r\n").encode()


STAMPED = b"+OK ready <1896.697170952@dbc.mtview.ca.us>\r\n"


# --- against our own session ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "mechanism",
    [None, "scram-sha-256-plus", "SCRAM-SHA-256", "CRAM-MD5", "PLAIN", "LOGIN", "APOP", "user"],
)
def test_the_two_ends_understand_each_other(mechanism):
    talk = Talk(secure=False)

    Ends(talk).drive(enter(entrance(mechanism=mechanism)))

    assert talk.session.user == "alice"
    assert talk.session.is_secure


def test_a_token_gets_in():
    talk = Talk(accounts=Accounts(tokens={"t" * 300: "alice"}))
    wanted = entrance(
        login=Login("alice", "t" * 300),
        mechanism="OAUTHBEARER",
        is_secure=True,
        side=ClientSide(bindings=BINDINGS),
    )

    ends = Ends(talk)
    ends.drive(enter(wanted))

    assert talk.session.user == "alice"
    assert b"AUTH OAUTHBEARER\r\n" in ends.said  # what has no room waits: RFC 2449 4


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "APOP", "USER", "OAUTHBEARER"])
def test_a_wrong_password_is_refused(mechanism):
    wanted = entrance(login=Login("alice", "guess"), mechanism=mechanism)

    with pytest.raises(PopRefused) as refused:
        Ends(Talk(secure=False)).drive(enter(wanted))

    assert refused.value.response.code == "AUTH"
    assert "guess" not in str(refused.value)


# --- the way in ----------------------------------------------------------------------------------

# greeting, capabilities in the clear, wishes -> what is said of logging in, before any answer to it
WAYS = {
    "old": (b"+OK\r\n", None, {"may_reveal": True}, b"USER alice\r\n"),
    "old, with a timestamp": (STAMPED, None, {}, b"APOP alice "),
    "a mechanism that hides": (STAMPED, ["SASL PLAIN CRAM-MD5"], {}, b"AUTH CRAM-MD5\r\n"),
    "a timestamp before what tells": (STAMPED, ["SASL PLAIN", "USER"], {}, b"APOP alice "),
    "a mechanism that tells": (
        b"+OK\r\n",
        ["SASL PLAIN", "USER"],
        {"may_reveal": True},
        b"AUTH PLAIN ",
    ),
    "user alone": (b"+OK\r\n", ["USER"], {"may_reveal": True}, b"USER alice\r\n"),
    "unknown mechanisms": (b"+OK\r\n", ["SASL X", "USER"], {"may_reveal": True}, b"USER alice\r\n"),
    "as wanted": (STAMPED, ["SASL PLAIN"], {"mechanism": "USER", "may_reveal": True}, b"USER"),
    "as wanted, though not offered": (b"+OK\r\n", ["USER"], {"mechanism": "CRAM-MD5"}, b"AUTH"),
    "words in small letters": (b"+OK\r\n", ["sasl cram-md5"], {}, b"AUTH CRAM-MD5\r\n"),
}


@pytest.mark.parametrize(("greeting", "words", "wishes", "said"), WAYS.values(), ids=WAYS)
def test_the_best_way_in_is_taken(greeting, words, wishes, said):
    told = b"-ERR\r\n" if words is None else capa(*words)
    peer = script(greeting=greeting, CAPA=told, AUTH=b"+OK\r\n")

    peer.drive(enter(entrance(**wishes)))

    assert peer.said[2].startswith(said)


NO_WAY = {
    "nothing but passwords in the clear": (["SASL PLAIN LOGIN", "USER"], {}, "whoever listens"),
    "an old server": (None, {}, "whoever listens"),
    "a wish that tells": (["SASL PLAIN"], {"mechanism": "plain"}, "PLAIN would tell"),
    "a wish for USER": (["USER"], {"mechanism": "USER"}, "USER would tell"),
    "no way at all": (["TOP"], {"may_reveal": True}, "no way to log in"),
    "no timestamp for APOP": (["USER"], {"mechanism": "APOP"}, "needs a timestamp"),
    "a mechanism that nobody knows": (["USER"], {"mechanism": "X"}, "we know SCRAM"),
    "TLS that is not offered": (["USER"], {"tls": TlsWish.REQUIRED}, "does not offer STLS"),
}


@pytest.mark.parametrize(("words", "wishes", "complaint"), NO_WAY.values(), ids=NO_WAY)
def test_where_there_is_no_way_in_no_password_is_said(words, wishes, complaint):
    peer = script(CAPA=b"-ERR\r\n" if words is None else capa(*words))

    with pytest.raises(PeerError, match=complaint):
        peer.drive(enter(entrance(**wishes)))

    assert b"secret" not in b"".join(peer.said)
    assert len(peer.said) == 2


def test_what_apop_says_is_what_the_rfc_says():
    peer = script(greeting=STAMPED)

    peer.drive(enter(entrance(login=Login("mrose", "tanstaaf"))))

    assert peer.said[-1] == b"APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n"


# --- TLS -----------------------------------------------------------------------------------------


def test_tls_is_begun_where_it_is_offered_and_all_is_asked_anew():
    peer = script(CAPA=[capa("STLS", "SASL X"), capa("USER")])

    capabilities = peer.drive(enter(entrance()))

    assert peer.said == [
        *(b"", b"CAPA\r\n", b"STLS\r\n", b"<TLS>", b"CAPA\r\n"),
        *(b"USER alice\r\n", b"PASS secret\r\n"),
    ]
    assert "STLS" not in capabilities
    assert capabilities.mechanisms == ()


def test_tls_that_is_not_wanted_is_not_begun():
    peer = script(CAPA=capa("STLS", "USER"))

    peer.drive(enter(entrance(tls=TlsWish.NONE, may_reveal=True)))

    assert b"STLS\r\n" not in peer.said


def test_a_refused_stls_is_told_and_no_password_is_said():
    peer = script(CAPA=capa("STLS", "USER"), STLS=b"-ERR not now\r\n")

    with pytest.raises(PopRefused, match="STLS was answered -ERR not now"):
        peer.drive(enter(entrance()))


def test_within_tls_from_the_beginning_there_is_no_stls():
    peer = script(CAPA=capa("STLS", "USER"))

    peer.drive(enter(entrance(is_secure=True)))

    assert peer.said == [b"", b"CAPA\r\n", b"USER alice\r\n", b"PASS secret\r\n"]


# --- what a server may say -----------------------------------------------------------------------


def test_a_greeting_that_is_none_is_told():
    with pytest.raises(PopRefused, match=r"greeting was answered 220 mx\.test"):
        script(greeting=b"220 mx.test\r\n").drive(enter(entrance()))


def cram(answer: bytes) -> Script:
    return script(CAPA=capa("SASL CRAM-MD5"), AUTH=[b"+ PDE+\r\n", answer])


def test_a_server_that_asks_for_ever_is_given_up_on():
    peer = cram(b"+ PDE+\r\n")

    with pytest.raises(PopRefused):
        peer.drive(enter(entrance()))

    assert peer.said[-1] == b"*\r\n"


def test_a_challenge_that_is_no_base64_is_given_up_on():
    peer = script(CAPA=capa("SASL CRAM-MD5"), AUTH=[b"+ ???\r\n", b"-ERR as you like\r\n"])

    with pytest.raises(PopRefused):
        peer.drive(enter(entrance()))

    assert peer.said[-1] == b"*\r\n"


def test_a_server_that_proves_nothing_is_not_believed():
    peer = script(CAPA=capa("SASL SCRAM-SHA-256"), AUTH=b"+OK welcome\r\n")

    with pytest.raises(PeerError, match="without having proven"):
        peer.drive(enter(entrance()))


def test_nothing_that_is_secret_is_shown():
    digest = hashlib.md5(b"<1896.697170952@dbc.mtview.ca.us>secret").hexdigest()
    for wishes in ({"mechanism": "USER"}, {"mechanism": "APOP"}, {"mechanism": "PLAIN"}, {}):
        peer = script(
            greeting=STAMPED, CAPA=capa("SASL CRAM-MD5"), AUTH=[b"+ PDE+\r\n", b"+OK\r\n"]
        )
        peer.drive(enter(entrance(may_reveal=True, **wishes)))
        shown = b"".join(peer.shown)
        for secret in (b"secret", digest.encode(), base64.b64encode(b"\0alice\0secret")):
            assert secret not in shown
        assert b"***" in shown
    assert "secret" not in repr(entrance())


def test_what_would_be_two_lines_is_not_said():
    with pytest.raises(UsageError, match="one line"):
        script().drive(
            enter(entrance(login=Login("alice\r\nQUIT", "x"), mechanism="USER", may_reveal=True))
        )


def test_capabilities_without_end_are_none():
    peer = script(CAPA=b"+OK\r\n" + b"x" * 20_000 + b"\r\n.\r\n")

    peer.drive(enter(entrance(may_reveal=True)))

    assert peer.said[2] == b"USER alice\r\n"
