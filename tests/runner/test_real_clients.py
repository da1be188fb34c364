"""Real clients are held against a dialogue: Python's own, and our sending flow."""

from __future__ import annotations

import smtplib

import pytest
import trio
import trio.testing

from harness.client import drive
from harness.protocol.sender import Envelope, open_session, quit_, send_message
from harness.runner.clients import play_client_case
from harness.runner.endings import Played
from harness.transcripts.loader import load_suite, shipped_suites
from harness.transcripts.model import Case
from harness.transcripts.turning import turned
from harness.wire import Log, Wire
from tests.wire.peers import listening


def client_case(author, dialogue: str, more: str = "") -> Case:
    return author.case(dialogue, f"role: client\n{more}", start="")


KETCHUP = b"Do you like ketchup?\r\nHow about pickles?\r\n"


def textbook() -> Case:
    """The textbook's dialogue with its roles turned."""
    suite = load_suite(shipped_suites() / "textbook" / "dialogue.smtp.yaml")
    return turned(next(case for case in suite.cases if case.id == "alice-to-bob"))


async def served(case: Case, talk, *, as_written: bool = False) -> Played:
    """What comes of a case with a client that runs in a thread of its own."""
    results: list[Played] = []

    async def serve(stream: trio.SocketStream) -> None:
        results.append(await play_client_case(case, stream, as_written=as_written))

    async with listening(serve) as address:
        await trio.to_thread.run_sync(talk, address.host, address.port)
        with trio.fail_after(5):
            while not results:
                await trio.lowlevel.checkpoint()
    return results[0]


@pytest.mark.slow
async def test_python_s_own_client_speaks_as_the_textbook_says():
    def talk(host: str, port: int) -> None:
        with smtplib.SMTP(host, port, local_hostname="crepes.fr", timeout=5) as client:
            client.helo()
            client.mail("alice@crepes.fr")
            client.rcpt("bob@hamburger.edu")
            client.data(KETCHUP)

    result = await served(textbook(), talk, as_written=True)

    assert result.is_met, result.surprise
    assert result.ports
    lines = [exchange.octets for exchange in result.exchanges if exchange.who == "S"]
    assert lines[1] == b"250 Hello crepes.fr, pleased to meet you\r\n"


@pytest.mark.slow
async def test_python_s_own_client_prefers_ehlo_and_the_textbook_knows_helo_alone():
    def talk(host: str, port: int) -> None:
        with (
            pytest.raises(smtplib.SMTPException),
            smtplib.SMTP(host, port, local_hostname="crepes.fr", timeout=5) as client,
        ):
            client.sendmail("alice@crepes.fr", ["bob@hamburger.edu"], KETCHUP)

    result = await served(textbook(), talk)

    assert result.surprise
    assert result.surprise.wanted.startswith("HELO ")
    assert result.surprise.met == "ehlo crepes.fr"


async def test_our_own_sending_flow_speaks_as_the_textbook_says_if_pipelined_or_not(
    autojump_clock, author
):
    dialogue = """
    S: 220 {server} ESMTP
    C: EHLO {name}
    S: 250-{server}
    S: 250 PIPELINING
    C: MAIL FROM:<{sender}>
      params
    S: 250 ok
    C: RCPT TO:<{recipient}>
    S: 250 ok
    C: DATA
    S: 354 go on
    C: {text...}
    S: 250 taken
    C: QUIT
    S: 221 bye
    """
    case = client_case(author, dialogue)
    for pipeline in (True, False):
        ours, theirs = trio.testing.memory_stream_pair()
        wire = Wire(theirs, Log())
        results: list[Played] = []

        async def serve(stream=ours, results=results) -> None:
            results.append(await play_client_case(case, stream))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            await _send(wire, pipeline)

        assert results[0].is_met, results[0].surprise


async def _send(wire: Wire, pipeline: bool) -> None:
    async def no_tls() -> None:
        raise AssertionError("nobody asked for it")

    async def run(flow):
        return await drive(flow, wire, patience=5, secure=no_tls)

    capabilities = await run(open_session("client.test"))
    envelope = Envelope("a@client.test", ("b@server.test",))
    await run(send_message(envelope, KETCHUP, capabilities, pipeline=pipeline))
    await run(quit_())
    await wire.aclose()
