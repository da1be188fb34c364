"""Playing a case against a scripted peer, on virtual time."""

from __future__ import annotations

import pytest

from tests.runner.stages import CLOSE, HELLO, SILENT, Peer, played
from tests.runner.telling import told


async def test_a_case_is_met_and_its_connection_ends_with_quit(autojump_clock, author):
    result = await played(author.case("C: NOOP\nS: 250"), Peer())

    assert result.is_met
    assert told(result) == [
        "connected to peer.test:25",
        "S: 220 peer.test ESMTP",
        "C: EHLO client.example.test",
        f"S: {HELLO.decode().rstrip()}",
        "C: NOOP",
        "S: 250 2.0.0 ok",
        "C: QUIT",
        "S: 221 2.0.0 bye",
        "closed by the other end",
    ]


async def test_a_surprise_knows_the_author_s_line_and_the_exchange(autojump_clock, author):
    case = author.case("C: NOOP\nS: 251|252\n  best 252")
    result = await played(case, Peer())

    surprise = result.surprise
    assert surprise
    assert (surprise.wanted, surprise.met) == ("251|252", "250 2.0.0 ok")
    assert surprise.at.line == case.at.line + 6
    assert surprise.at.text == "S: 251|252"
    assert told(result)[surprise.exchange] == "S: 250 2.0.0 ok"


async def test_silence_where_a_reply_is_due_is_a_surprise_after_our_patience(
    autojump_clock, author
):
    result = await played(author.case("C: NOOP\nS: 250"), Peer(NOOP=SILENT))

    assert result.surprise
    assert result.surprise.met == "silence for 5 s"
    assert result.seconds == pytest.approx(5)


async def test_within_is_the_patience_of_one_reply(autojump_clock, author):
    result = await played(author.case("C: NOOP\nS: 250\n  within 90s"), Peer(NOOP=SILENT))

    assert result.surprise
    assert result.surprise.met == "silence for 90 s"


async def test_an_accepted_reply_that_is_not_the_best_is_noted(autojump_clock, author):
    result = await played(author.case("C: NOOP\nS: 2xx\n  best 252"), Peer())

    assert result.is_met
    assert result.notes == ("250 accepted, 252 would be best",)


async def test_an_odd_reply_is_noted(autojump_clock, author):
    result = await played(author.case("C: NOOP\nS: 250"), Peer(NOOP=b"250 ok\n"))

    assert result.is_met
    assert result.notes == ("a reply is odd: a line ends in LF without CR",)


async def test_what_was_captured_can_be_said_again(autojump_clock, author):
    peer = Peer()
    await played(author.case("C: NOOP\nS: 250\n  as told\nC: NOOP {told}\nS: 250"), peer)

    assert b"NOOP 2.0.0 ok" in peer.heard


async def test_enhanced_codes_are_asked_for_where_they_are_offered(autojump_clock, author):
    dialogue = "C: HELO x\nS: 250\nC: NOOP\nS: 250\n  enhanced 2.9.9\n"

    assert (await played(author.case("C: NOOP\nS: 250\n  enhanced 2.9.9"), Peer())).surprise
    assert (await played(author.case(dialogue), Peer())).is_met


# --- ends of connections -----------------------------------------------------------------------


async def test_one_reply_too_many_is_found_at_the_end(autojump_clock, author):
    result = await played(author.case("C: NOOP\nS: 250"), Peer(NOOP=b"250 ok\r\n503 hidden\r\n"))

    assert result.surprise
    assert result.surprise.met == "one reply too many: 503 hidden"
    assert result.surprise.wanted.startswith("221 to the QUIT that ends every connection")


async def test_one_reply_too_many_is_found_after_the_221(autojump_clock, author):
    result = await played(author.case("C: NOOP\nS: 250"), Peer(QUIT=b"221 bye\r\n221 bye\r\n"))

    assert result.surprise
    assert result.surprise.wanted == "nothing after the 221"
    assert result.surprise.met == "one reply too many: 221 bye"


