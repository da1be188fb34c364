"""TLS: handshakes and certificates that go wrong on purpose."""

import ssl

import pytest
import trio
import trio.testing

from reference_server.doors.door import Door, Kind
from tests.reference_server.connecting import server_in
from tests.reference_server.faults.troubled import (
    faults_in,
    meeting,
    troubled,
)

HELLO = b"EHLO c.test\r\n"


def trusting(spool):
    return ssl.create_default_context(cafile=str(spool / "cert.pem"))


async def secured(client, spool):
    tls = trio.SSLStream(
        client.stream, trusting(spool), server_hostname="localhost", https_compatible=True
    )
    await tls.do_handshake()
    client.stream = tls


WRONG = {
    "expired": "certificate has expired",
    "other-name": "Hostname mismatch",
}


@pytest.mark.parametrize(("certificate", "words"), WRONG.items(), ids=WRONG)
@pytest.mark.parametrize("implicit", [True, False])
async def test_a_certificate_is_wrong_in_one_way_alone(tmp_path, certificate, words, implicit):
    server = server_in(tmp_path, tls_self_signed=True)
    faults = faults_in(tmp_path, f"{{at: tls, times: 1, certificate: {certificate}}}")
    door = Door(Kind.SMTPS if implicit else Kind.SMTP)
    for attempt in (1, 2):
        async with meeting(server, faults, door) as client:
            if not implicit:
                await client.reply()
                await client.say(HELLO)
                assert await client.say(b"STARTTLS\r\n") == b"220 2.0.0 Ready to start TLS"
            if attempt == 1:
                with pytest.raises(trio.BrokenResourceError) as caught:
                    await secured(client, tmp_path)
                assert words in str(caught.value.__cause__)
            else:
                await secured(client, tmp_path)
                assert (await client.reply() if implicit else await client.say(HELLO))[:1] == b"2"


async def test_where_no_certificate_is_ours_a_wrong_one_vouches_for_itself(tmp_path):
    from reference_server.faults.certificates import Certificates
    from reference_server.faults.model import Certificate

    certificates = Certificates(tmp_path)
    expired = certificates.context(Certificate.EXPIRED, None)
    assert expired is certificates.context(Certificate.EXPIRED, None) is not None
    assert certificates.context(None, expired) is expired
    assert not (tmp_path / "cert.pem").exists()


HANDSHAKES = {
    "noise": "{at: tls, garbage: 32, drop: yes}",
    "a drop": "{at: tls, drop: yes}",
    "silence": "{at: tls, silent: yes}",
}


@pytest.mark.parametrize("fault", HANDSHAKES.values(), ids=HANDSHAKES)
@pytest.mark.parametrize("implicit", [True, False])
async def test_a_handshake_is_spoilt(tmp_path, autojump_clock, fault, implicit):
    server = server_in(tmp_path, tls_self_signed=True)
    async with meeting(
        server, faults_in(tmp_path, fault), Door(Kind.SMTPS if implicit else Kind.SMTP)
    ) as client:
        if not implicit:
            await client.reply()
            await client.say(HELLO)
            assert await client.say(b"STARTTLS\r\n") == b"220 2.0.0 Ready to start TLS"
        with pytest.raises(trio.BrokenResourceError):
            await secured(client, tmp_path)
    assert server.open_connections == 0


@pytest.mark.parametrize(
    "fault", ["{at: tls, delay: 60s}", "{at: tls, slow: 100/s}", "{at: STARTTLS, delay: 60s}",
              "{at: STARTTLS, split: 1}", "{at: STARTTLS, slow: 100/s}"]
)  # fmt: skip
async def test_a_handshake_takes_its_time(tmp_path, autojump_clock, fault):
    async with troubled(tmp_path, fault, tls_self_signed=True) as client:
        began = trio.current_time()
        await client.say(HELLO)
        assert (await client.say(b"STARTTLS\r\n")).startswith(b"220")
        await secured(client, tmp_path)
        assert (await client.say(HELLO)).startswith(b"250")
        if "split" not in fault:
            assert trio.current_time() - began > 1
