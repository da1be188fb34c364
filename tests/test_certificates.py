"""Certificates and contexts, tried in real handshakes (in memory)."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harness.certificates import client_context, self_signed, server_context
from harness.errors import UsageError

NAMES = ["localhost", "mail.example.test", "127.0.0.1", "::1"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return self_signed(NAMES, tmp_path_factory.mktemp("certificate") / "spool")


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, name: str | None) -> None:
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(down, up, server_hostname=name),
        server.wrap_bio(up, down, server_side=True),
    ]
    for _ in range(6):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue


@pytest.mark.parametrize("name", NAMES)
def test_a_self_signed_certificate_vouches_for_each_of_its_names(made, name):
    shake_hands(client_context(ca=made[0]), server_context(*made), name)


def test_it_passes_the_strict_verification_of_later_pythons(made):
    strict = client_context(ca=made[0])
    strict.verify_flags |= ssl.VERIFY_X509_STRICT

    shake_hands(strict, server_context(*made), "localhost")


def test_a_name_that_the_certificate_does_not_hold_is_refused(made):
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(client_context(ca=made[0]), server_context(*made), "other.test")


def test_without_its_ca_a_certificate_is_refused(made):
    with pytest.raises(ssl.SSLCertVerificationError, match="self-signed"):
        shake_hands(client_context(), server_context(*made), "localhost")


def test_without_verification_any_certificate_will_do(made):
    shake_hands(client_context(verify=False), server_context(*made), "other.test")


def test_the_key_is_readable_by_its_owner_alone(made):
    certificate, key = made

    assert certificate.name == "cert.pem"
    assert key.stat().st_mode & 0o777 == 0o600


def test_a_second_certificate_replaces_the_first(tmp_path):
    first = self_signed(["localhost"], tmp_path)[0].read_bytes()

    assert self_signed(["localhost"], tmp_path)[0].read_bytes() != first


def test_a_missing_ca_file_is_a_usage_error():
    with pytest.raises(UsageError, match=r"cannot use /nowhere/ca\.pem as CA certificate"):
        client_context(ca=Path("/nowhere/ca.pem"))


def test_a_missing_certificate_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match=r"cannot use .*cert\.pem with key"):
        server_context(tmp_path / "cert.pem", tmp_path / "key.pem")


def test_a_key_under_a_password_is_a_usage_error_and_no_question_at_the_terminal(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    (tmp_path / "locked.pem").write_bytes(key)
    certificate, _ = self_signed(["example.test"], tmp_path)

    with pytest.raises(UsageError, match=r"cannot use .*cert.pem with key .*locked.pem"):
        client_context(certificate=certificate, key=tmp_path / "locked.pem")