async def test_octets_after_the_221_are_too_many(autojump_clock, author):
    result = await played(author.case("C: NOOP\nS: 250"), Peer(QUIT=b"221 bye\r\nxx"))

    assert result.surprise
    assert result.surprise.met == "octets that are no reply: xx"


async def test_a_dialogue_that_quits_is_not_quit_again(autojump_clock, author):
    peer = Peer()

    assert (await played(author.case("C: QUIT\nS: 221"), peer)).is_met
    assert peer.heard.count(b"QUIT") == 1


async def test_a_dialogue_that_quits_is_watched_to_its_end(autojump_clock, author):
    result = await played(author.case("C: QUIT\nS: 221"), Peer(QUIT=b"221 a\r\n500 b\r\n"))

    assert result.surprise
    assert result.surprise.met == "one reply too many: 500 b"


async def test_a_hang_up_in_place_of_the_221_is_a_surprise(autojump_clock, author):
    result = await played(author.case("C: NOOP\nS: 250"), Peer(QUIT=CLOSE))

    assert result.surprise
    assert result.surprise.met == "the connection was closed"


async def test_end_drop_just_hangs_up(autojump_clock, author):
    peer = Peer()

    assert (await played(author.case("C: NOOP\nS: 250", "end: drop"), peer)).is_met
    assert b"QUIT" not in peer.heard


@pytest.mark.parametrize(
    ("dialogue", "words"),
    [("C: DATA\nS: 354", "within a text"), ("C: AUTH X\nS: 334", "within an AUTH exchange")],
)
async def test_a_dialogue_that_ends_within_a_text_is_the_author_s_error(
    autojump_clock, author, dialogue, words
):
    result = await played(author.case(dialogue), Peer(AUTH=b"334 \r\n"))

    assert words in result.trouble


# --- optional replies --------------------------------------------------------------------------

OPTIONAL = "C: X\nS: 503?\nC: NOOP\nS: 250"


async def test_an_optional_reply_may_come(autojump_clock, author):
    assert (await played(author.case(OPTIONAL), Peer(X=b"503 no\r\n"))).is_met


async def test_an_optional_reply_may_be_missing(autojump_clock, author):
    assert (await played(author.case(OPTIONAL), Peer(X=SILENT))).is_met


async def test_another_reply_is_not_the_optional_one(autojump_clock, author):
    result = await played(author.case(OPTIONAL), Peer(X=b"504 no\r\n"))

    assert result.surprise
    assert (result.surprise.wanted, result.surprise.met) == ("250", "504 no")


@pytest.mark.parametrize("answer", [b"250 a\r\n", SILENT])
async def test_where_a_reply_could_be_both_the_next_one_decides(autojump_clock, author, answer):
    case = author.case("C: X\nS: any?\nC: NOOP\nS: 250")

    assert (await played(case, Peer(X=answer))).is_met


@pytest.mark.parametrize("answers", [b"503 a\r\n503 b\r\n", b"503 a\r\n", SILENT])
async def test_optional_replies_at_the_end_leave_the_221_alone(autojump_clock, author, answers):
    case = author.case("C: X\nS: any?\nS: any?\nS: any?")

    assert (await played(case, Peer(X=answers))).is_met


async def test_the_branch_of_an_optional_reply_is_run(autojump_clock, author):
    case = author.case("C: X\nS: 503?\n  on 503:\n    C: RSET\n    S: 250\nC: NOOP\nS: 250")

    peer = Peer(X=b"503 no\r\n")
    assert (await played(case, peer)).is_met
    assert peer.heard[1:4] == [b"X", b"NOOP", b"RSET"]


# --- branches, repetition, more connections ----------------------------------------------------

BRANCHES = """
C: X
S: 2xx|5xx|close
  on 2xx:
    C: RSET
    S: 250
  on close:
    * connect again
      start hello
    C(again): NOOP
    S(again): 250
  else:
    C: NOOP
    S: 250
"""


