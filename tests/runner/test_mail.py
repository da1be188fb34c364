"""What a case says of mailboxes, with a peer that delivers into real Maildirs on virtual time."""

from __future__ import annotations

from dataclasses import replace

import pytest
import trio

from harness.errors import PeerError
from harness.runner.play import play
from tests.runner.posting import (
    BODY,
    SEND,
    Postman,
    mail_of,
    result_of,
    target_of,
    undotted,
)
from tests.runner.stages import staged


async def test_a_message_is_found_by_its_token_and_compared(autojump_clock, author, postman):
    postman.deliver = undotted
    case = author.case(SEND, BODY, start="data")

    assert (await result_of(case, postman)).is_met


async def test_a_difference_is_shown_in_hex_with_the_file_it_is_in(autojump_clock, author, postman):
    case = author.case(SEND, BODY, start="data")
    result = await result_of(case, postman)

    surprise = result.surprise
    assert surprise
    assert surprise.at.line == case.delivered[0].at.line
    assert surprise.wanted.startswith("this body, 10 octets")
    assert surprise.met.startswith("11 octets")
    assert surprise.detail[0].startswith("first difference at octet 1,")
    assert surprise.detail[-1].endswith("mail/alice/new/1")


async def test_mail_that_takes_its_time_is_waited_for(autojump_clock, author, postman):
    postman.deliver, postman.delay = undotted, 29.0
    result = await result_of(author.case(SEND, BODY, start="data"), postman)

    assert result.is_met
    assert 29 < result.seconds < 30


async def test_mail_that_does_not_come_is_a_surprise(autojump_clock, author, postman):
    postman.delay = 31.0
    result = await result_of(author.case(SEND, BODY, start="data"), postman)

    assert result.surprise
    assert result.surprise.wanted == "1 message for alice@peer.test"
    assert result.surprise.met == "no messages within 30 s"


async def test_a_message_too_many_is_a_surprise(autojump_clock, author, postman):
    postman.deliver, postman.copies = undotted, 2
    result = await result_of(author.case(SEND, BODY, start="data"), postman)

    assert result.surprise
    assert result.surprise.met == "2 messages"
    assert len(result.surprise.detail) == 2


async def test_what_a_store_did_to_line_ends_is_noted(autojump_clock, author, postman):
    postman.deliver = lambda text: undotted(text).replace(b"\r\n", b"\n")
    result = await result_of(author.case(SEND, BODY, start="data"), postman)

    assert result.is_met
    assert result.notes[0].startswith("the store wrote LF for CRLF")


TWO = """
C: RCPT TO:<{recipient2}>
S: 250
C: DATA
S: 354
C: Subject: {token}
C:
C: to both
C: .
S: 250
"""
TO_BOTH = 'delivered: [{body: "to both\\n"}, {to: "{recipient2}", body: "to both\\n"}]'


async def test_each_recipient_s_mailbox_is_looked_into(autojump_clock, author, postman):
    case = author.case(TWO, TO_BOTH, start="recipient")
    assert (await result_of(case, postman)).is_met

    postman.lost = {"bob"}
    result = await result_of(case, postman)
    assert result.surprise
    assert result.surprise.wanted == "1 message for bob@peer.test"


SEVERAL = """
* repeat 2 as n
  C: MAIL FROM:<{sender}>
  S: 250
  C: RCPT TO:<{recipient}>
  S: 250
  C: DATA
  S: 354
  C: Subject: {token}
  C:
  C: number {n}
  C: .
  S: 250
"""


async def test_several_messages_of_one_mailbox_are_told_apart_by_what_they_are(
    autojump_clock, author, postman
):
    items = 'delivered: [{body: "number 2\\n"}, {body: "number 1\\n"}]'
    assert (await result_of(author.case(SEVERAL, items), postman)).is_met

    items = 'delivered: [{body: "number 2\\n"}, {body: "number 3\\n"}]'
    result = await result_of(author.case(SEVERAL, items), postman)
    assert result.surprise
    assert "number 1" in result.surprise.met


async def test_one_item_may_stand_for_several_messages(autojump_clock, author, postman):
    items = "delivered: {count: 2, header: {Subject: '{token}'}, received: {count: 1}}"

    assert (await result_of(author.case(SEVERAL, items), postman)).is_met


async def test_a_whole_file_may_be_sent(autojump_clock, author, postman, tmp_path):
    (tmp_path / "letter.eml").write_text("Subject: a file\n\n.dots\n..are stuffed\n")
    postman.deliver = undotted
    case = author.case("* send letter.eml", 'delivered: {body: ".dots\\n..are stuffed\\n"}')

    assert (await result_of(case, postman)).is_met


@pytest.mark.parametrize(
    ("answers", "met"),
    [
        ({"message": b"554 no\r\n"}, "message: 554 no"),
        ({"RCPT": b"550 who?\r\n"}, "550 who?"),
        ({"MAIL": b"\r\n"}, "0"),
    ],
)
async def test_a_file_that_is_not_taken_is_a_surprise(
    autojump_clock, author, tmp_path, answers, met
):
    (tmp_path / "letter.eml").write_bytes(b"Subject: a file\r\n\r\nHi\r\n")
    postman = Postman(tmp_path / "mail", **answers)
    result = await result_of(author.case("* send letter.eml"), postman)

    assert result.surprise
    assert met in result.surprise.met


