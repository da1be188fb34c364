"""TLS with next hops: opportunistic, required, and asked for by the message (RFC 8689)."""

import ssl

import pytest
import trio
import trustme

from harness.errors import UsageError
from harness.target import read_address
from reference_server.relay import Caps, Route, Settings, Tls
from reference_server.relay.exchangers import Found
from reference_server.relay.sessions.session import Caller
from tests.reference_server.relay.hosts import Host
from tests.reference_server.relay.test_exchangers import Table
from tests.reference_server.relay.world import CONTENT, HOUR, running, world

KEYWORDS = ("STARTTLS", "REQUIRETLS", "DSN")
CA = trustme.CA()


def context(name: str) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CA.issue_cert(name).configure_cert(made)
    return made


RIGHT, OTHER = context("mx.b.test"), context("somebody.else.test")


@pytest.fixture
def ca(tmp_path):
    path = tmp_path / "ca.pem"
    CA.cert_pem.write_to_path(str(path))
    return path


async def send(
    ca, host, tls, *, until=60.0, content=CONTENT, to="mx.b.test:25", sender="alice@us.test", **more
):
    route = Route(domains=("b.test",), hosts=(read_address(to),), tls=tls)
    async with world(
        {}, {"mx.b.test:25": host}, more_routes=[route], settings={"ca": ca}, caps=Caps(linger=0.0)
    ) as w:
        async with running(w) as relay:
            relay.take(await w.put("bob@b.test", content=content, sender=sender, **more))
            await trio.sleep(until)
        return w


async def test_tls_is_used_where_it_is_offered(ca, autojump_clock):
    host = Host(KEYWORDS, tls=OTHER)
    await send(ca, host, Tls.OPPORTUNISTIC)
    assert host.copies == ["bob@b.test"]
    assert host.commands[:3] == ["EHLO mx.us.test", "STARTTLS", "EHLO mx.us.test"]


async def test_tls_is_not_used_where_it_is_switched_off(ca, autojump_clock):
    host = Host(KEYWORDS, tls=RIGHT)
    await send(ca, host, Tls.OFF)
    assert host.copies == ["bob@b.test"]
    assert "STARTTLS" not in host.commands


CLEAR = {
    "it is not offered": Host(("DSN",)),
    "it is refused for good": Host(KEYWORDS, answers={"STARTTLS": "502 5.5.1 no"}),
    "it is refused": Host(KEYWORDS, answers={"STARTTLS": "454 4.7.0 not now"}),
    "the handshake fails": Host(KEYWORDS, tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)),
}


@pytest.mark.parametrize("host", CLEAR.values(), ids=CLEAR)
async def test_opportunistic_is_rather_in_the_clear_than_not_at_all(host, ca, autojump_clock):
    host.mail.clear()
    w = await send(ca, host, Tls.OPPORTUNISTIC)
    assert host.copies == ["bob@b.test"]
    assert w.submitted == []


@pytest.mark.parametrize("host", CLEAR.values(), ids=CLEAR)
async def test_required_is_rather_not_at_all_than_in_the_clear(host, ca, autojump_clock):
    host.mail.clear()
    host.talks.clear()
    w = await send(ca, host, Tls.REQUIRED)
    assert host.mail == []
    assert not any(command.startswith("MAIL") for command in host.commands)
    assert w.waiting() == ["bob@b.test"]


async def test_required_wants_a_certificate_for_the_name(ca, autojump_clock):
    host = Host(KEYWORDS, tls=OTHER)
    w = await send(ca, host, Tls.REQUIRED)
    assert (host.mail, w.waiting()) == ([], ["bob@b.test"])
    (one,) = w.queue.items["m1"].recipients
    assert one.last.startswith("mx.b.test: 4.7.10 no TLS: the certificate is not trusted")
    host = Host(KEYWORDS, tls=RIGHT)
    await send(ca, host, Tls.REQUIRED)
    assert host.copies == ["bob@b.test"]


async def test_tls_from_the_first_octet(ca, autojump_clock):
    class Smtps(Host):
        async def serve(self, stream):
            stream = trio.SSLStream(stream, RIGHT, server_side=True, https_compatible=True)
            await super().serve(stream)

    for tls in Tls:
        host = Smtps(("DSN",))
        await send(ca, host, tls, to="smtps://mx.b.test:25")
        assert host.copies == ["bob@b.test"]


