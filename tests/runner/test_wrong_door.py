"""Doors that begin with TLS, and what is said of a target that speaks the other way."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import trio

from harness.certificates import self_signed, server_context
from harness.errors import TargetUnreachable
from harness.runner.plan import make_plan
from harness.runner.run import run_suites
from harness.runner.settings import Settings
from harness.target import Address, Scheme, Target, Timeouts, TlsPolicy
from tests.runner.reference import reference
from tests.runner.stages import Peer, staged
from tests.wire.peers import listening


async def test_a_case_about_tls_runs_on_a_listener_that_begins_with_it(author, tmp_path):
    certificate = self_signed(["localhost"], tmp_path)

    async def serve(stream):
        secured = trio.SSLStream(
            stream, server_context(*certificate), server_side=True, https_compatible=True
        )
        await Peer().serve(secured)

    async with listening(serve) as address:
        target = Target(
            address=replace(address, scheme=Scheme.SMTPS),
            tls=TlsPolicy(ca=certificate[0], server_name="localhost"),
        )
        plan = make_plan([author.suite(*SMTPS)], target, Settings())
        result = await run_suites(plan, Settings(), hears_signals=False)

    assert [outcome.verdict.value for outcome in result.outcomes] == ["met", "met", "skip"]


SMTPS = [
    f"id: {id}\ntitle: x\nchecks: []\nstart: {start}\ndialogue: |\n  {dialogue}"
    for id, start, dialogue in [
        ("hello", "hello", "C: NOOP\n  S: 250"),
        ("tls", "tls", "C: NOOP\n  S: 250"),
        ("starttls", "hello", "* starttls"),
    ]
]
# --- TLS spoken to a plain port, and the other way round ---------------------------------------


async def judged(author, target: Target):
    plan = make_plan([author.suite(*SMTPS[:1])], target, Settings())
    return await run_suites(plan, Settings(), hears_signals=False)


async def test_tls_spoken_to_a_plain_port_is_named(author, tmp_path):
    async with reference(tmp_path) as target:
        target = replace(target, address=replace(target.address, scheme=Scheme.SMTPS))
        with pytest.raises(TargetUnreachable) as refusal:
            await judged(author, target)

    assert "answered in plain text: 220 example.test" in str(refusal.value)
    assert str(refusal.value).endswith("use smtp://")


@asynccontextmanager
async def tls_port(directory):
    """One that shakes hands with one client at a time, as simple servers do."""
    certificate = self_signed(["localhost"], directory)
    one_at_a_time = trio.Lock()

    async def serve(stream):
        secured = trio.SSLStream(stream, server_context(*certificate), server_side=True)
        try:
            async with one_at_a_time:
                await secured.do_handshake()
            await trio.sleep_forever()
        except trio.BrokenResourceError:
            pass

    async with listening(serve) as address:
        yield address


IMPATIENT = Timeouts(greeting=0.1, reply=0.1, delivery=0.1)


@pytest.mark.slow
async def test_plain_text_spoken_to_a_tls_port_is_named(author, tmp_path):
    async with tls_port(tmp_path) as address:
        target = Target(address=address, timeouts=replace(IMPATIENT, reply=2.0))
        with pytest.raises(TargetUnreachable) as refusal:
            await judged(author, target)

    assert str(refusal.value) == (
        f"{address.endpoint} speaks TLS from the first octet: use smtps://{address.endpoint}"
    )


async def test_a_tls_port_whose_certificate_we_do_not_trust_is_no_target(author, tmp_path):
    async with tls_port(tmp_path) as address:
        target = Target(address=replace(address, scheme=Scheme.SMTPS))
        with pytest.raises(TargetUnreachable, match="not trusted"):
            await judged(author, target)


@pytest.mark.slow
async def test_a_mute_port_is_named(author):
    async def serve(stream):
        await trio.sleep_forever()

    async with listening(serve) as address:
        with pytest.raises(TargetUnreachable, match="accepts connections, but says nothing"):
            await judged(author, Target(address=address, timeouts=IMPATIENT))
        smtps = Target(address=replace(address, scheme=Scheme.SMTPS), timeouts=IMPATIENT)
        with pytest.raises(TargetUnreachable, match="no TLS handshake: nothing for"):
            await judged(author, smtps)


async def test_a_slow_port_that_hangs_up_on_tls_is_mute(author):
    async def serve(stream):
        await stream.receive_some()

    async with listening(serve) as address:
        with pytest.raises(TargetUnreachable, match="says nothing"):
            await judged(author, Target(address=address, timeouts=IMPATIENT))


async def test_a_slow_port_that_talks_back_to_tls_is_mute(author):
    async def serve(stream):
        await stream.receive_some()
        await stream.send_all(b"220 at last\r\n")

    async with listening(serve) as address:
        with pytest.raises(TargetUnreachable, match="says nothing"):
            await judged(author, Target(address=address, timeouts=IMPATIENT))


async def test_nobody_at_the_address_is_named(author):
    with pytest.raises(TargetUnreachable, match="nobody listens there"):
        await judged(author, Target(address=Address("127.0.0.1", 1)))


@pytest.mark.parametrize("answer", [b"454 not now\r\n", b"220 go\r\n"])
async def test_a_target_whose_tls_does_not_work_offers_what_it_offers_without(
    autojump_clock, author, answer
):
    peer = Peer(EHLO=b"250-peer.test\r\n250 STARTTLS\r\n", STARTTLS=[answer] * 2)
    async with staged(peer) as stage:
        stage.offers.clear()
        plan = make_plan([author.suite(*SMTPS[:1])], stage.target, Settings())
        result = await run_suites(plan, Settings(), hears_signals=False, stage=stage)

    assert result.outcomes[0].verdict.value == "met"
