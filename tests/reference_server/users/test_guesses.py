"""Guesses at passwords wait by address; on virtual time, by SMTP and by POP3."""

import base64
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from harness.protocol.sasl.scram import scram_client
from harness.protocol.sasl.sides import ClientSide, Login
from reference_server.doors.door import Door, Kind
from reference_server.doors.listener import serve
from reference_server.pop3.session import serve_pop3
from reference_server.server import Patience
from reference_server.users.guesses import FORGOTTEN, Guesses
from tests.reference_server.connecting import Client, server_in


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


# --- the count -----------------------------------------------------------------------------------


def test_the_first_failures_are_free_and_each_further_one_waits_longer_up_to_a_limit():
    guesser = Guesses(Clock()).guesser("192.0.2.1")

    assert [guesser.failed() for _ in range(11)] == [0, 0, 0, 1, 2, 4, 8, 16, 30, 30, 30]


def test_where_nobody_is_to_wait_nobody_does():
    guesser = Guesses(Clock(), first=0).guesser("192.0.2.1")

    assert [guesser.failed() for _ in range(11)] == [0] * 11


ORIGINS = {
    "another address": ("192.0.2.1", "192.0.2.2", False),
    "another connection": ("192.0.2.1", "192.0.2.1", True),
    "the same network of IPv6": ("2001:db8::1", "2001:db8::ffff:ffff:1:2", True),
    "another network of IPv6": ("2001:db8::1", "2001:db8:0:1::1", False),
    "an interface of its own": ("fe80::1%eth0", "fe80::2%eth1", True),
    "IPv4 in IPv6": ("::ffff:192.0.2.1", "192.0.2.1", True),
    "nowhere": ("", "", True),
}


@pytest.mark.parametrize(("one", "other", "is_same"), ORIGINS.values(), ids=ORIGINS)
def test_an_address_waits_for_its_own_failures_alone(one, other, is_same):
    guesses = Guesses(Clock())
    for _ in range(4):
        guesses.guesser(one).failed()

    assert guesses.guesser(other).failed() == (2 if is_same else 0)


def test_after_ten_quiet_minutes_an_address_is_as_good_as_new():
    clock = Clock()
    guesser = Guesses(clock).guesser("192.0.2.1")
    for _ in range(4):
        guesser.failed()
    clock.seconds += FORGOTTEN - 1
    assert guesser.failed() == 2
    clock.seconds += FORGOTTEN

    assert guesser.failed() == 0


def test_a_flood_of_addresses_fills_no_memory_and_the_latest_are_kept():
    guesses = Guesses(Clock())
    for _ in range(3):
        guesses.guesser("the first").failed()
        guesses.guesser("the last").failed()
    for number in range(10_050):
        guesses.guesser(f"address {number}").failed()
        if number % 1_000 == 0:
            guesses.guesser("the last").failed()

    assert len(guesses) == 10_000
    assert guesses.guesser("the first").failed() == 0
    assert guesses.guesser("the last").failed() == 30


# --- over SMTP and POP3 --------------------------------------------------------------------------


def plain(password: str) -> bytes:
    return b"AUTH PLAIN " + base64.b64encode(f"\0alice\0{password}".encode()) + b"\r\n"


def guessed_at(spool, **changed):
    doors = (Door(Kind.SUBMISSION), Door(Kind.POP3))
    server = server_in(spool, auth_in_clear=True, doors=doors, **changed)
    server.maildrops = None  # opening one is for a thread, and virtual time runs away meanwhile
    return server


async def come(tasks, server, way, peer="192.0.2.1"):
    """A client that has been greeted; whoever serves it does so in `tasks`."""
    ours, theirs = trio.testing.memory_stream_pair()
    tasks.start_soon(serve if way is by_smtp else serve_pop3, server, theirs, peer)
    client = Client(ours)
    await client.reply()
    if way is by_smtp:
        await client.say(b"EHLO c.test\r\n")
    return client


@asynccontextmanager
async def by_smtp(server, peer="192.0.2.1"):
    async with trio.open_nursery() as tasks:
        client = await come(tasks, server, by_smtp, peer)
        yield client
        await client.stream.aclose()


