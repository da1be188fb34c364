"""What was not delivered: known once a message that was sent after it has arrived, a fence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.runner.play import play
from tests.runner.posting import (
    SEND,
    Postman,
    result_of,
    target_of,
)
from tests.runner.stages import ADDRESS, staged

HIDDEN = 'not_delivered: {header: {Subject: "hidden {token}"}}'


async def test_what_was_not_delivered_is_known_once_a_fence_has_arrived(
    autojump_clock, author, postman
):
    postman.delay = 2.0
    result = await result_of(author.case(SEND, HIDDEN, start="data"), postman)

    assert result.is_met
    assert result.seconds > 2
    assert any(exchange.connection == "fence" for exchange in result.exchanges)


async def test_what_must_not_be_there_is_a_surprise(autojump_clock, author, postman):
    dialogue = SEND.replace("Subject: {token}", "Subject: hidden {token}")
    result = await result_of(author.case(dialogue, HIDDEN, start="data"), postman)

    assert result.surprise
    assert result.surprise.wanted == "no such message for alice@peer.test"
    assert result.surprise.met.startswith("one, in ")


async def test_without_conditions_no_message_at_all_may_be_there(autojump_clock, author, postman):
    result = await result_of(author.case(SEND, "not_delivered: {}", start="data"), postman)

    assert result.surprise


async def test_a_fence_that_does_not_arrive_proves_nothing(autojump_clock, author, postman):
    postman.lost = {"alice"}
    result = await result_of(author.case(SEND, HIDDEN, start="data"), postman)

    assert "did not arrive within 30 s, so nothing can be said" in result.trouble


async def test_a_fence_goes_in_by_the_front_door(autojump_clock, author, postman):
    # Where a case goes in, one may have to log in first.
    side_door = replace(ADDRESS, port=587)
    target = replace(target_of(postman), listeners={"submission": side_door})
    case = author.case(SEND, f"over: submission\n{HIDDEN}", start="data")
    async with staged(postman, target) as stage:
        stage.offers[side_door] = stage.offers[ADDRESS]
        result = await play(case, stage)

    assert result.is_met
    doors = {it.connection: it.happened for it in result.exchanges if "connected" in it.happened}
    assert doors == {"": "connected to peer.test:587", "fence": "connected to peer.test:25"}


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"message": [b"250 ok\r\n", b"552 full\r\n"]}, "was not taken: 552 full"),
        ({"MAIL": [b"250 ok\r\n", b"452 full\r\n"]}, "could not be sent: MAIL was answered 452"),
    ],
)
async def test_a_fence_that_cannot_be_sent_proves_nothing(
    autojump_clock, author, tmp_path, answers, words
):
    postman = Postman(tmp_path / "mail", **answers)
    result = await result_of(author.case(SEND, HIDDEN, start="data"), postman)

    assert words in result.trouble
