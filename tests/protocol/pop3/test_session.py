import pytest

from harness.protocol.pop3.events import Enter, LogIn, Retrieve, StartTls, Update
from harness.protocol.pop3.maildrop import Entry
from harness.protocol.pop3.order import ORDER, State, Verb
from harness.protocol.pop3.session import Limits, Refusal, Session
from harness.protocol.sasl import ServerSide
from tests.protocol.accounts import Accounts
from tests.protocol.pop3.dialogue import Talk, inside

# --- the sample session of RFC 1939 10, as far as it goes for us ---------------------------------

TALK = (
    b"CAPA\r\nUSER alice\r\nPASS secret\r\nSTAT\r\nLIST\r\nUIDL 2\r\nRETR 2\r\nTOP 1 1\r\n"
    b"DELE 1\r\nDELE 1\r\nLIST\r\nRSET\r\nNOOP\r\nDELE 2\r\nQUIT\r\nNOOP\r\n"
)
TOLD = (
    b"+OK capabilities follow\r\nTOP\r\nUIDL\r\nPIPELINING\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\n"
    b"EXPIRE NEVER\r\nUSER\r\nSASL SCRAM-SHA-256-PLUS SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN "
    b"OAUTHBEARER\r\n.\r\n"
    b"+OK now the password\r\n"
    b"+OK 2 messages (47 octets)\r\n"
    b"+OK 2 47\r\n"
    b"+OK 2 messages (47 octets)\r\n1 25\r\n2 22\r\n.\r\n"
    b"+OK 2 id-2\r\n"
    b"+OK 22 octets\r\nSubject: two\r\n\r\n..dot\r\n.\r\n"
    b"+OK 19 octets\r\nSubject: one\r\n\r\n1\r\n.\r\n"
    b"+OK message 1 deleted\r\n"
    b"-ERR no such message, of 2 that there were\r\n"
    b"+OK 1 messages (22 octets)\r\n2 22\r\n.\r\n"
    b"+OK 2 messages (47 octets)\r\n"
    b"+OK nothing done\r\n"
    b"+OK message 2 deleted\r\n"
    b"+OK bye, 1 messages left\r\n"
)


def test_a_session_is_the_same_wherever_the_network_cuts_it():
    for cut in range(len(TALK) + 1):
        talk = Talk()
        assert talk.hear(TALK[:cut], TALK[cut:]) == TOLD
        assert talk.deleted == ["id-2"]
        assert talk.session.is_over
    octets = [TALK[at : at + 1] for at in range(len(TALK))]
    assert Talk().hear(*octets) == TOLD


def test_the_greeting_holds_a_timestamp_where_apop_can_be():
    assert Talk().greeting == b"+OK mx.test POP3 server ready <1896.697170952@mx.test>\r\n"
    without = Accounts(abilities=[])
    assert Talk(accounts=without).greeting == b"+OK mx.test POP3 server ready\r\n"


# --- order ---------------------------------------------------------------------------------------

LINES = {
    Verb.USER: "USER alice",
    Verb.PASS: "PASS secret",
    Verb.APOP: "APOP alice x",
    Verb.AUTH: "AUTH PLAIN",
    Verb.LIST: "LIST",
    Verb.UIDL: "UIDL",
    Verb.RETR: "RETR 1",
    Verb.TOP: "TOP 1 0",
    Verb.DELE: "DELE 1",
}
STATES = {
    State.AUTHORIZATION: b"",
    State.NAMED: b"USER alice\r\n",
    State.TRANSACTION: b"USER alice\r\nPASS secret\r\n",
}


@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("state", STATES)
def test_every_command_is_taken_where_it_belongs_and_nowhere_else(state: State, verb: Verb):
    talk = Talk(secure=verb is not Verb.STLS, clear=True)
    talk.hear(STATES[state])
    assert talk.session.state is state

    told = talk.say(LINES.get(verb, verb.value))

    belongs = verb in ORDER[state]
    assert (told == f"-ERR {verb} does not belong here") is not belongs
    if not belongs:  # and it has changed nothing, but for a USER that PASS did not follow
        assert talk.session.state is (State.AUTHORIZATION if state is State.NAMED else state)


@pytest.mark.parametrize("between", ["NOOP", "CAPA", "WIBBLE", "RETR 1", "PASS", "\x07", "x" * 300])
def test_pass_comes_behind_user_at_once(between):
    talk = Talk()
    talk.hear(b"USER alice\r\n", between.encode() + b"\r\n")

    if between != "x" * 300:  # a line that is thrown away unread is none
        assert talk.say("PASS secret") == "-ERR PASS does not belong here"


def test_nothing_is_taken_once_the_session_is_over():
    talk = Talk()

    assert talk.say("QUIT") == "+OK bye"
    assert talk.session.is_over
    assert talk.hear(b"CAPA\r\n") == b""


# --- lines ---------------------------------------------------------------------------------------

