"""What the trace line is told of TLS."""

from __future__ import annotations

import ssl

import pytest
import trio
import trio.testing

from harness.certificates import client_context, self_signed, server_context, speaking_only
from harness.wire.tls import is_cut_short
from reference_server.doors.handshakes import registered, suite_of

NAMES = {
    "TLS_AES_256_GCM_SHA384": "TLS_AES_256_GCM_SHA384",
    "ECDHE-ECDSA-AES256-GCM-SHA384": "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "ECDHE-RSA-AES128-SHA256": "TLS_ECDHE_RSA_WITH_AES_128_SHA256",
    "ECDHE-RSA-CHACHA20-POLY1305": "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "AES128-SHA": None,
}


@pytest.mark.parametrize(("name", "suite"), NAMES.items(), ids=NAMES)
def test_a_suite_has_the_name_that_it_is_registered_by(name, suite):
    assert registered(name) == suite


async def test_a_stream_in_the_clear_has_none():
    ours, _ = trio.testing.memory_stream_pair()

    assert suite_of(ours) is None


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.3"])
async def test_a_client_speaks_one_version_alone(tmp_path, version):
    context = speaking_only(client_context(verify=False), version)
    theirs_can = server_context(*self_signed(["localhost"], tmp_path))
    ours, theirs = trio.testing.memory_stream_pair()
    server = trio.SSLStream(theirs, theirs_can, server_side=True)
    client = trio.SSLStream(ours, context, server_hostname="localhost")

    async def serve() -> None:
        try:
            await server.do_handshake()
        except trio.BrokenResourceError:
            await trio.aclose_forcefully(server)

    async with trio.open_nursery() as tasks:
        tasks.start_soon(serve)
        if version < "1.2":
            with pytest.raises(trio.BrokenResourceError):
                await client.do_handshake()
            return
        await client.do_handshake()
        assert client.version() == f"TLSv{version}"
        await trio.aclose_forcefully(server)
        with pytest.raises(trio.BrokenResourceError) as gone:
            await client.receive_some()
        assert is_cut_short(gone.value)
        assert not is_cut_short(trio.BrokenResourceError())
        assert isinstance(gone.value.__cause__, ssl.SSLError)