@pytest.mark.parametrize(
    ("answer", "then"), [(b"250 ok\r\n", b"RSET"), (b"500 no\r\n", b"NOOP"), (CLOSE, b"NOOP")]
)
async def test_the_branch_that_fits_is_run(autojump_clock, author, answer, then):
    peer = Peer(X=answer)

    assert (await played(author.case(BRANCHES), peer)).is_met
    assert then in peer.heard
    assert peer.connections == (2 if answer is CLOSE else 1)


async def test_every_connection_of_a_name_ends_well(autojump_clock, author):
    peer = Peer()
    dialogue = "* repeat 3\n  * connect x\n    start hello\n  C(x): NOOP\n  S(x): 250"

    assert (await played(author.case(dialogue), peer)).is_met
    assert peer.connections == 4
    assert peer.heard.count(b"QUIT") == 4


async def test_steps_are_repeated_and_counted(autojump_clock, author):
    peer = Peer()
    await played(author.case("* repeat 3 as n\n  C: NOOP {n}\n  S: 250"), peer)

    assert peer.heard[1:4] == [b"NOOP 1", b"NOOP 2", b"NOOP 3"]


async def test_client_lines_that_are_repeated_alone_are_one_write(autojump_clock, author):
    peer = Peer()
    said = "* repeat 2\n  C: RSET\n  * repeat 2 as n\n    C: NOOP {n}\n"
    heard = "* repeat 6\n  S: 250"
    result = await played(author.case(said + heard), peer)

    assert result.is_met
    write = b"RSET\r\nNOOP 1\r\nNOOP 2\r\n" * 2
    assert write in [exchange.octets for exchange in result.exchanges]


async def test_the_target_may_say_how_often(autojump_clock, author):
    peer = Peer()
    said = "* repeat {times}\n  C: NOOP\n"
    case = author.case(f"{said}* repeat {{times}}\n  S: 250", "each: [{id: a, times: '3'}]")
    result = await played(case, peer)

    assert result.is_met
    assert peer.heard.count(b"NOOP") == 3


async def test_a_second_connection_starts_where_it_should_and_ends_as_the_first(
    autojump_clock, author
):
    peer = Peer()
    dialogue = "* connect other\n  start mail\n  after 2s\nC(other): RSET\nS(other): 250"
    result = await played(author.case(dialogue), peer)

    assert result.is_met
    assert peer.heard.count(b"QUIT") == 2
    assert result.seconds == pytest.approx(2)
    assert {exchange.connection for exchange in result.exchanges} == {"", "other"}


async def test_a_second_connection_that_cannot_be_had_is_no_fault_of_the_target(
    autojump_clock, author
):
    peer = Peer()

    def vanish(text, said):
        peer.is_gone = True

    peer.on_text = vanish
    dialogue = "C: DATA\nS: 354\nC: .\nS: 250\n* connect other"
    result = await played(author.case(dialogue), peer)

    assert result.trouble == "connection other: peer.test:25: nobody listens there"


# --- names -------------------------------------------------------------------------------------

NAMED = "names: {alice@crepes.fr: sender, crepes.fr: our_name}"


async def test_words_of_a_pasted_dialogue_become_the_target_s(autojump_clock, author):
    peer = Peer()
    case = author.case("C: MAIL FROM:<alice@crepes.fr>\nS: 250", NAMED)
    await played(case, peer)
    await played(case, peer, as_written=True)

    assert [line for line in peer.heard if line.startswith(b"MAIL")] == [
        *(b"MAIL FROM:<sender@client.example.test>", b"MAIL FROM:<alice@crepes.fr>")
    ]


async def test_a_variable_that_the_target_has_no_value_for_is_an_error(autojump_clock, author):
    case = author.case("C: RCPT TO:<{foreign}>\nS: 550")

    assert "{foreign} has no value here" in (await played(case, Peer())).trouble