ODD = {
    "an unknown command": b"WIBBLE",
    "an empty line": b"",
    "not UTF-8": b"USER \xff",
    "a control character": b"NOOP\x07",
    "a bare line feed": b"NOOP\nNOOP",
    "a bare carriage return": b"NOOP\rNOOP",
    "an argument too many": b"NOOP x",
    "a blank behind": b"STAT ",
    "no argument": b"RETR",
    "an empty argument": b"RETR ",
    "two blanks": b"TOP 1  0",
    "one of two": b"TOP 1",
    "three of two": b"TOP 1 0 0",
    "two of one": b"DELE 1 2",
    "no number": b"RETR x",
    "a negative number": b"RETR -1",
    "nought": b"RETR 0",
    "a number too high": b"RETR 3",
    "a number that no mailbox reaches": b"RETR 9999999999",
    "digits of another script": "RETR \u0661".encode(),
    "no number of lines": b"TOP 1 x",
    "no such message": b"TOP 3 1",
    "nothing to list": b"LIST 3",
    "nothing to name": b"UIDL 0",
    "nothing to delete": b"DELE 3",
}


@pytest.mark.parametrize("line", ODD.values(), ids=ODD)
def test_what_is_no_command_is_refused_and_changes_nothing(line):
    talk = inside()

    assert talk.hear(line + b"\r\n").startswith(b"-ERR ")
    assert talk.hear(b"STAT\r\nQUIT\r\n").startswith(b"+OK 2 47\r\n+OK bye")
    assert talk.deleted == []


def test_keywords_have_no_case():
    assert inside().say("stat") == "+OK 2 47"


def test_a_line_of_255_octets_is_taken_and_one_more_is_not():
    # RFC 2449 4
    name = "x" * (255 - len("USER \r\n"))
    talk = Talk()

    assert talk.say(f"USER {name}") == "+OK now the password"
    assert talk.say(f"USER {name}x") == "-ERR this line is too long"


def test_an_endless_line_is_thrown_away_and_answered_once():
    talk = inside()

    assert talk.hear(*[b"x" * 1_000] * 100) == b""
    assert talk.hear(b"\r\nNOOP\r\n") == b"-ERR this line is too long\r\n+OK nothing done\r\n"


def test_too_many_errors_end_the_session_and_delete_nothing():
    talk = inside(limits=Limits(errors=3))
    talk.say("DELE 1")

    assert talk.hear(b"A\r\nB\r\nC\r\nNOOP\r\n").count(b"-ERR") == 3
    assert talk.session.is_over
    assert talk.deleted == []


def test_too_many_commands_end_the_session():
    talk = inside(limits=Limits(commands=4))

    assert talk.hear(b"NOOP\r\nNOOP\r\nNOOP\r\n") == (
        b"+OK nothing done\r\n" * 2 + b"-ERR too many commands\r\n"
    )
    assert talk.session.is_over


# --- the mailbox ---------------------------------------------------------------------------------


def test_a_mailbox_may_be_empty():
    talk = inside(messages=[])

    assert talk.hear(b"STAT\r\nLIST\r\nUIDL\r\n") == (
        b"+OK 0 0\r\n+OK 0 messages (0 octets)\r\n.\r\n+OK 0 messages (0 octets)\r\n.\r\n"
    )


def test_a_message_that_is_marked_is_there_no_more_until_rset():
    talk = inside()
    talk.say("DELE 1")

    for line in ("LIST 1", "UIDL 1", "RETR 1", "TOP 1 0", "DELE 1"):
        assert talk.say(line).startswith("-ERR no such message")
    assert talk.hear(b"UIDL\r\n") == b"+OK 1 messages (22 octets)\r\n2 id-2\r\n.\r\n"
    assert talk.say("RSET") == "+OK 2 messages (47 octets)"
    assert talk.say("LIST 1") == "+OK 1 25"
    talk.say("QUIT")
    assert talk.deleted == []


def test_numbers_stay_when_messages_go_and_a_leading_nought_is_none():
    talk = inside()
    talk.say("DELE 1")

    assert talk.say("LIST 002") == "+OK 2 22"


def test_who_hangs_up_without_quit_deletes_nothing():
    talk = inside()
    talk.say("DELE 1")

    assert not any(isinstance(event, Update) for event in talk.events)


def test_a_deletion_that_fails_is_told():
    talk = inside(complete=False)
    talk.say("DELE 1")

    assert talk.say("QUIT") == "-ERR [SYS/TEMP] some deleted messages not removed"
    assert talk.session.is_over


@pytest.mark.parametrize("line", ["RETR 1", "TOP 1 0"])
def test_a_message_that_cannot_be_read_is_told_and_the_session_goes_on(line):
    talk = inside()
    talk.refusal = Refusal.GONE

    assert talk.say(line) == "-ERR [SYS/TEMP] this message cannot be read now"
    assert talk.say("NOOP") == "+OK nothing done"