@asynccontextmanager
async def by_pop3(server, peer="192.0.2.1"):
    async with trio.open_nursery() as tasks:
        client = await come(tasks, server, by_pop3, peer)
        yield client
        await client.stream.aclose()


SMTP = {"wrong": b"535 5.7.8", "right": b"235 2.7.0", "later": b"454 4.7.0"}
POP3 = {
    "wrong": b"-ERR [AUTH]",
    "right": b"-ERR [SYS/TEMP] this mailbox",
    "later": b"-ERR [SYS/TEMP] nobody can",
}


def answer_to(way, word):
    """How the protocol says it."""
    return (SMTP if way is by_smtp else POP3)[word]


both = pytest.mark.parametrize("way", [by_smtp, by_pop3])


async def timed(client, line):
    began = trio.current_time()
    answer = await client.say(line)
    return answer, round(trio.current_time() - began)


@both
async def test_hanging_up_and_coming_back_is_no_way_around_the_wait(tmp_path, autojump_clock, way):
    server, waits = guessed_at(tmp_path), []
    for _ in range(11):
        async with way(server) as client:
            answer, seconds = await timed(client, plain("guess"))
            assert answer.startswith(answer_to(way, "wrong"))
            waits.append(seconds)
    assert waits == [0, 0, 0, 1, 2, 4, 8, 16, 30, 30, 30]


async def test_the_fifth_failure_on_a_connection_is_the_last(tmp_path, autojump_clock):
    async with by_smtp(guessed_at(tmp_path)) as client:
        for _ in range(5):
            assert (await client.say(plain("guess"))).startswith(b"535 5.7.8")
        assert (await client.reply()).startswith(b"421 4.7.0 ")
        assert await client.reply() == b""


async def test_failures_by_smtp_count_for_pop3_and_the_other_way_round(tmp_path, autojump_clock):
    server, waits = guessed_at(tmp_path), []
    for way in (by_smtp, by_pop3) * 3:
        async with way(server) as client:
            waits.append((await timed(client, plain("guess")))[1])
    assert waits == [0, 0, 0, 1, 2, 4]


# Four are judged at once, then one after 1, 3, 7 and 15 seconds; the ninth would wait for 31.
JUDGED_IN_THE_FIRST_HALF_MINUTE = 8


@both
async def test_hanging_up_without_waiting_for_the_answer_is_judged_no_sooner(
    tmp_path, autojump_clock, way
):
    server = guessed_at(tmp_path)
    async with trio.open_nursery() as tasks:
        for _ in range(20):
            client = await come(tasks, server, way)
            with trio.move_on_after(0.01):  # as soon as a right password would have been told
                await client.say(plain("guess"))
            await client.stream.aclose()
    assert server.guesses.record("192.0.2.1").failures == JUDGED_IN_THE_FIRST_HALF_MINUTE


@both
async def test_guessing_over_many_connections_at_once_is_judged_no_sooner(
    tmp_path, autojump_clock, way
):
    server, answers = guessed_at(tmp_path), []

    async def guess():
        async with way(server) as client:
            answers.append(await client.say(plain("guess")))

    async with trio.open_nursery() as crowd:
        for _ in range(40):
            crowd.start_soon(guess)
    wrong = [one.startswith(answer_to(way, "wrong")) for one in answers]
    later = [one.startswith(answer_to(way, "later")) for one in answers]
    assert (sum(wrong), sum(later)) == (8, 32)
    assert server.guesses.record("192.0.2.1").failures == JUDGED_IN_THE_FIRST_HALF_MINUTE


@both
async def test_a_right_password_waits_for_no_failure_that_is_over(tmp_path, autojump_clock, way):
    server = guessed_at(tmp_path)
    for _ in range(6):
        async with way(server) as client:
            await client.say(plain("guess"))
    for _ in range(3):
        async with way(server) as client:
            answer, seconds = await timed(client, plain("secret"))
            assert (answer.startswith(answer_to(way, "right")), seconds) == (True, 0)


