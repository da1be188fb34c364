"""What follows from what was answered, as a table: no wire, no flow."""

import pytest

from harness.errors import PeerClosed, Refused
from harness.protocol.replies import Reply, reply
from harness.protocol.sender import Envelope, Handover
from reference_server.relay.outcomes import Kind, Outcome, refused, status_of
from reference_server.relay.sessions.asking import Ready
from reference_server.relay.sessions.transaction import judge

OK, NO, LATER, BYE, GO = (reply(code, "x") for code in (250, 550, 451, 421, 354))
MANY = reply(452, "too many", enhanced="4.5.3")
FULL = reply(452, "mailbox full", enhanced="4.2.2")
LOST = PeerClosed("closed")
READY = Ready(
    envelope=Envelope("a@x.test", ("p", "q", "r")),
    content=b"",
    taken=Outcome(kind=Kind.RELAYED, status="2.0.0", remote="mx"),
)
R, F, P = Kind.RELAYED, Kind.FAILED, Kind.POSTPONED


def heard(mail, *rcpts, **more):
    rows = [("MAIL", mail), *(("RCPT", one) for one in rcpts)]
    return rows + list(more.items())


def taken(*accepted, **refusals):
    return Handover(accepted, refusals, OK)


# replies that came, what was awaited last, how it ended
# -> outcomes, who is asked again, whether the rest goes elsewhere, whether the session is over
CASES = {
    "all is well": (heard(OK, OK, OK, OK, DATA=GO, message=OK), "message", taken("p", "q", "r"),
                    {"p": R, "q": R, "r": R}, "", False, False),
    "some are refused": (heard(OK, OK, NO, LATER, DATA=GO, message=OK), "message", taken("p"),
                         {"p": R, "q": F, "r": P}, "", False, False),
    "nobody is accepted": (heard(OK, NO, NO, LATER), "RCPT", Handover((), {}, None),
                           {"p": F, "q": F, "r": P}, "", False, False),
    "some are too many": (heard(OK, OK, MANY, FULL, DATA=GO, message=OK), "message", taken("p"),
                          {"p": R, "r": P}, "q", False, False),
    "too many at once": (heard(OK, MANY, MANY, MANY), "RCPT", Handover((), {}, None),
                         {"p": P, "q": P, "r": P}, "", False, False),
    "MAIL is refused": (heard(NO), "MAIL", Refused("MAIL", NO),
                        {"p": F, "q": F, "r": F}, "", False, False),
    "MAIL is refused for now": (heard(LATER), "MAIL", Refused("MAIL", LATER), {}, "", True, False),
    "421 to MAIL": (heard(BYE), "MAIL", Refused("MAIL", BYE), {}, "", True, True),
    "lost before MAIL is answered": ([], "MAIL", LOST, {}, "", True, True),
    "lost among the recipients": (heard(OK, NO, OK), "RCPT", LOST, {"p": F}, "", True, True),
    "421 among the recipients": (heard(OK, NO, BYE), "RCPT", Refused("RCPT", BYE),
                                 {"p": F}, "", True, True),
    "DATA is refused": (heard(OK, NO, OK, LATER, DATA=NO), "DATA", Refused("DATA", NO),
                        {"p": F, "q": F, "r": P}, "", False, False),
    "421 to DATA": (heard(OK, NO, OK, OK, DATA=BYE), "DATA", Refused("DATA", BYE),
                    {"p": F}, "", True, True),
    "lost at DATA": (heard(OK, NO, OK, OK), "DATA", LOST, {"p": F}, "", True, True),
    "the message is refused": (heard(OK, OK, LATER, NO, DATA=GO, message=NO), "message",
                               Refused("message", NO), {"p": F, "q": P, "r": F}, "", False, False),
    "the message is refused for now": (heard(OK, OK, NO, OK, DATA=GO, message=LATER), "message",
                                       Refused("message", LATER), {"p": P, "q": F, "r": P}, "",
                                       False, False),
    "421 to the message": (heard(OK, OK, NO, OK, DATA=GO, message=BYE), "message",
                           Refused("message", BYE), {"p": P, "q": F, "r": P}, "", False, True),
    "lost at the end of the message": (heard(OK, OK, NO, OK, DATA=GO), "message", LOST,
                                       {"p": P, "q": F, "r": P}, "", False, True),
    "a chunk is refused": (heard(OK, OK, NO, OK, BDAT=NO), "BDAT", Refused("BDAT", NO),
                           {"p": F, "q": F, "r": F}, "", False, False),
    "lost among the chunks": (heard(OK, OK, NO, OK, BDAT=OK), "BDAT", LOST,
                              {"q": F}, "", True, True),
    "LMTP takes it for some": (heard(OK, OK, OK, NO, DATA=GO, message=OK), "message",
                               Handover(("p",), {"r": NO, "q": LATER}, OK, {"p": OK}),
                               {"p": R, "q": P, "r": F}, "", False, False),
    "nonsense to MAIL": (heard(Reply(0, b"???\r\n")), "MAIL",
                         Refused("MAIL", LATER), {}, "", True, False),
}  # fmt: skip


@pytest.mark.parametrize(
    ("said", "awaited", "ended", "outcomes", "again", "elsewhere", "over"),
    CASES.values(),
    ids=CASES,
)
def test_what_follows_from_the_replies(said, awaited, ended, outcomes, again, elsewhere, over):
    result = judge(READY, said, awaited, ended)
    assert {to: outcome.kind for to, outcome in result.outcomes.items()} == outcomes
    assert result.again == frozenset(again)
    assert (result.elsewhere is not None) is elsewhere
    assert result.is_over is over


def test_who_has_been_lost_is_told_of_in_words():
    result = judge(READY, heard(OK, OK), "message", LOST)
    assert "RFC" not in str(result.outcomes["p"])
    assert str(result.outcomes["p"]).startswith("mx: 4.4.2 lost after the end of the message")


STATUS = {
    reply(550, "x", enhanced="5.1.1"): "5.1.1",
    reply(550, "x", enhanced="4.1.1"): "5.0.0",
    reply(450, "x"): "4.0.0",
    reply(250, "x", enhanced="2.1.5"): "2.1.5",
    Reply(0, b"???\r\n"): "4.0.0",
}


@pytest.mark.parametrize(("said", "status"), STATUS.items())
def test_the_status_of_a_reply(said, status):
    assert status_of(said) == status


def test_a_reply_that_makes_no_sense_may_make_sense_later():
    assert refused(reply(354, "go on"), "mx").kind is Kind.POSTPONED
