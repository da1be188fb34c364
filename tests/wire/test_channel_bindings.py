"""Channel bindings: both ends of a TLS connection hold the same, and nobody else does."""

from __future__ import annotations

import datetime
import hashlib
import ssl
from pathlib import Path

import pytest
import trio
import trio.testing
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from harness.certificates import client_context, end_point, self_signed, server_context
from harness.wire.tls import channel_bindings

END_POINT = "tls-server-end-point"


async def secured(
    folder: Path,
    version: ssl.TLSVersion,
    *,
    certificate: tuple[Path, Path] | None = None,
    session: ssl.SSLSession | None = None,
    contexts: list[ssl.SSLContext] | None = None,
) -> tuple[trio.SSLStream, trio.SSLStream]:
    if not contexts:
        ours = client_context(verify=False)
        theirs = server_context(*(certificate or self_signed(["localhost"], folder)))
        contexts = [] if contexts is None else contexts
        contexts += [ours, theirs]
    ours, theirs = contexts
    ours.minimum_version = ours.maximum_version = version
    one, other = trio.testing.memory_stream_pair()
    client = trio.SSLStream(one, ours, https_compatible=True)
    if session is not None:
        client.session = session
    server = trio.SSLStream(other, theirs, server_side=True, https_compatible=True)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.do_handshake)
        nursery.start_soon(server.do_handshake)
    return client, server


@pytest.mark.parametrize(
    ("version", "types"),
    [
        (ssl.TLSVersion.TLSv1_2, {END_POINT, "tls-unique"}),
        (ssl.TLSVersion.TLSv1_3, {END_POINT}),
    ],
)
async def test_both_ends_hold_the_same_and_another_connection_does_not(tmp_path, version, types):
    client, server = await secured(tmp_path, version)
    other, _ = await secured(tmp_path, version)

    bindings = channel_bindings(client)
    assert bindings == channel_bindings(server)
    assert types <= set(bindings)
    assert "tls-unique" in types or "tls-unique" not in bindings
    assert all(channel_bindings(other)[type] != bindings[type] for type in types)


async def test_a_resumed_session_of_old_tls_is_bound_to_nothing(tmp_path):
    contexts: list[ssl.SSLContext] = []
    first, _ = await secured(tmp_path, ssl.TLSVersion.TLSv1_2, contexts=contexts)
    again, server = await secured(
        tmp_path, ssl.TLSVersion.TLSv1_2, contexts=contexts, session=first.session
    )

    assert again.session_reused
    assert channel_bindings(again) == channel_bindings(server) == {}


async def test_what_is_not_tls_is_bound_to_nothing():
    assert channel_bindings(trio.testing.memory_stream_pair()[0]) == {}


async def test_a_server_whose_context_knows_no_certificate_binds_by_nothing_of_it(tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*self_signed(["localhost"], tmp_path))
    contexts = [client_context(verify=False), context]

    _, server = await secured(tmp_path, ssl.TLSVersion.TLSv1_3, contexts=contexts)

    assert END_POINT not in channel_bindings(server)


# How the certificate is signed -> the digest that RFC 5929 4.1 makes of it
DIGESTS = {"SHA256": "sha256", "SHA384": "sha384", None: None}


@pytest.mark.parametrize(("signed", "digest"), DIGESTS.items())
def test_the_hash_of_a_certificate_is_that_of_its_signature(signed, digest):
    key = (
        ec.generate_private_key(ec.SECP256R1()) if signed else ed25519.Ed25519PrivateKey.generate()
    )
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x.test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
    )
    made = certificate.sign(key, getattr(hashes, signed)() if signed else None)
    der = made.public_bytes(serialization.Encoding.DER)

    assert end_point(der) == (hashlib.new(digest, der).digest() if digest else None)
