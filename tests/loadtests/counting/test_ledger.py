"""The books of a connection, kept while real flows are answered by scripted replies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from harness.accounting import Receipts, read_receipts
from harness.errors import PeerClosed, PeerError, Refused
from harness.load_results import LoadResult, Messages
from harness.protocol.replies import Reply, reply
from harness.protocol.sender import (
    Envelope,
    Exchange,
    Flow,
    Outgoing,
    greet,
    make_opening,
    open_session,
    quit_,
    stream,
    stream_chunks,
)
from harness.protocol.services import Service
from loadtests.counting.ledger import _SHAPES, Failed, Ledger
from loadtests.counting.recorder import KINDS, Recorder
from loadtests.driving import GONE, Lost
from loadtests.mail import Letter
from tests.load_values import BLANK

CONTENT = b"Subject: x\r\n\r\nhi\r\n.\r\n"
OK = reply(250, "ok")
GO = reply(354, "go")
LATER = reply(450, "later, A1B2C3", enhanced="4.2.0")
NO = reply(550, "no", enhanced="5.1.1")
ORDER = reply(503, "order")
CLOSING = reply(421, "closing")


def outgoing(*recipients: str) -> Outgoing:
    return Outgoing(make_opening(Envelope("a@x.test", recipients or ("b@y.test",))), CONTENT)


class Books:
    """A ledger, what it recorded, and what it told of ends."""

    def __init__(self) -> None:
        self.recorder = Recorder(BLANK)
        self.recorder.start(0.0)
        self.receipts = Receipts()
        self.ended: list[tuple[str, float, str]] = []
        self.ledger = Ledger(self.recorder, self._finish, sender=7, receipts=self.receipts)
        self.now = 0.0
        self._found: LoadResult | None = None

    @property
    def found(self) -> LoadResult:
        """What was recorded; asked for when all is over."""
        self._found = self._found or self.recorder.take(self.now)
        return self._found

    def _finish(self, name: str, seconds: float, failed: Failed | None) -> None:
        self.ended.append((name, round(seconds, 6), str(failed or "")))

    def stream(self, messages: Iterable[Outgoing], rounds: Iterable[tuple[Reply, ...]],
               *, pipeline: bool) -> None:  # fmt: skip
        handed = self.handing(messages)
        self.run(stream(handed, pipeline=pipeline, tell=self.ledger.tell), rounds)

    def handing(self, messages: Iterable[Outgoing], due: float | None = None) -> Iterator[Outgoing]:
        for message in messages:
            self.ledger.hand(message, due)
            yield message

    def run(self, flow: Flow[object], rounds: Iterable[tuple[Reply, ...]]) -> None:
        """Each round takes a second, and its first reply comes in half of it."""
        error: PeerError | None = None
        try:
            exchange = flow.send(None)  # type: ignore[arg-type]  # to begin with
            for replies in rounds:
                assert isinstance(exchange, Exchange)
                sent = self.now
                self.now += 1.0
                self.ledger.observe(exchange, replies, sent, sent, sent + 0.5, self.now)
                exchange = flow.send(replies)
        except StopIteration:
            pass
        except Refused as refused:
            is_lost = refused.reply is GONE
            error = Lost(refused.doing, PeerClosed("closed")) if is_lost else refused
        self.ledger.end(error, self.now)

    @property
    def messages(self) -> Messages:
        return self.found.messages

    @property
    def troubles(self) -> list[tuple[str, str, int]]:
        return [(it.stage, it.what, it.count) for it in self.found.troubles]

    @property
    def phases(self) -> dict[str, list[float]]:
        found = self.found.phases
        return {name: [phase.count, phase.total / 1e6] for name, phase in found.items()}


@pytest.fixture
def books() -> Books:
    return Books()


def test_in_lock_step_every_phase_of_a_message_is_measured(books: Books):
    books.stream([outgoing()], [(OK,), (OK,), (GO,), (OK,)], pipeline=False)

    assert books.messages == Messages(begun=1, accepted=1)
    assert books.phases == {
        "MAIL": [1, 1.0],
        "RCPT": [1, 1.0],
        "DATA": [1, 1.0],
        "body": [1, 0.0],  # the last octet goes with the first
        "dot": [1, 0.5],  # its reply is the first, and only, of the exchange
        "message": [1, 3.5],
    }
    assert books.ended == [("message", 3.5, "")]


def test_pipelined_a_message_begins_with_its_mail_and_ends_with_the_reply_to_its_dot(books: Books):
    group = (OK, OK, OK, GO)
    books.stream([outgoing()] * 3, [group[1:], group, group, (OK,)], pipeline=True)

    assert books.messages == Messages(begun=3, accepted=3)
    assert books.phases == {
        "group": [3, 3.0],
        "body": [3, 0.0],
        "dot": [3, 1.5],
        "message": [3, 4.5],  # a round for the group, half a round until its dot is answered
    }
    assert books.troubles == []
    assert books.found.octets == 3 * len(CONTENT)


def test_a_dot_that_is_answered_while_the_next_opening_is_still_written_took_no_time(books: Books):
    flow = stream(books.handing([outgoing()] * 2), pipeline=True, tell=books.ledger.tell)
    opening = flow.send(None)  # type: ignore[arg-type]  # to begin with
    assert isinstance(opening, Exchange)
    books.ledger.observe(opening, (OK, OK, GO), 0.0, 0.0, 1.0, 1.0)
    both = flow.send((OK, OK, GO))
    assert isinstance(both, Exchange)
    books.ledger.observe(both, (OK, OK, OK, GO), 1.0, 3.0, 2.0, 4.0)  # written behind the first
    flow.send((OK, OK, OK, GO))
    books.now = 4.0

    assert books.phases["dot"] == [1, 0.0]
    assert books.phases["body"] == [1, 1.0]


def test_a_message_whose_mail_is_said_again_is_one_and_began_when_it_was_said_first(books: Books):
    opened = (OK, OK, GO)
    early = (OK, ORDER, ORDER, ORDER)
    rounds = [opened, early, opened, (OK,)]

    books.stream([outgoing(), outgoing()], rounds, pipeline=True)

    assert books.messages == Messages(begun=2, accepted=2)
    assert books.troubles == []
    assert [seconds for _, seconds, _ in books.ended] == [1.5, 2.5]


def test_a_refused_recipient_is_trouble_and_the_message_goes_to_the_others(books: Books):
    books.stream([outgoing("b@y.test", "c@y.test")], [(OK, NO, OK, GO), (OK,)], pipeline=True)

    assert books.messages == Messages(begun=1, accepted=1)
    assert books.troubles == [("RCPT", "550 5.1.1", 1)]


@pytest.mark.parametrize("pipeline", [True, False])
def test_a_message_that_no_recipient_may_have_is_refused_for_that_alone(
    books: Books, pipeline: bool
):
    rounds = [(OK, NO, NO, ORDER), (OK,)] if pipeline else [(OK,), (NO,), (NO,), (OK,)]
    books.stream([outgoing("b@y.test", "c@y.test")], rounds, pipeline=pipeline)

    assert books.messages == Messages(begun=1, refused=1)
    assert books.troubles == [("RCPT", "550 5.1.1", 2)]
    assert [failed for _, _, failed in books.ended] == ["RCPT: 550 5.1.1"]


def test_a_lone_dot_that_is_answered_with_250_accepts_nothing(books: Books):
    books.stream([outgoing()], [(OK, NO, GO), (OK,)], pipeline=True)

    assert books.messages == Messages(begun=1, refused=1)
    assert books.ledger.accepted == 0


def test_what_follows_a_refused_mail_is_no_trouble_of_its_own(books: Books):
    books.stream([outgoing()], [(LATER, ORDER, ORDER)], pipeline=True)

    assert books.messages == Messages(begun=1, refused=1)
    assert books.troubles == [("MAIL", "450 4.2.0", 1)]


def test_a_refused_data_is_trouble_at_data(books: Books):
    books.stream([outgoing()], [(OK,), (OK,), (LATER,), (OK,)], pipeline=False)

    assert books.troubles == [("DATA", "450 4.2.0", 1)]


def test_a_250_that_answers_data_accepts_nothing(books: Books):
    books.stream([outgoing()], [(OK,), (OK,), (OK,), (OK,)], pipeline=False)

    assert books.messages == Messages(begun=1, refused=1)
    assert books.troubles == [("DATA", "250", 1)]


def test_a_refusal_after_the_dot_is_trouble_at_the_dot(books: Books):
    books.stream([outgoing()] * 2, [(OK, OK, GO), (LATER, OK, OK, GO), (OK,)], pipeline=True)

    assert books.messages == Messages(begun=2, accepted=1, refused=1)
    assert books.troubles == [("dot", "450 4.2.0", 1)]


def test_a_reply_without_a_code_is_a_refusal(books: Books):
    books.stream([outgoing()], [(OK, OK, GO), (Reply(0, b"yes\r\n"),)], pipeline=True)

    assert books.messages == Messages(begun=1, refused=1)
    assert books.troubles == [("dot", "no reply code", 1)]


@pytest.mark.parametrize(
    ("rounds", "stage"),
    [
        ([(CLOSING,)], "MAIL"),
        ([(OK,), (CLOSING,)], "RCPT"),
        ([(OK,), (OK,), (CLOSING,)], "DATA"),
        ([(OK,), (OK,), (GO,), (CLOSING,)], "dot"),
    ],
)
def test_a_421_refuses_the_message_and_is_counted_once(
    books: Books, rounds: list[tuple[Reply, ...]], stage: str
):
    books.stream([outgoing()] * 2, rounds, pipeline=False)

    assert books.messages == Messages(begun=1, refused=1)
    assert books.troubles == [(stage, "421", 1)]
    assert books.found.troubles[0].example == str(CLOSING)
    assert [failed for _, _, failed in books.ended] == [f"{stage}: 421"]


@pytest.mark.parametrize(
    ("answer", "messages", "trouble"),
    [
        (CLOSING, Messages(begun=1, refused=1), ("dot", "421", 1)),
        (GONE, Messages(begun=1, unanswered=1), ("dot", "closed", 1)),
    ],
    ids=["421", "closed"],
)
def test_an_end_at_the_dot_is_that_of_one_message_and_the_one_behind_it_is_not_begun(
    books: Books, answer: Reply, messages: Messages, trouble: tuple[str, str, int]
):
    handed = books.handing([outgoing()] * 2, due=0.5)
    books.run(stream(handed, pipeline=True, tell=books.ledger.tell), [(OK, OK, GO), (answer,)])

    assert books.messages == messages
    assert books.troubles == [trouble]
    assert [failed for _, _, failed in books.ended] == [f"dot: {trouble[1]}"]
    assert books.ledger.unsaid == [0.5]


def test_a_lost_connection_leaves_its_message_unanswered_and_counts_once(books: Books):
    books.stream([outgoing()], [(OK, OK, GO), (GONE,)], pipeline=True)

    assert books.messages == Messages(begun=1, unanswered=1)
    assert books.ledger.unsaid == []


def test_a_250_that_came_before_the_connection_was_lost_counts(books: Books):
    books.stream([outgoing()] * 2, [(OK, OK, GO), (OK, GONE)], pipeline=True)

    assert books.messages == Messages(begun=2, accepted=1, unanswered=1)
    assert books.troubles == [("MAIL", "closed", 1)]


def test_a_connection_that_dies_between_messages_is_told_to_locust_as_well(books: Books):
    books.run(open_session("me.test"), [(reply(554, "go away"),)])

    assert books.messages == Messages()
    assert books.troubles == [("greeting", "554", 1)]
    assert books.ended == [("greeting", 0.0, "greeting: 554")]


def test_a_session_is_measured_from_greeting_to_quit(books: Books):
    def whole() -> Flow[None]:
        yield from open_session("me.test")
        yield from quit_()

    books.run(whole(), [(reply(220, "here.test"),), (OK,), (reply(221, "bye"),)])

    assert books.phases == {"greeting": [1, 1.0], "hello": [1, 1.0], "QUIT": [1, 1.0]}
    assert books.ledger.greeting == reply(220, "here.test")
    assert books.ended == []


def test_messages_of_a_sender_that_is_killed_are_unanswered(books: Books):
    flow = stream(books.handing([outgoing()]), pipeline=True, tell=books.ledger.tell)
    group = flow.send(None)  # type: ignore[arg-type]  # to begin with
    assert isinstance(group, Exchange)
    books.ledger.observe(group, (OK, OK, GO), 0.0, 0.0, 1.0, 1.0)
    flow.send((OK, OK, GO))
    books.ledger.end(None, 2.0)

    assert books.messages == Messages(begun=1, unanswered=1)
    assert books.troubles == [("message", "stopped by us", 1)]


def test_a_server_that_ends_a_session_is_told_in_its_own_words(books: Books):
    books.run(greet(), [(CLOSING,)])

    assert books.troubles == [("greeting", "421", 1)]
    assert books.found.troubles[0].example == str(CLOSING)


def test_what_the_flow_cannot_do_is_trouble_of_the_session(books: Books):
    books.ledger.end(PeerError("no way to log in"), 1.0)

    assert books.troubles == [("hello", "no way to log in", 1)]


def test_under_a_rate_a_message_takes_from_the_moment_when_it_was_due(books: Books):
    books.now = 10.0
    late = books.handing([outgoing()], due=8.0)
    rounds = [(OK, OK, GO), (OK,)]
    books.run(stream(late, pipeline=True, tell=books.ledger.tell), rounds)

    assert books.found.messages == Messages(begun=1, late=1, accepted=1)
    assert books.phases["message"] == [1, 3.5]
    assert books.phases["group"] == [1, 1.0], "who waited was the message, not its commands"


def test_how_long_failures_took_is_kept_apart(books: Books):
    books.stream([outgoing()], [(OK,), (LATER,), (OK,)], pipeline=False)
    failed = {name: [it.count, it.total / 1e6] for name, it in books.found.failed.items()}

    assert failed == {"RCPT": [1, 1.0], "message": [1, 2.0]}
    assert list(books.phases) == ["MAIL"]


@pytest.mark.parametrize(
    ("rounds", "put_off"),
    [
        ([(LATER,)], 1), ([(LATER,), (LATER,)], 2), ([(LATER,), (NO,)], 0),
        ([(LATER,), (OK,), (OK,), (GO,), (OK,)], 0), ([(NO,)], 0),
    ],
)  # fmt: skip
def test_who_is_put_off_time_and_again_knows_how_often(
    books: Books, rounds: list[tuple[Reply, ...]], put_off: int
):
    books.stream([outgoing()] * 2, rounds, pipeline=False)

    assert books.ledger.put_off == put_off


def test_a_message_that_is_left_on_purpose_is_no_failure(books: Books):
    flow = stream(books.handing([outgoing()]), pipeline=False, tell=books.ledger.tell)
    mail = flow.send(None)  # type: ignore[arg-type]  # to begin with
    assert isinstance(mail, Exchange)
    books.ledger.observe(mail, (OK,), 0.0, 0.0, 1.0, 1.0)
    books.ledger.abandon()
    books.ledger.end(None, 2.0)

    assert books.found.messages == Messages(begun=1)
    assert (books.found.troubles, books.recorder.ended) == ((), 1)


def letter(serial: int) -> Letter:
    bare = outgoing("b@y.test", "c@y.test")
    return Letter(bare.opening, bare.octets, serial)


def test_receipts_say_which_messages_were_taken_and_for_whom(books: Books):
    one_refused = (OK, OK, NO, GO)
    rounds = [(OK, OK, OK, GO), (OK, *one_refused), (OK,)]
    books.stream([letter(3), letter(4)], rounds, pipeline=True)
    taken = read_receipts([f"{books.receipts.line(0.0)}\n"])

    assert {key: list(serials) for key, serials in taken.runs.items()} == {
        (7, 0b11): [(3, 3)],
        (7, 0b01): [(4, 4)],
    }


def noted(books: Books) -> tuple[dict[tuple[int, int], list[tuple[int, int]]], ...]:
    """Of what was accepted and of what was unsure: sender and recipients, and the serials."""
    found = read_receipts([f"{books.receipts.line(0.0)}\n"])
    return tuple(
        {key: list(them) for key, them in runs.items()} for runs in (found.runs, found.unsure)
    )


@pytest.mark.parametrize(("first", "taken"), [((OK, OK, OK, GO), 0b11), ((OK, NO, OK, GO), 0b10)])
def test_a_message_whose_dot_nobody_answered_may_have_been_taken(
    books: Books, first: tuple[Reply, ...], taken: int
):
    books.stream([letter(3), letter(4)], [first, (GONE,)], pipeline=True)

    assert noted(books) == ({}, {(7, taken): [(3, 3)]})


# By LMTP, replies to four RCPTs and to the dot, then none -> who was taken, and who may have been
LOST_BY_LMTP: dict[str, tuple[tuple[Reply, ...], tuple[Reply, ...], int, int]] = {
    "nobody was answered for": ((OK,) * 4, (GONE,), 0, 0b1111),
    "one was taken": ((OK,) * 4, (OK, GONE), 0b0001, 0b1110),
    "one was refused at the dot": ((OK,) * 4, (NO, GONE), 0, 0b1110),
    "one of each": ((OK,) * 4, (NO, OK, GONE), 0b0010, 0b1100),
    "one of each, in turn": ((OK,) * 4, (OK, NO, GONE), 0b0001, 0b1100),
    "one was refused at RCPT": ((NO, OK, OK, OK), (OK, GONE), 0b0010, 0b1100),
    "another was": ((OK, OK, NO, OK), (OK, GONE), 0b0001, 0b1010),
    "one was, and one at the dot": ((OK, NO, OK, OK), (NO, GONE), 0, 0b1100),
    "the last was, and all were answered for but one": ((OK, OK, OK, NO), (OK, NO, GONE), 1, 0b100),
}


@pytest.mark.parametrize("pipeline", [True, False])
@pytest.mark.parametrize(
    ("opened", "ended", "taken", "unsure"), LOST_BY_LMTP.values(), ids=LOST_BY_LMTP
)
def test_whom_a_peer_by_lmtp_was_asked_for_and_had_not_answered_may_have_got_it_too(
    books: Books,
    opened: tuple[Reply, ...],
    ended: tuple[Reply, ...],
    taken: int,
    unsure: int,
    pipeline: bool,
):
    to = make_opening(Envelope("a@x.test", tuple(f"{it}@y.test" for it in "bcde")))
    one = books.handing([Letter(to, CONTENT, 3)])
    flow = stream(one, pipeline=pipeline, tell=books.ledger.tell, service=Service.LMTP)
    opening = (OK, *opened, GO)
    books.run(flow, [*([opening] if pipeline else [(it,) for it in opening]), ended])

    assert noted(books) == ({(7, taken): [(3, 3)]} if taken else {}, {(7, unsure): [(3, 3)]})


def test_who_was_refused_is_not_in_doubt_behind_a_text_that_shared_its_write(books: Books):
    two = books.handing([letter(3), letter(4)])
    flow = stream(two, pipeline=True, tell=books.ledger.tell, service=Service.LMTP)
    books.run(flow, [(OK, OK, OK, GO), (OK, OK, OK, NO, OK, GO), (GONE,)])

    assert noted(books) == ({(7, 0b11): [(3, 3)]}, {(7, 0b10): [(4, 4)]})


ENDED_BY_US = {  # what was answered, step by step -> whether the text may have been on its way
    "MAIL": ([(OK,)], False),
    "RCPT": ([(OK,), (OK,)], True),
    "DATA": ([(OK,), (OK,), (OK,), (GO,)], True),
}


@pytest.mark.parametrize(("rounds", "is_unsure"), ENDED_BY_US.values(), ids=ENDED_BY_US)
def test_a_message_under_way_when_we_are_stopped_may_have_been_taken(
    books: Books, rounds: list[tuple[Reply, ...]], is_unsure: bool
):
    books.stream([letter(3)], rounds, pipeline=False)
    found = books.receipts.line(0.0)

    assert bool(found) is is_unsure
    assert books.messages == Messages(begun=1, unanswered=1)


@pytest.mark.parametrize("pipeline", [True, False])
def test_who_was_refused_is_not_in_doubt_when_we_are_stopped(books: Books, pipeline: bool):
    opening = (OK, NO, OK, GO)
    rounds = [opening] if pipeline else [(it,) for it in opening]
    books.stream([letter(3)], rounds, pipeline=pipeline)

    assert noted(books) == ({}, {(7, 0b10): [(3, 3)]})


def test_failures_of_one_kind_read_the_same_for_locust():
    assert repr(Failed("RCPT", "450 4.2.0")) == "Failed('RCPT: 450 4.2.0')"


def test_a_server_that_invents_codes_gives_locust_few_kinds_of_failures_all_the_same(books: Books):
    inventions = [
        reply(450, "no", enhanced=f"4.{number // 100}.{number % 100}") for number in range(1_100)
    ]
    rounds = [(invention,) for invention in inventions]
    books.stream([outgoing()] * len(rounds), rounds, pipeline=False)

    kinds = {failed for _, _, failed in books.ended}
    assert kinds == {f"{stage}: {what}" for stage, what, _ in books.troubles}
    assert len(kinds) == KINDS + 1


# the replies to the dot by LMTP -> what becomes of the message, and what is counted
EACH: dict[str, tuple[tuple[Reply, ...], Messages, list[tuple[str, str, int]]]] = {
    "both take it": ((OK, OK), Messages(begun=1, accepted=1), []),
    "one does": ((OK, NO), Messages(begun=1, accepted=1), [("dot", "550 5.1.1", 1)]),
    "the other one does": ((LATER, OK), Messages(begun=1, accepted=1), [("dot", "450 4.2.0", 1)]),
    "none does": (
        (LATER, NO),
        Messages(begun=1, refused=1),
        [("dot", "450 4.2.0", 1), ("dot", "550 5.1.1", 1)],
    ),
    "an end comes first": ((CLOSING,), Messages(begun=1, refused=1), [("dot", "421", 1)]),
    "an end comes second": ((OK, CLOSING), Messages(begun=1, accepted=1), [("dot", "421", 1)]),
    "an end behind a no": (
        (NO, CLOSING),
        Messages(begun=1, refused=1),
        [("dot", "550 5.1.1", 1), ("dot", "421", 1)],
    ),
    "nobody is there any more": (
        (GONE,), Messages(begun=1, unanswered=1), [("dot", "closed", 1)],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("answers", "messages", "troubles"), EACH.values(), ids=EACH)
def test_by_lmtp_each_recipient_that_is_refused_behind_the_dot_is_trouble(
    books: Books,
    answers: tuple[Reply, ...],
    messages: Messages,
    troubles: list[tuple[str, str, int]],
):
    one = books.handing([outgoing("b@y.test", "c@y.test")])
    flow = stream(one, pipeline=False, tell=books.ledger.tell, service=Service.LMTP)
    books.run(flow, [(OK,), (OK,), (OK,), (GO,), answers])

    assert books.messages == messages
    assert books.troubles == troubles
    assert set(books.phases) <= {"MAIL", "RCPT", "DATA", "body", "dot", "message"}
    assert set(books.found.failed) <= {"dot", "message"}


def test_by_lmtp_a_message_is_done_when_the_last_recipient_is_answered(books: Books):
    one = books.handing([outgoing("b@y.test", "c@y.test")])
    flow = stream(one, pipeline=False, tell=books.ledger.tell, service=Service.LMTP)
    books.run(flow, [(OK,), (OK,), (OK,), (GO,), (OK, OK)])

    assert books.phases["dot"] == [1, 1.0]
    assert books.phases["message"] == [1, 5.0]


def test_by_chunks_the_body_takes_from_the_first_to_the_last(books: Books):
    two = books.handing([outgoing(), outgoing()])
    flow = stream_chunks(two, pipeline=False, tell=books.ledger.tell, size=8)
    size = len(outgoing().octets)
    books.run(flow, [(OK,)] * (2 + -(-size // 8)) * 2)

    assert books.messages == Messages(begun=2, accepted=2)
    assert books.phases["BDAT"] == [4, 4.0]
    assert books.phases["body"] == [2, 4.0]


def test_a_text_that_is_refused_in_its_midst_leaves_nothing_to_the_next(books: Books):
    two = books.handing([outgoing(), outgoing()])
    flow = stream_chunks(two, pipeline=False, tell=books.ledger.tell, size=100)
    refused = stream_chunks(
        books.handing([outgoing()]), pipeline=False, tell=books.ledger.tell, size=8
    )
    books.run(refused, [(OK,), (OK,), (OK,), (NO,), (OK,)])
    books.run(flow, [(OK,), (OK,), (OK,)])

    assert books.phases["body"] == [1, 0.0]


def test_sorts_of_exchanges_without_end_do_not_fill_the_memory(books: Books):
    for number in range(2, 1_500):
        names = ("RCPT",) * number
        books.ledger.observe(Exchange(names, b""), (OK,) * number, 0.0, 0.0, 0.5, 1.0)

    assert len(_SHAPES) <= 1_000
    assert books.phases["group"] == [1_498, 1_498.0]