async def test_a_file_that_may_not_be_sent_is_no_fault_of_the_target(
    autojump_clock, author, postman, tmp_path
):
    (tmp_path / "letter.eml").write_bytes("Subject: ü\r\n\r\nHi\r\n".encode())
    result = await result_of(author.case("* send letter.eml"), postman)

    assert result.void == (
        "letter.eml: the content has 8-bit octets, and the server offers no 8BITMIME"
    )


async def test_a_file_that_the_target_falls_silent_over_is_a_surprise(
    autojump_clock, author, tmp_path
):
    (tmp_path / "letter.eml").write_bytes(b"Subject: a file\r\n\r\nHi\r\n")
    postman = Postman(tmp_path / "mail", DATA=object())
    result = await result_of(author.case("* send letter.eml"), postman)

    assert result.surprise
    assert result.surprise.met == "closed"


# --- mail without a token ----------------------------------------------------------------------

KETCHUP = "C: Do you like ketchup?\nC: .\nS: 250"
WANTED = 'delivered: {body: "Do you like ketchup?\\n"}'


async def test_a_message_without_a_token_is_the_one_new_message(autojump_clock, author, postman):
    (postman.directory / "alice/new/old").write_bytes(b"Do you like ketchup?\r\n")
    case = author.case(KETCHUP, WANTED, start="data")

    assert (await result_of(case, postman)).is_met


async def test_a_case_without_a_token_has_the_mailbox_to_itself(autojump_clock, author, postman):
    postman.delay = 1.0
    nameless = [author.case(KETCHUP, WANTED, start="data", id=f"k{n}") for n in range(3)]
    named = [
        author.case(SEND, 'delivered: {header: {Subject: "{token}"}}', start="data", id=f"t{n}")
        for n in range(3)
    ]
    results = []

    async def one(case, stage):
        results.append(await play(case, stage))

    async with mail_of(None, postman) as stage, trio.open_nursery() as nursery:
        for case in [named[0], nameless[0], named[1], nameless[1], nameless[2], named[2]]:
            nursery.start_soon(one, case, stage)

    assert all(result.is_met for result in results), [result.surprise for result in results]


async def test_late_mail_of_another_case_is_let_arrive_first(autojump_clock, author, postman):
    # The first case sends mail that nobody can tell and does not look for it.
    postman.delay = 3.0
    careless = author.case(KETCHUP, start="data")
    careful = author.case(KETCHUP, WANTED, start="data", id="b")
    async with mail_of(None, postman) as stage:
        assert (await play(careless, stage)).is_met
        result = await play(careful, stage)
        assert (await play(careful, stage)).is_met

    assert result.is_met
    assert result.exchanges[0].connection == "fence"


async def test_mail_that_came_too_late_does_not_meet_the_next_case(autojump_clock, author, postman):
    case = author.case(KETCHUP, WANTED, start="data")
    async with mail_of(None, postman) as stage:
        postman.delay = 40.0
        assert (await play(case, stage)).surprise
        postman.delay = 11.0
        assert (await play(case, stage)).is_met


# --- mailboxes that are not told of, or cannot be read -----------------------------------------


async def test_a_mailbox_that_the_target_does_not_tell_of_is_an_error(
    autojump_clock, author, postman
):
    case = author.case(SEND, 'delivered: {to: "{recipient2}"}', start="data")
    target = replace(
        target_of(postman), delivery={"alice@peer.test": f"maildir:{postman.directory}/alice"}
    )
    async with staged(postman, target) as stage:
        result = await play(case, stage)

    assert result.trouble == (
        "the target does not say where mail for bob@peer.test can be read back"
    )


class BusyPost:
    """Stores that are busy at so many looks, beside a Maildir that never is."""

    def __init__(self, post, busy: int) -> None:
        self._post = post
        self._busy = busy

    async def open(self, recipient: str):
        if self._busy < 0:
            raise PeerError("nobody listens there")
        self._reader = await self._post.open(recipient)
        return self

    async def messages(self):
        self._busy -= 1
        if self._busy >= 0:
            raise PeerError("another session has it")
        return await self._reader.messages()


@pytest.mark.parametrize(
    ("busy", "trouble"),
    [
        (3, ""),
        (1_000, "mail for alice@peer.test cannot be read back: another session has it"),
        (-1, "mail for alice@peer.test cannot be read back: nobody listens there"),
    ],
)
async def test_a_store_may_be_busy_for_a_moment_and_no_longer(
    autojump_clock, author, postman, busy, trouble
):
    case = author.case(SEND, BODY.replace(".one", "..one"), start="data")
    async with mail_of(case, postman) as stage:
        stage.post = BusyPost(stage.post, busy)
        result = await play(case, stage)

    assert (result.trouble or "") == trouble
    assert result.surprise is None