# --- RFC 8689 ------------------------------------------------------------------------------------


async def test_requiretls_is_honoured(ca, autojump_clock):
    host = Host(KEYWORDS, tls=RIGHT)
    await send(ca, host, Tls.OPPORTUNISTIC, REQUIRETLS=None)
    assert host.mail[0].parameters == "REQUIRETLS"


UNFIT = {
    "TLS is not offered": (Host(("REQUIRETLS",)), "5.7.10"),
    "it is not to be trusted": (Host(KEYWORDS, tls=OTHER), "5.7.10"),
    "REQUIRETLS is not offered": (Host(("STARTTLS",), tls=RIGHT), "5.7.30"),
}


@pytest.mark.parametrize(("host", "status"), UNFIT.values(), ids=UNFIT)
async def test_what_requires_tls_comes_back_at_once(host, status, ca, autojump_clock):
    w = await send(ca, host, Tls.OPPORTUNISTIC, REQUIRETLS=None, RET="FULL")
    assert host.mail == []
    (report,) = w.reports
    assert report.recipients[0]["Status"] == status
    assert report.returned_kind == "text/rfc822-headers"  # RFC 8689 5: never in full


async def test_a_host_that_cannot_be_reached_is_no_reason_to_give_up(ca, autojump_clock):
    host = Host(KEYWORDS, tls=RIGHT, is_up=False)
    w = await send(ca, host, Tls.OPPORTUNISTIC, REQUIRETLS=None)
    assert w.waiting() == ["bob@b.test"]


@pytest.mark.parametrize(("host", "_"), UNFIT.values(), ids=UNFIT)
async def test_a_bounce_that_asks_for_tls_goes_all_the_same(host, _, ca, autojump_clock):
    host.mail.clear()
    await send(ca, host, Tls.OPPORTUNISTIC, sender="", REQUIRETLS=None)
    assert host.copies == ["bob@b.test"]
    assert host.mail[0].parameters == ""


async def test_a_bounce_asks_for_tls_where_it_can_be_had(ca, autojump_clock):
    host = Host(KEYWORDS, tls=RIGHT)
    await send(ca, host, Tls.OPPORTUNISTIC, sender="", REQUIRETLS=None)
    assert host.mail[0].parameters == "REQUIRETLS"


async def test_tls_required_no_goes_where_others_would_wait(ca, autojump_clock):
    content = b"Subject: your certificate\r\nTLS-Required: No\r\n\r\nhas expired\r\n"
    host = Host(KEYWORDS, tls=OTHER)
    w = await send(ca, host, Tls.REQUIRED, content=content)
    assert host.copies == ["bob@b.test"]
    assert w.submitted == []
    host = Host(KEYWORDS, tls=OTHER)
    w = await send(ca, host, Tls.REQUIRED, content=b"X: y\r\n\r\nTLS-Required: No\r\n")
    assert w.waiting() == ["bob@b.test"]
    # REQUIRETLS makes the field count for nothing (RFC 8689 4.1).
    w = await send(ca, host, Tls.REQUIRED, content=content, REQUIRETLS=None)
    assert w.bounced == ["bob@b.test"]


async def test_requiretls_by_the_dns_wants_a_signed_answer(ca, autojump_clock):
    for signed, wanted in ((True, ["bob@b.test"]), (False, [])):
        host = Host(KEYWORDS, tls=RIGHT)
        table = Table(
            {"b.test": Found(((10, "mx.b.test"),), signed)}, {"mx.b.test": ("192.0.2.1",)}
        )
        async with world(
            {}, {"192.0.2.1:25": host}, dns=True, resolver=table, settings={"ca": ca}
        ) as w:
            async with running(w) as relay:
                relay.take(await w.put("bob@b.test", REQUIRETLS=None))
                await trio.sleep(HOUR)
            assert host.copies == wanted
            assert bool(w.bounced) is not signed


def test_a_ca_that_cannot_be_read_is_told_at_the_start(tmp_path):
    async def dial(*args):
        raise AssertionError("nobody is called")

    with pytest.raises(UsageError, match="as CA certificate"):
        Caller(Settings(name="x", ca=tmp_path / "none.pem"), dial)
