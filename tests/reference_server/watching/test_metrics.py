import base64
import math
from typing import get_args

import pytest
import trio.testing
from prometheus_client.parser import text_string_to_metric_families

from harness.protocol.receiver import Limits
from harness.protocol.receiver.events import Event, Hello, Message, Objected, Plain, Unfit, Verify
from reference_server.doors.door import Door, Endpoint, Kind
from reference_server.doors.listener import serve
from reference_server.http import Request
from reference_server.relay.standing import Standing
from reference_server.running import run
from reference_server.watching import metrics as m
from reference_server.watching.counting import VERBS, queue_sources
from reference_server.watching.metrics import Metrics, exposition, respond
from tests.reference_server.connecting import connected, server_in


def scraped(samples) -> dict[tuple[str, tuple[str, ...]], float]:
    """What Prometheus makes of it: numbers by name (without our prefix) and label values."""
    text = exposition({"": samples}).decode()
    return {
        (sample.name.removeprefix("smtp_harness_"), tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_prometheus_reads_every_family_with_its_kind_and_help():
    families = {
        family.name: family for family in text_string_to_metric_families(exposition({}).decode())
    }
    assert len(families) == len(m.FAMILIES)
    for family in m.FAMILIES:
        # What counts is known to the parser by the name before _total.
        read = families[f"smtp_harness_{family.name.removesuffix('_total')}"]
        assert (read.type, read.documentation) == (family.kind, family.about)


def test_numbers_are_told_apart_by_labels_whatever_these_hold():
    metrics = Metrics()
    metrics.count(m.OCTETS, by=10_000_000_000)
    metrics.count(m.COMMANDS, "MAIL")
    metrics.count(m.COMMANDS, "MAIL")
    metrics.count(m.COMMANDS, 'a"b\\c\nd')
    assert scraped(metrics.samples()) == {
        ("message_octets_total", ()): 1e10,
        ("commands_total", ("MAIL",)): 2,
        ("commands_total", ('a"b\\c\nd',)): 1,
    }


def test_a_bucket_holds_all_below_its_bound():
    metrics = Metrics()
    for seconds in (0.0005, 0.0006, 0.2, 99.0):
        metrics.observe(m.STORING, seconds)
    found = scraped(metrics.samples())
    buckets = {
        float(labels[0]): value
        for (name, labels), value in found.items()
        if name == "storing_seconds_bucket"
    }
    assert set(buckets) == {*m.BOUNDS, math.inf}
    assert (buckets[0.0005], buckets[0.001], buckets[0.25], buckets[math.inf]) == (1, 2, 3, 4)
    assert list(buckets.values()) == sorted(buckets.values())
    assert found["storing_seconds_count", ()] == 4
    assert found["storing_seconds_sum", ()] == pytest.approx(99.2011)


def test_the_numbers_of_several_workers_are_told_apart():
    one, other = Metrics(), Metrics()
    one.count(m.COMMANDS, "MAIL")
    other.count(m.COMMANDS, "MAIL", by=2)
    other.observe(m.STORING, 0.3)
    text = exposition({"0": one.samples(), "1": other.samples()}).decode()
    found = [one for family in text_string_to_metric_families(text) for one in family.samples]
    mails = [(one.labels["worker"], one.value) for one in found if "verb" in one.labels]
    assert mails == [("0", 1), ("1", 2)]
    assert {one.labels["worker"] for one in found if "storing" in one.name} == {"1"}


def test_who_knows_a_number_is_asked_each_time():
    counts: dict[str, int] = {}
    metrics = Metrics()
    sources = queue_sources(
        lambda: Standing(messages=2, recipients=3, oldest=90.0, destinations=(), counts=counts),
        lambda: 100.0,
    )
    for family, source in sources.items():
        metrics.ask(family, source)
    assert scraped(metrics.samples()) == {
        ("queue_messages", ()): 2,
        ("queue_recipients", ()): 3,
        ("queue_oldest_seconds", ()): 10,
    }
    counts["passed on"] = 5
    assert scraped(metrics.samples())["relay_outcomes_total", ("passed on",)] == 5


def test_an_empty_queue_is_not_old():
    (oldest,) = queue_sources(
        lambda: Standing(messages=0, recipients=0, oldest=None, destinations=(), counts={}),
        lambda: 100.0,
    )[m.OLDEST]().values()
    assert oldest == 0


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/metrics", 200), ("HEAD", "/metrics", 200), ("GET", "/", 404),
     ("POST", "/metrics", 405)],
)  # fmt: skip
def test_there_is_one_thing_to_ask_for(method, path, status):
    answer = respond(Request(method=method, path=path), {"": Metrics().samples()})
    assert answer.status == status
    if status == 200:
        assert answer.content_type.startswith("text/plain; version=0.0.4")


