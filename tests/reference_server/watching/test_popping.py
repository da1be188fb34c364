"""POP3 sessions in the metrics: who came, what was said, how log-ins ended, how much was told."""

import pytest
import trio
import trio.testing

from harness.protocol.receiver import Limits
from reference_server.doors.door import Door, Kind
from reference_server.doors.limits import Allowance
from reference_server.pop3.session import serve_pop3
from tests.reference_server.pop3.test_session import ALICES, Client, connected, deliver, pop_server
from tests.reference_server.watching.test_metrics import counting_server, scraped


def counted(server):
    return scraped(server.metrics.samples())


async def test_what_a_session_does_is_counted(tmp_path):
    server = counting_server(tmp_path, auth_in_clear=True)
    deliver(tmp_path, "alice", ALICES)
    deliver(tmp_path, "alice", ALICES, "1700000001.2.test")
    async with connected(server) as client:
        assert counted(server)["connections_open", ("pop3",)] == 1
        await client.log_in(password=b"wrong")
        await client.log_in()
        await client.ask(b"RETR 1")
        await client.ask(b"TOP 2 0")
        await client.say(b"RETR 9")
        await client.say(b"XYZ")
        await client.say(b"DELE 1")
        await client.say(b"QUIT")
    found = counted(server)
    assert found["connections_total", ("pop3",)] == 1
    assert found["connections_open", ("pop3",)] == 0
    assert found["pop3_log_ins_total", ("failed",)] == 1
    assert found["pop3_log_ins_total", ("succeeded",)] == 1
    assert found["pop3_retrievals_total", ()] == 2
    assert found["pop3_deletions_total", ()] == 1
    verbs = {labels[0]: n for (name, labels), n in found.items() if name == "pop3_commands_total"}
    assert verbs == {
        "USER": 2, "PASS": 2, "RETR": 2, "TOP": 1, "none": 1, "DELE": 1, "QUIT": 1,
    }  # fmt: skip


async def test_octets_are_counted_as_they_go_and_come(tmp_path):
    server = counting_server(tmp_path)
    async with connected(server) as client:
        before = counted(server)["pop3_sent_octets_total", ()]
        answer = await client.say(b"NOOP")
        found = counted(server)
        assert found["pop3_received_octets_total", ()] == len("NOOP\r\n")
        assert found["pop3_sent_octets_total", ()] - before == len(answer) + 2


async def test_a_log_in_that_is_put_off_is_no_failure(tmp_path, autojump_clock):
    server = counting_server(tmp_path, auth_in_clear=True)
    for _ in range(9):
        server.guesses.guesser("192.0.2.1").failed()
    server.guesses.record("192.0.2.1").until += 1
    async with connected(server) as client:
        assert (await client.log_in()).startswith(b"-ERR [SYS/TEMP]")
    assert counted(server)["pop3_log_ins_total", ("put off",)] == 1


@pytest.mark.parametrize("kind", [Kind.POP3, Kind.POP3S])
async def test_who_is_one_too_many_or_shakes_no_hands_has_been_here_too(tmp_path, kind):
    server = counting_server(
        tmp_path, tls_self_signed=True, allowance=Allowance(connections=0), limits=Limits()
    )
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as tasks:
        tasks.start_soon(serve_pop3, server, theirs, "192.0.2.1", Door(kind))
        await ours.send_all(b"QUIT\r\n")
        while await ours.receive_some():
            pass
    found = counted(server)
    assert found["connections_total", (kind,)] == 1
    assert found["connections_open", (kind,)] == 0


async def test_where_nobody_counts_nothing_is_counted(tmp_path):
    server = pop_server(tmp_path)
    assert server.metrics is None
    async with connected(server) as client:
        assert isinstance(client, Client)
        assert (await client.log_in()).startswith(b"+OK")