@pytest.mark.parametrize("refusal", [Refusal.IN_USE, Refusal.NO_MAILBOX])
def test_a_mailbox_that_cannot_be_had_is_told_and_one_may_try_again(refusal):
    talk = Talk(refusal=refusal)
    talk.say("USER alice")

    assert talk.say("PASS secret").startswith(f"-ERR {refusal.value}")
    assert talk.session.user is None
    assert talk.say("STAT") == "-ERR STAT does not belong here"
    talk.refusal = None
    talk.say("USER alice")
    assert talk.say("PASS secret") == "+OK 2 messages (47 octets)"
    assert talk.session.user == "alice"


def test_a_message_whose_last_line_is_not_ended_is_told_with_its_end():
    talk = inside(messages=[b"Subject: x\r\n\r\nno end"])

    assert talk.hear(b"RETR 1\r\n") == b"+OK 22 octets\r\nSubject: x\r\n\r\nno end\r\n.\r\n"


def test_an_empty_message_is_a_lone_dot():
    assert inside(messages=[b""]).hear(b"RETR 1\r\n") == b"+OK 0 octets\r\n.\r\n"


# --- events --------------------------------------------------------------------------------------


def test_events_come_one_at_a_time_and_are_answered_in_kind():
    talk = Talk()
    talk.session.feed(b"USER alice\r\nPASS secret\r\nRETR 1\r\n")
    event = talk.session.next_event()
    assert isinstance(event, LogIn)
    assert not event.takes_time
    assert "secret" not in repr(event)
    with pytest.raises(AssertionError, match="not been answered"):
        talk.session.next_event()
    talk.session.judged(event.judge())
    assert talk.session.next_event() == Enter("alice")
    with pytest.raises(AssertionError, match="does not answer"):
        talk.session.told(b"")
    talk.session.feed(b"")


def test_what_is_wanted_is_said_with_each_event():
    talk = inside()
    talk.hear(b"RETR 2\r\nTOP 1 7\r\nDELE 1\r\nQUIT\r\n")

    assert talk.events[2:] == [
        Retrieve(Entry("id-2", 22)),
        Retrieve(Entry("id-1", 25), 7),
        Update((Entry("id-1", 25),)),
    ]


# --- TLS -----------------------------------------------------------------------------------------


def test_stls_forgets_what_came_in_the_clear():
    talk = Talk(secure=False)

    assert talk.hear(b"USER alice\r\nSTLS\r\nUSER alice\r\nPASS secret\r\n") == (
        b"-ERR nobody logs in here in the clear: say STLS first\r\n+OK begin TLS\r\n"
    )
    assert talk.events == [StartTls()]
    assert talk.session.is_secure
    assert talk.say("STLS") == "-ERR TLS is active already"
    assert talk.hear(b"USER alice\r\nPASS secret\r\n").count(b"+OK") == 2


def test_without_a_certificate_there_is_no_stls():
    talk = Talk(secure=False, tls=False)

    assert talk.say("STLS") == "-ERR TLS is not available"
    assert talk.say("USER alice") == "-ERR nobody logs in here in the clear"
    assert b"STLS" not in talk.hear(b"CAPA\r\n")


CAPABILITIES = {
    "in the clear": ({"secure": False}, [b"STLS"]),
    "in the clear, allowed": (
        {"secure": False, "clear": True},
        [b"USER", b"SASL SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN", b"STLS"],
    ),
    "nobody can log in": ({"accounts": Accounts(abilities=[])}, []),
}


@pytest.mark.parametrize(("settings", "more"), CAPABILITIES.values(), ids=CAPABILITIES)
def test_what_one_can_do_now_is_told(settings, more):
    told = Talk(**settings).hear(b"CAPA\r\n").split(b"\r\n")[7:-2]

    assert told == more


def test_stls_is_told_of_where_it_may_be_said():
    talk = inside(secure=False, clear=True)

    told = talk.hear(b"CAPA\r\n")
    assert b"STLS" not in told
    assert b"\r\nUSER\r\n" in told  # RFC 2449 5: in both states


# --- who wants to know ---------------------------------------------------------------------------


def test_each_command_is_told_whatever_becomes_of_it():
    talk = Talk()
    talk.hear(b"user alice\r\nPASS\r\nRETR 1\r\nXYZ\r\nNOOP\0\r\n")
    talk.hear(b"x" * 300, b"\r\nAUTH PLAIN\r\n*\r\n")
    assert talk.heard == [Verb.USER, Verb.PASS, Verb.RETR, None, None, None, Verb.AUTH]


def test_nobody_has_to_want_to_know():
    session = Session(ServerSide(credentials=Accounts(), bindings={}, host="mx.test"))
    session.feed(b"CAPA\r\n")
    assert session.next_event() is None
    assert session.output().startswith(b"+OK")


def test_a_log_in_that_is_not_judged_ends_its_exchange():
    talk = Talk()
    talk.session.feed(b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\nCAPA\r\n")
    assert isinstance(talk.session.next_event(), LogIn)
    talk.session.refuse(Refusal.LATER)
    assert talk.session.next_event() is None
    assert talk.session.output().startswith(b"-ERR [SYS/TEMP] nobody can log in now\r\n+OK capa")
