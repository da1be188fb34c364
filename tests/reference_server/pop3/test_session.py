"""POP3 over memory streams, and over real sockets where TLS or poplib wants them."""

from __future__ import annotations

import poplib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import trio
import trio.testing

from reference_server.doors.door import Door, Kind
from reference_server.doors.limits import Allowance
from reference_server.pop3.session import serve_pop3
from reference_server.running import run
from reference_server.server import Server
from reference_server.users.guesses import Guesses
from tests.reference_server.connecting import server_in

USERS = {"alice": "secret", "bob": "builder", "carol": None}
ALICES = b"Subject: for alice\r\n\r\n.dot\r\n"


def deliver(spool: Path, user: str, octets: bytes, name: str = "1700000000.1.test") -> None:
    (spool / "mail" / user / "new" / name).write_bytes(octets)


def pop_server(spool: Path, **changed) -> Server:
    return server_in(spool, **{"users": USERS, "auth_in_clear": True, **changed})


class Client:
    """Says lines, reads lines."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self._buffer = b""

    async def line(self) -> bytes:
        """The next line; empty once the server has hung up."""
        while b"\r\n" not in self._buffer:
            octets = await self.stream.receive_some(65_536)
            if not octets:
                return b""
            self._buffer += bytes(octets)
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    async def say(self, line: bytes) -> bytes:
        await self.stream.send_all(line + b"\r\n")
        return await self.line()

    async def ask(self, line: bytes) -> list[bytes]:
        """A multi-line response, without its dot."""
        assert (await self.say(line)).startswith(b"+OK")
        lines = []
        while (more := await self.line()) != b".":
            lines.append(more)
        return lines

    async def log_in(self, user: bytes = b"alice", password: bytes = b"secret") -> bytes:
        await self.say(b"USER " + user)
        return await self.say(b"PASS " + password)


@asynccontextmanager
async def connected(server: Server, peer: str = "192.0.2.1") -> AsyncIterator[Client]:
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve_pop3, server, theirs, peer)
        client = Client(ours)
        assert (await client.line()).startswith(b"+OK example.test POP3 server ready")
        yield client
        await ours.aclose()


# --- the mailbox ---------------------------------------------------------------------------------


async def test_a_user_reads_and_deletes_mail(tmp_path):
    server = pop_server(tmp_path)
    deliver(tmp_path, "alice", ALICES)
    async with connected(server) as client:
        assert await client.log_in() == b"+OK 1 messages (28 octets)"
        assert await client.ask(b"UIDL") == [b"1 1700000000.1.test"]
        assert await client.ask(b"RETR 1") == [b"Subject: for alice", b"", b"..dot"]
        assert await client.ask(b"TOP 1 0") == [b"Subject: for alice", b""]
        assert (await client.say(b"DELE 1")).startswith(b"+OK")
        assert list((tmp_path / "mail" / "alice" / "new").iterdir()) != []  # not before QUIT
        assert await client.say(b"QUIT") == b"+OK bye, 0 messages left"
        assert await client.line() == b""
    assert list((tmp_path / "mail" / "alice" / "new").iterdir()) == []
    assert server.open_connections == 0


async def test_mail_of_one_user_is_never_seen_by_another(tmp_path):
    server = pop_server(tmp_path)
    server.guesses = Guesses(first=0)
    deliver(tmp_path, "alice", ALICES)
    deliver(tmp_path, "postmaster", ALICES)
    async with connected(server) as client:
        assert await client.log_in(b"bob", b"builder") == b"+OK 0 messages (0 octets)"
        assert await client.ask(b"LIST") == []
        assert (await client.say(b"RETR 1")).startswith(b"-ERR")
        assert (await client.say(b"USER alice")).startswith(b"-ERR")  # nor by changing one's mind
        assert (await client.say(b"PASS secret")).startswith(b"-ERR")
    for user, password in ((b"alice", b"builder"), (b"carol", b""), (b"../mail/alice", b"secret")):
        async with connected(server) as client:
            assert (await client.log_in(user, password)).startswith(b"-ERR")


async def test_a_mailbox_is_one_visitors_alone(tmp_path):
    server = pop_server(tmp_path)
    async with connected(server) as first:
        await first.log_in()
        async with connected(server) as second:
            assert (await second.log_in()).startswith(b"-ERR [IN-USE]")
            assert (await second.log_in(b"bob", b"builder")).startswith(b"+OK")
        await first.say(b"QUIT")
    async with connected(server) as third:
        assert (await third.log_in()).startswith(b"+OK")
    async with connected(server) as fourth:  # also of one who hung up without a word
        assert (await fourth.log_in()).startswith(b"+OK")


async def test_who_leaves_without_quit_deletes_nothing(tmp_path):
    server = pop_server(tmp_path)
    deliver(tmp_path, "alice", ALICES)
    async with connected(server) as client:
        await client.log_in()
        assert (await client.say(b"DELE 1")).startswith(b"+OK")
    async with connected(server) as client:
        assert await client.log_in() == b"+OK 1 messages (28 octets)"


async def test_what_comes_while_a_session_lasts_is_there_in_the_next(tmp_path):
    server = pop_server(tmp_path)
    async with connected(server) as client:
        await client.log_in()
        deliver(tmp_path, "alice", ALICES)
        assert await client.say(b"STAT") == b"+OK 0 0"
        await client.say(b"QUIT")
    async with connected(server) as client:
        assert await client.log_in() == b"+OK 1 messages (28 octets)"


async def test_a_message_that_has_gone_meanwhile_is_told(tmp_path):
    server = pop_server(tmp_path)
    deliver(tmp_path, "alice", ALICES)
    async with connected(server) as client:
        await client.log_in()
        (tmp_path / "mail" / "alice" / "new" / "1700000000.1.test").unlink()
        assert (await client.say(b"RETR 1")).startswith(b"-ERR [SYS/TEMP]")
        assert await client.say(b"NOOP") == b"+OK nothing done"


async def test_a_server_that_keeps_nothing_has_no_mailboxes(tmp_path):
    async with connected(pop_server(tmp_path, discard=True)) as client:
        assert (await client.log_in()).startswith(b"-ERR [SYS/TEMP]")


async def test_a_mailbox_that_is_none_is_told(tmp_path):
    server = pop_server(tmp_path)
    new = tmp_path / "mail" / "alice" / "new"
    new.rmdir()
    new.write_bytes(b"")
    async with connected(server) as client:
        assert (await client.log_in()).startswith(b"-ERR [SYS/TEMP]")


# --- who may come in -----------------------------------------------------------------------------


async def test_nobody_logs_in_in_the_clear_unless_that_is_allowed(tmp_path):
    async with connected(pop_server(tmp_path, auth_in_clear=False)) as client:
        assert (await client.say(b"USER alice")).startswith(
            b"-ERR nobody logs in here in the clear"
        )


async def test_failures_wait_longer_each_time_and_the_fifth_is_the_last(tmp_path, autojump_clock):
    server, waits = pop_server(tmp_path), []
    async with connected(server) as client:
        for _ in range(5):
            began = trio.current_time()
            assert (await client.log_in(password=b"guess")).startswith(b"-ERR [AUTH]")
            waits.append(round(trio.current_time() - began))
        assert await client.line() == b""
    assert waits == [0, 0, 0, 1, 2]
    async with connected(server) as client:  # coming back is no way around it
        began = trio.current_time()
        await client.log_in(password=b"guess")
        assert round(trio.current_time() - began) == 4
    async with connected(server, peer="192.0.2.9") as client:
        began = trio.current_time()
        await client.log_in(password=b"guess")
        assert round(trio.current_time() - began) == 0


@pytest.mark.slow
async def test_who_waits_for_a_failure_holds_up_nobody(tmp_path):
    server = pop_server(tmp_path)
    async with connected(server) as guesser, connected(server) as owner:
        await guesser.say(b"USER alice")
        await guesser.stream.send_all(b"PASS guess\r\n")
        await trio.testing.wait_all_tasks_blocked()
        assert (await owner.log_in()).startswith(b"+OK")


async def test_a_password_that_takes_time_is_checked_in_a_thread(tmp_path):
    from tests.reference_server.doors.test_listener import SlowAccounts

    server = pop_server(tmp_path)
    accounts = SlowAccounts()
    server.house = replace(server.house, accounts=accounts)
    async with connected(server) as slow, connected(server) as other:
        await slow.say(b"USER alice")
        await slow.stream.send_all(b"PASS secret\r\n")
        await trio.to_thread.run_sync(accounts.begun.wait)
        assert (await other.say(b"CAPA")).startswith(b"+OK")
        accounts.may_end.set()
        assert (await slow.line()).startswith(b"+OK")


async def test_whoever_is_silent_for_ten_minutes_is_hung_up_on_without_a_word(
    tmp_path, autojump_clock
):
    server = pop_server(tmp_path)
    async with connected(server) as client:
        await trio.sleep(500)
        await client.say(b"CAPA")
        while await client.line() != b".":
            pass
        began = trio.current_time()
        await client.stream.send_all(b"CA")  # half a command is none
        assert await client.line() == b""
        assert 600 <= trio.current_time() - began <= 602
    assert server.open_connections == 0


async def test_one_too_many_is_told(tmp_path):
    server = pop_server(tmp_path, allowance=Allowance(connections=1))
    async with connected(server):
        ours, theirs = trio.testing.memory_stream_pair()
        await serve_pop3(server, theirs, "192.0.2.2")
        assert await Client(ours).line() == b"-ERR [SYS/TEMP] too many connections"
    assert server.open_connections == 0


async def test_a_session_ends_when_it_has_had_its_time(tmp_path, autojump_clock):
    server = pop_server(tmp_path, allowance=Allowance(seconds=30))
    async with connected(server) as client:
        assert await client.line() == b""
        assert trio.current_time() == pytest.approx(30)


async def test_a_client_that_vanishes_disturbs_nobody(tmp_path):
    server = pop_server(tmp_path)
    deliver(tmp_path, "alice", ALICES * 10_000)
    async with connected(server) as client:
        await client.log_in()
        await client.stream.send_all(b"RETR 1\r\n" * 3)
    assert server.open_connections == 0


async def test_a_server_that_stops_lets_a_message_be_told_to_its_end(tmp_path):
    server = pop_server(tmp_path)
    deliver(tmp_path, "alice", ALICES)
    async with connected(server) as idle, connected(server) as reader:
        await reader.log_in()
        await trio.testing.wait_all_tasks_blocked()
        server.is_stopping = True
        assert (await reader.ask(b"RETR 1"))[0] == b"Subject: for alice"
        assert await reader.line() == b""
        for guest in list(server.attendance.guests):
            guest.ask_to_leave()
        assert await idle.line() == b""
    assert server.open_connections == 0


async def test_what_happens_is_logged_without_secrets(tmp_path, autojump_clock):
    server = pop_server(tmp_path)
    told = []
    server.log = type(
        "Log", (), {"tell": lambda self, *event, **facts: told.append((event, facts))}
    )()
    async with connected(server) as client:
        await client.log_in(password=b"s3cret")
    assert [event[0] for event, _ in told] == ["pop3-login-failed"]
    assert "s3cret" not in repr(told)


# --- over sockets --------------------------------------------------------------------------------


@asynccontextmanager
async def running(server: Server, kind: Kind) -> AsyncIterator[Door]:
    async with trio.open_nursery() as tasks:
        (door,) = await tasks.start(run, server, [Door(kind)])
        yield door
        tasks.cancel_scope.cancel()


def trusting(spool: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(spool / "cert.pem"))


def read_all(mailbox: poplib.POP3) -> tuple[list[bytes], list[str]]:
    mailbox.user("alice")
    mailbox.pass_("secret")
    octets = [b"\r\n".join(mailbox.retr(number)[1]) for number in range(1, mailbox.stat()[0] + 1)]
    uids = [line.split()[1].decode() for line in mailbox.uidl()[1]]
    mailbox.dele(1)
    mailbox.quit()
    return octets, uids


def by_stls(port: int, context: ssl.SSLContext) -> poplib.POP3:
    mailbox = poplib.POP3("localhost", port, timeout=10)
    assert "STLS" in mailbox.capa()
    mailbox.stls(context)
    assert "STLS" not in mailbox.capa()
    return mailbox


def by_tls(port: int, context: ssl.SSLContext) -> poplib.POP3:
    return poplib.POP3_SSL("localhost", port, context=context, timeout=10)


@pytest.mark.parametrize(("kind", "connect"), [(Kind.POP3, by_stls), (Kind.POP3S, by_tls)])
async def test_poplib_reads_mail_inside_tls(tmp_path, kind, connect):
    server = pop_server(tmp_path, auth_in_clear=False, tls_self_signed=True)
    deliver(tmp_path, "alice", ALICES, "1")
    deliver(tmp_path, "alice", b"Subject: two\r\n\r\n", "2")
    async with running(server, kind) as door:
        mailbox = await trio.to_thread.run_sync(partial(connect, door.port, trusting(tmp_path)))
        octets, uids = await trio.to_thread.run_sync(read_all, mailbox)

    assert octets == [ALICES[:-2], b"Subject: two\r\n"]
    assert uids == ["1", "2"]
    assert [path.name for path in (tmp_path / "mail" / "alice" / "new").iterdir()] == ["2"]


async def test_noise_instead_of_a_handshake_ends_the_connection(tmp_path):
    server = pop_server(tmp_path, tls_self_signed=True)
    async with connected(server) as client:
        assert (await client.say(b"STLS")).startswith(b"+OK")
        await client.stream.send_all(b"NOOP\r\n" * 10)
        while await client.stream.receive_some(1_000):
            pass
    assert server.open_connections == 0
