"""TLS as a server does it: versions, ciphers, the certificate."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from harness.certificates import client_context
from harness.errors import PeerError
from harness.probing.certificate import look_at
from harness.probing.handshakes import Shaker
from harness.target import TlsPolicy
from harness.wire import Log
from tests.probing.peers import Peer

NOW = datetime.now(UTC).timestamp()


def server(authority: trustme.CA, *, most=ssl.TLSVersion.TLSv1_3, ciphers: str = "") -> Peer:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = most
    if ciphers:
        context.set_ciphers(ciphers)
    authority.issue_cert("127.0.0.1", "mx.test").configure_cert(context)
    return Peer(("STARTTLS",), {"STARTTLS": "220 go"}, context, ("AUTH PLAIN",))


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


TWO = ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384")


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_versions_and_ciphers_are_tried_one_by_one(authority, scheme):
    peer = server(authority, most=ssl.TLSVersion.TLSv1_2, ciphers=":".join(TWO))
    peer.implicit = scheme == "smtps"
    async with peer.target(scheme) as target:
        found = await Shaker(target, Log()).look(NOW, is_thorough=True)

    by_name = {one.version: one for one in found.versions}
    assert found.way == ("from the first octet" if peer.implicit else "STARTTLS")
    assert found.negotiated.startswith("TLSv1.2, ECDHE")
    assert by_name["TLS 1.3"].is_accepted is False
    assert by_name["TLS 1.2"].is_accepted is True
    assert set(by_name["TLS 1.2"].ciphers) == set(TWO)
    assert by_name["TLS 1.2"].are_all
    # What OpenSSL was built without cannot be tried; otherwise it is refused.
    assert by_name["TLS 1.1"].is_accepted in (False, None)
    assert by_name["TLS 1.0"].note


@pytest.mark.slow
async def test_one_cipher_is_enough_for_a_stranger(authority):
    async with server(authority).target() as target:
        shaker = Shaker(target, Log())
        found = await shaker.look(NOW, is_thorough=False)

    assert [len(one.ciphers) for one in found.versions[:2]] == [1, 1]
    assert not any(one.are_all for one in found.versions)
    assert shaker.connections == 6


@pytest.mark.slow
async def test_a_certificate_is_trusted_by_who_trusts_its_authority(authority, tmp_path: Path):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with server(authority).target(tls=TlsPolicy(ca=tmp_path / "ca.pem")) as target:
        found = await Shaker(target, Log()).look(NOW, is_thorough=False)
    async with server(authority).target() as target:
        distrusted = await Shaker(target, Log()).look(NOW, is_thorough=False)

    assert found.certificate is not None
    assert distrusted.certificate is not None
    assert found.certificate.trusted == ""
    assert "local issuer" in distrusted.certificate.trusted
    assert set(found.certificate.names) == {"127.0.0.1", "mx.test"}
    assert not found.certificate.is_self_issued


async def test_the_name_is_looked_at_too(authority, tmp_path: Path):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    policy = TlsPolicy(ca=tmp_path / "ca.pem", server_name="other.test")
    async with server(authority).target(tls=policy) as target:
        found = await Shaker(target, Log()).look(NOW, is_thorough=False)

    assert found.certificate is not None
    assert "mismatch" in found.certificate.trusted


async def test_a_server_without_tls_has_no_tls():
    async with Peer().target() as target:
        with pytest.raises(PeerError, match="STARTTLS was answered 500"):
            await Shaker(target, Log()).look(NOW, is_thorough=False)


KEYS = {
    "EC, secp256r1": (ec.generate_private_key(ec.SECP256R1()), hashes.SHA256(), "sha256"),
    "RSA, 2048 bits": (rsa.generate_private_key(65537, 2048), hashes.SHA512(), "sha512"),
    "Ed25519": (ed25519.Ed25519PrivateKey.generate(), None, "without a hash"),
}


def certificate(key, digest, *, days: int, names: bool = True) -> bytes:
    now = datetime.fromtimestamp(NOW, UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mx.test")])
    builder = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=100))
        .not_valid_after(now + timedelta(days=days, hours=1))
    )  # fmt: skip
    if names:
        found = x509.SubjectAlternativeName([x509.DNSName("a.test"), x509.DNSName("b.test")])
        builder = builder.add_extension(found, critical=False)
    return builder.sign(key, digest).public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("words", KEYS)
def test_a_certificate_is_put_into_words(words: str):
    key, digest, signature = KEYS[words]

    found = look_at(certificate(key, digest, days=30), NOW, trusted="self-signed")

    assert (found.subject, found.issuer, found.is_self_issued) == ("CN=mx.test", "CN=mx.test", True)
    assert found.names == ("a.test", "b.test")
    assert (found.key, found.signature) == (words, signature)
    assert found.days_left == 30
    assert found.not_after.endswith("+00:00")


def test_one_that_has_ended_and_names_nobody_is_described_all_the_same():
    key, digest, _ = KEYS["EC, secp256r1"]

    found = look_at(certificate(key, digest, days=-3, names=False), NOW, trusted="")

    assert found.days_left == -3
    assert found.names == ()


async def test_a_certificate_of_ours_is_shown_to_who_wants_one(authority, tmp_path: Path):
    peer = server(authority, most=ssl.TLSVersion.TLSv1_2)
    assert peer.context is not None
    peer.context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(peer.context)
    ours = authority.issue_cert("client.example.test")
    ours.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "ours.pem"))
    with_ours = client_context(verify=False, certificate=tmp_path / "ours.pem")

    async with peer.target() as target:
        shaker = Shaker(target, Log())
        assert (await shaker.shake(with_ours)).version == "TLSv1.2"
        with pytest.raises(PeerError):
            await shaker.shake(client_context(verify=False))