# --- sessions ------------------------------------------------------------------------------------


def counting_server(spool, **changed):
    return server_in(spool, metrics=Endpoint("127.0.0.1", 0), **changed)


async def test_what_sessions_do_is_counted(tmp_path):
    server = counting_server(tmp_path, auth_in_clear=True, limits=Limits(message=100))
    async with connected(server) as client:
        assert scraped(server.metrics.samples())["connections_open", ("smtp",)] == 1
        assert (await client.send("alice@example.test", b"Hi: x\r\n\r\n")).startswith(b"250")
        assert (await client.send("alice@example.test", b"x" * 200 + b"\r\n")).startswith(b"552")
        for password in (b"wrong", b"secret"):
            token = base64.b64encode(b"\0alice\0" + password)
            await client.say(b"AUTH PLAIN " + token + b"\r\n")
        await client.say(b"XYZ\r\n")
        await client.say(b"QUIT\r\n")
    found = scraped(server.metrics.samples())
    assert found["connections_total", ("smtp",)] == 1
    assert found["connections_open", ("smtp",)] == 0
    assert found["messages_total", ("250",)] == 1
    assert found["messages_total", ("552",)] == 1
    assert found["message_octets_total", ()] == len("Hi: x\r\n\r\n")
    assert found["storing_seconds_count", ()] == 1
    assert found["log_ins_total", ("PLAIN", "failed")] == 1
    assert found["log_ins_total", ("PLAIN", "succeeded")] == 1
    commands = {labels[0]: n for (name, labels), n in found.items() if name == "commands_total"}
    assert commands == {
        "EHLO": 2, "MAIL": 2, "RCPT": 2, "DATA": 2, "AUTH": 2, "none": 1, "QUIT": 1,
    }  # fmt: skip
    replies = {labels[0]: n for (name, labels), n in found.items() if name == "replies_total"}
    assert replies == {
        "220": 1, "250": 7, "354": 2, "552": 1, "535": 1, "235": 1, "500": 1, "221": 1,
    }  # fmt: skip


async def test_handshakes_are_counted_by_version(tmp_path):
    server = counting_server(tmp_path, tls_self_signed=True)
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as tasks:
        tasks.start_soon(serve, server, theirs, "127.0.0.1", Door(Kind.SMTPS))
        await ours.send_all(b"EHLO c.test\r\n")
        while await ours.receive_some():
            pass
    assert scraped(server.metrics.samples())["tls_handshakes_total", ("failed",)] == 1


async def test_they_are_told_over_http(tmp_path, capsys):
    server = counting_server(tmp_path)
    async with trio.open_nursery() as tasks:

        async def serve_here(task_status) -> None:
            await run(server, [Door()], metrics=server_metrics, task_status=task_status)

        server_metrics = Endpoint("127.0.0.1", 0)
        await tasks.start(serve_here)
        said = capsys.readouterr().out.splitlines()
        assert said[0].startswith("listening on 127.0.0.1:")
        url = said[1].removeprefix("metrics on http://127.0.0.1:")
        port, _, path = url.partition("/")
        stream = await trio.open_tcp_stream("127.0.0.1", int(port))
        await stream.send_all(f"GET /{path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        answer = bytes(await stream.receive_some(65_536))
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"# TYPE smtp_harness_commands_total counter\n" in answer
        await stream.aclose()
        tasks.cancel_scope.cancel()


def test_every_event_has_a_verb_or_ends_a_text():
    assert set(get_args(Event)) == {Hello, Message, Objected, Plain, Unfit, Verify, *VERBS}
