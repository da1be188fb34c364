"""Clients under test: we are the server, and real clients talk to us."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
import trio.testing

from harness.certificates import client_context, self_signed, server_context
from harness.client import drive
from harness.errors import PeerError
from harness.protocol.sender import open_session, secure
from harness.runner.clients import COURTESIES, play_client_case
from harness.runner.endings import Played
from harness.transcripts.model import Case
from harness.wire import Wire
from tests.wire.peers import in_memory


def client_case(author, dialogue: str, more: str = "") -> Case:
    return author.case(dialogue, f"role: client\n{more}", start="")


async def spoken(case: Case, *octets: bytes | float, **options) -> Played:
    """What comes of a client that says these octets, waiting where a number stands."""
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:

        async def talk() -> None:
            async with theirs:
                for part in octets:
                    if isinstance(part, bytes):
                        await theirs.send_all(part)
                    await trio.sleep(part if isinstance(part, float) else 0.2)

        nursery.start_soon(talk)
        result = await play_client_case(case, ours, **options)
        nursery.cancel_scope.cancel()
    return result


# --- what a client must say --------------------------------------------------------------------


async def test_what_a_client_said_can_be_said_back(autojump_clock, author):
    case = client_case(author, "S: 220 hi\nC: HELO {name}\nS: 250 hello {name}")
    result = await spoken(case, b"helo World\r\n", b"QUIT\r\n")

    assert result.is_met
    assert result.exchanges[2].octets == b"250 hello World\r\n"


async def test_another_line_is_a_surprise(autojump_clock, author):
    result = await spoken(client_case(author, "S: 220 hi\nC: HELO {name}"), b"NOOP\r\n")

    assert result.surprise
    assert (result.surprise.wanted, result.surprise.met) == ("HELO {name}", "NOOP")
    assert result.exchanges[result.surprise.exchange].octets == b"NOOP\r\n"


async def test_a_password_in_the_wrong_place_is_not_shown(autojump_clock, author):
    case = client_case(author, "S: 220 hi\nC: HELO {name}")
    result = await spoken(case, b"AUTH PLAIN Z2VoZWlt\r\n")

    assert result.surprise
    assert result.surprise.met == "AUTH PLAIN ***"


LOGIN = "S: 220 hi\nC: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\n"


@pytest.mark.parametrize(
    ("dialogue", "said", "met"),
    {
        "another response": (LOGIN + "C: *", (b"AUTH LOGIN\r\n", b"Z2VoZWlt\r\n"), "***"),
        "one that does not end": (
            LOGIN + "C: *", (b"AUTH LOGIN\r\n", b"Z2VoZWlt", 9.0),
            "nothing for 5 s, but for the beginning ***",
        ),
        "one that comes too early": (
            "S: 220 hi\nC: AUTH LOGIN\n  waits\nS: 334 VXNlcm5hbWU6",
            (b"AUTH LOGIN\r\nZ2VoZWlt\r\n",),
            r"more: ***\r\n",
        ),
        "one that is not alone": (
            LOGIN + "C: {user}\n  alone", (b"AUTH LOGIN\r\n", b"Z2VoZWlt\r\nZ2VoZWlt\r\n"),
            r"***\r\n beside others",
        ),
        "one where silence is due": (
            LOGIN + "S: silence 1s", (b"AUTH LOGIN\r\nZ2VoZWlt\r\n",), r"***\r\n",
        ),
        "behind two replies in one write": (
            "S: 220 hi\nC: NOOP\nC: AUTH LOGIN\nS: 250 ok\nS: 334 VXNlcm5hbWU6\nC: *",
            (b"NOOP\r\nAUTH LOGIN\r\n", b"Z2VoZWlt\r\n"), "***",
        ),
    }.values(),
)  # fmt: skip
async def test_an_answer_to_a_challenge_is_never_shown(autojump_clock, author, dialogue, said, met):
    result = await spoken(client_case(author, dialogue), *said)

    assert result.surprise
    assert result.surprise.met == met
    assert "Z2VoZWlt" not in repr(result)


async def test_silence_is_a_surprise_that_names_what_is_due(autojump_clock, author):
    case = client_case(author, "S: 220 hi\nC: HELO {name}\n  or QUIT\n  or close")
    result = await spoken(case, 60.0)

    assert result.surprise
    assert result.surprise.wanted == "HELO {name}|QUIT"
    assert result.surprise.met == "nothing for 5 s"


async def test_a_hang_up_is_a_surprise_unless_it_is_allowed(autojump_clock, author):
    strict = client_case(author, "S: 220 hi\nC: HELO {name}")
    lenient = client_case(author, "S: 220 hi\nC: HELO {name}\n  or close\nS: 250 hi")

    assert (await spoken(strict)).surprise
    assert (await spoken(lenient)).is_met


BRANCHES = """
S: 220 hi
C: DATA
  or RSET
  on DATA:
    S: 354 go on
    C: {text...}
    S: 250 taken
  on RSET:
    S: 250 forgotten