@both
async def test_other_addresses_wait_for_nothing(tmp_path, autojump_clock, way):
    server = guessed_at(tmp_path)
    async with way(server) as guesser, way(server, "192.0.2.2") as owner:
        for _ in range(4):
            await guesser.say(plain("guess"))
        await guesser.stream.send_all(plain("guess"))
        await trio.testing.wait_all_tasks_blocked()
        answer, seconds = await timed(owner, plain("secret"))
        assert (answer.startswith(answer_to(way, "right")), seconds) == (True, 0)


@both
async def test_many_who_know_their_password_do_not_wait_for_one_another(
    tmp_path, autojump_clock, way
):
    server = guessed_at(tmp_path, users={f"u{n}": "secret" for n in range(20)})
    for _ in range(6):
        async with way(server) as client:
            await client.say(plain("guess"))
    began = trio.current_time()

    async def log_in(user):
        async with way(server) as client:
            line = base64.b64encode(f"\0{user}\0secret".encode())
            answer = await client.say(b"AUTH PLAIN " + line + b"\r\n")
            assert answer.startswith(answer_to(way, "right"))

    async with trio.open_nursery() as crowd:
        for number in range(20):
            crowd.start_soon(log_in, f"u{number}")
    assert trio.current_time() - began < 1


@both
async def test_who_would_wait_too_long_for_others_is_told_so_and_stays(
    tmp_path, autojump_clock, way
):
    server = guessed_at(tmp_path)
    for _ in range(9):
        server.guesses.guesser("192.0.2.1").failed()
    server.guesses.record("192.0.2.1").until += 1  # somebody else has been before us
    async with way(server) as client:
        answer, seconds = await timed(client, plain("secret"))
        assert (answer.startswith(answer_to(way, "later")), seconds) == (True, 0)
        answer, seconds = await timed(client, plain("guess"))  # it's not told either
        assert (answer.startswith(answer_to(way, "later")), seconds) == (True, 0)
        await trio.sleep(1)
        answer, seconds = await timed(client, plain("secret"))
        assert (answer.startswith(answer_to(way, "right")), seconds) == (True, 30)


async def test_a_proof_is_no_way_around_the_wait_either(tmp_path, autojump_clock):
    server, waits = guessed_at(tmp_path), []
    for password in ["guess"] * 5 + ["secret"]:
        async with by_smtp(server) as client:
            began = trio.current_time()
            with trio.move_on_after(0.1):
                await prove(client, password)
            waits.append(round(trio.current_time() - began))
    async with by_smtp(server) as client:
        began = trio.current_time()
        assert (await prove(client, "secret")).startswith(b"235")
        assert round(trio.current_time() - began) <= 2
    assert waits == [0] * 6


async def prove(client, password):
    """SCRAM-SHA-256 to its end; the last reply."""
    steps = scram_client(Login("alice", password), ClientSide(), binds=False)
    said = b"AUTH SCRAM-SHA-256 " + base64.b64encode(next(steps)) + b"\r\n"
    while (reply := await client.say(said)).startswith(b"334"):
        answer = steps.send(base64.b64decode(reply[4:]))
        said = (base64.b64encode(answer) if isinstance(answer, bytes) else b"") + b"\r\n"
    return reply


async def test_who_gives_up_holds_nobody_up(tmp_path, autojump_clock):
    server = guessed_at(tmp_path)
    for _ in range(9):
        server.guesses.guesser("192.0.2.1").failed()
    await trio.sleep(60)
    login = b"AUTH LOGIN YWxpY2U=\r\n"
    async with by_smtp(server) as one, by_smtp(server) as other:
        assert (await one.say(login)).startswith(b"334")
        assert (await one.say(b"*\r\n")).startswith(b"501")
        assert await timed(other, login) == (b"334 UGFzc3dvcmQ6", 0)
        await other.stream.aclose()
        answer, seconds = await timed(one, plain("secret"))
        assert (answer[:3], seconds) == (b"235", 0)


async def test_a_server_may_be_there_to_be_guessed_at(tmp_path, autojump_clock):
    server = guessed_at(tmp_path, patience=Patience(guess=0))
    began = trio.current_time()
    for _ in range(20):
        async with by_smtp(server) as client:
            await client.say(plain("guess"))
    assert trio.current_time() == pytest.approx(began, abs=0.1)