"""


@pytest.mark.parametrize("said", [(b"DATA\r\n", b"x\r\n..y\r\n.\r\n"), (b"RSET\r\n",)])
async def test_the_branch_of_what_was_said_is_run(autojump_clock, author, said):
    assert (await spoken(client_case(author, BRANCHES), *said, b"QUIT\r\n")).is_met


@pytest.mark.parametrize(("rest", "met"), [((), "closed"), ((60.0,), "nothing for 5 s")])
async def test_a_text_without_an_end_is_a_surprise(autojump_clock, author, rest, met):
    case = client_case(author, BRANCHES)
    result = await spoken(case, b"DATA\r\nx\r\n", *rest)

    assert result.surprise
    assert (result.surprise.wanted, result.surprise.met) == ("lines up to the lone dot", met)


WAITS = "S: 220 hi\nC: NOOP\n  waits\nS: 250 ok\nC: QUIT\nS: 221 bye"


async def test_a_client_that_waits_meets_waits(autojump_clock, author):
    case = client_case(author, WAITS)

    assert (await spoken(case, b"NOOP\r\n", b"QUIT\r\n")).is_met
    result = await spoken(case, b"NOOP\r\nQUIT\r\n")
    assert result.surprise
    assert result.surprise.met == r"more: QUIT\r\n"


ALONE = "S: 220 hi\nC: NOOP\nS: 250 ok\nC: RSET\n  alone\nS: 250 ok\nC: QUIT\nS: 221 bye"


@pytest.mark.parametrize(
    ("said", "is_met"),
    [
        ((b"NOOP\r\n", b"RSET\r\n", b"QUIT\r\n"), True),
        ((b"NOOP\r\nRSET\r\n", b"QUIT\r\n"), False),
        ((b"NOOP\r\n", b"RSET\r\nQUIT\r\n"), False),
    ],
)
async def test_a_line_may_have_to_stand_alone_in_its_write(autojump_clock, author, said, is_met):
    assert (await spoken(client_case(author, ALONE), *said)).is_met is is_met


async def test_a_bare_line_feed_ends_no_line(autojump_clock, author):
    result = await spoken(client_case(author, "S: 220 hi\nC: NOOP"), b"NOOP\n")

    assert result.surprise
    assert result.surprise.met == r"NOOP\n"


async def test_a_client_may_have_to_be_silent(autojump_clock, author):
    case = client_case(author, "S: silence 2s\nS: 220 hi\nC: QUIT\nS: 221 bye")

    assert (await spoken(case, 3.0, b"QUIT\r\n")).is_met
    early = await spoken(case, b"EHLO x\r\n", b"QUIT\r\n")
    assert early.surprise
    assert early.surprise.met == r"EHLO x\r\n"
    gone = await spoken(case)
    assert gone.surprise
    assert gone.surprise.met == "the connection was closed"


async def test_steps_are_repeated_waited_and_hung_up(autojump_clock, author):
    dialogue = "S: 220 hi\n* repeat 2 as n\n  C: NOOP\n  S: 250 {n}\n* wait 1s\nS: close"
    result = await spoken(client_case(author, dialogue), b"NOOP\r\n", b"NOOP\r\n", 9.0)

    assert result.is_met
    assert [it.octets for it in result.exchanges if it.who == "S"][1:] == [
        *(b"250 1\r\n", b"250 2\r\n")
    ]


@pytest.mark.parametrize("action", ["* reset", "* half-close"])
async def test_we_may_end_a_connection_rudely(autojump_clock, author, action):
    assert (await spoken(client_case(author, f"S: 220 hi\n{action}"), 1.0)).is_met


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        ((b"RSET\r\n", b"quit\r\n"), [b"250 OK\r\n", b"221 Bye\r\n"]),
        ((b"NOOP\r\n", 9.0), [b"250 OK\r\n"]),
        ((b"MAIL FROM:<a@b>\r\n", 9.0), [b"421 The dialogue is over\r\n"]),
        ((), []),
    ],
)
async def test_a_client_leaves_in_its_own_way(autojump_clock, author, said, answered):
    result = await spoken(client_case(author, "S: 220 hi"), *said)

    assert result.is_met
    assert [it.octets for it in result.exchanges if it.who == "S"][1:] == answered


async def test_a_client_that_never_leaves_is_left(autojump_clock, author):
    result = await spoken(client_case(author, "S: 220 hi"), b"NOOP\r\n" * 1_000, 9.0)

    assert result.is_met
    assert len([it for it in result.exchanges if it.who == "S"]) == 1 + COURTESIES


async def test_end_drop_hangs_up_at_once(autojump_clock, author):
    result = await spoken(client_case(author, "S: 220 hi", "end: drop"), b"NOOP\r\n", 1.0)

    assert result.is_met
    assert len([it for it in result.exchanges if it.who == "S"]) == 1


async def test_a_step_for_the_other_side_is_an_error(autojump_clock, author):
    case = author.case("C: NOOP\nS: 250")

    assert "in which we are the client" in (await spoken(case, 1.0)).trouble


# --- TLS ---------------------------------------------------------------------------------------

STARTTLS = "S: 220 hi\n* starttls\nC: NOOP\nS: 250 ok\nC: QUIT\nS: 221 bye"


async def with_tls(case: Case, directory: Path, talk) -> Played:
    certificate = self_signed(["localhost"], directory)
    wire, stream = in_memory()
    results: list[Played] = []

    async def serve() -> None:
        context = server_context(*certificate)
        results.append(await play_client_case(case, stream, context=context))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)
        await talk(wire, client_context(ca=certificate[0]))
        await wire.aclose()
    return results[0]


async def test_a_client_may_begin_tls(author, tmp_path):
    async def talk(wire: Wire, context) -> None:
        await wire.reply(5)
        for octets in (b"STARTTLS\r\n", b"NOOP\r\n", b"QUIT\r\n"):
            await wire.send(octets, 5)
            await wire.reply(5)
            if octets == b"STARTTLS\r\n":
                await wire.start_tls(context, 5, server_name="localhost")

    assert (await with_tls(client_case(author, STARTTLS), tmp_path, talk)).is_met


async def test_a_client_that_shakes_no_hands_is_a_surprise(author, tmp_path):
    async def talk(wire: Wire, context) -> None:
        await wire.reply(5)
        await wire.send(b"STARTTLS\r\n", 5)
        await wire.reply(5)

    result = await with_tls(client_case(author, STARTTLS), tmp_path, talk)
    assert result.surprise
    assert result.surprise.wanted == "a TLS handshake"

    lenient = client_case(author, "S: 220 hi\nC: STARTTLS\nS: 220 go\n* tls\n  or close")
    assert (await with_tls(lenient, tmp_path, talk)).is_met


async def test_a_client_that_takes_any_certificate_is_a_surprise(author, tmp_path):
    async def talk(wire: Wire, context) -> None:
        await wire.reply(5)
        await wire.send(b"STARTTLS\r\n", 5)
        await wire.reply(5)
        await wire.start_tls(client_context(verify=False), 5, server_name="localhost")

    case = client_case(author, "S: 220 hi\nC: STARTTLS\nS: 220 go\n* tls\n  fails")
    result = await with_tls(case, tmp_path, talk)
    assert result.surprise
    assert result.surprise.met == "one that succeeds"


async def test_without_a_certificate_a_case_about_tls_is_void(autojump_clock, author):
    result = await spoken(client_case(author, STARTTLS), b"STARTTLS\r\n", 9.0)

    assert "no certificate" in result.void


async def test_a_flow_that_wants_tls_is_given_it(author, tmp_path):
    dialogue = """
    S: 220 hi
    C: EHLO {name}
    S: 250-server.test
    S: 250 STARTTLS
    * starttls
    C: EHLO {name}
    S: 250 server.test
    """

    async def talk(wire: Wire, context) -> None:
        async def shake() -> None:
            await wire.start_tls(context, 5, server_name="localhost")

        await drive(open_session("client.test", tls=True), wire, patience=5, secure=shake)

    assert (await with_tls(client_case(author, dialogue), tmp_path, talk)).is_met


async def test_a_flow_reads_nothing_behind_a_421(autojump_clock):
    wire, peer = in_memory()
    await peer.send_all(b"421 bye\r\n")

    async def no_tls() -> None:
        pass

    with pytest.raises(PeerError, match="421 bye"):
        await drive(secure("client.test"), wire, patience=5, secure=no_tls)
