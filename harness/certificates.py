"""TLS contexts for the client's side, and certificates that vouch for nobody but themselves.

`cryptography` is imported where a certificate is made: most runs never make one, and it is heavy.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import ssl
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UsageError

if TYPE_CHECKING:
    from cryptography import x509

DAYS = 825  # what clients at large accept as the longest life of a certificate


def client_context(
    *,
    verify: bool = True,
    ca: Path | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
) -> ssl.SSLContext:
    """The context to meet a server with; without `verify` any certificate will do.

    `certificate` is our own, if the server wants to see one; its key may stand in the same file.
    """
    try:
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as problem:
        raise UsageError(f"cannot use {ca} as CA certificate: {problem}") from problem
    _sees_cuts(context)
    # RFC 8996: what is older is not to be used any more, not even to be judged.
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if certificate is not None:
        _load_ours(context, certificate, key)
    return context


def _sees_cuts(context: ssl.SSLContext) -> None:
    """An end of TCP without TLS's own is an error (RFC 8446 6.1), whatever Python thinks of it.

    CPython before 3.11.4 has OpenSSL pass over it, and an attacker could cut what is said.
    """
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF


def speaking_only(context: ssl.SSLContext, version: str) -> ssl.SSLContext:
    """The context with one version of TLS alone, "1.0" to "1.3": to see who takes an old one."""
    only = ssl.TLSVersion["TLSv1" if version == "1.0" else f"TLSv{version.replace('.', '_')}"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that is what it is about
        context.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
        context.minimum_version = only
        context.maximum_version = only
    if only < ssl.TLSVersion.TLSv1_2:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # OpenSSL holds none for good enough there
    return context


def _load_ours(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    with_key = f" with key {key}" if key else ""
    try:
        # Without a password here OpenSSL would ask for one at the terminal.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ssl.SSLError) as problem:
        raise UsageError(f"cannot use {certificate}{with_key}: {problem}") from problem


class ServerContext(ssl.SSLContext):
    """A server's context that knows its certificate: channel binding needs it (RFC 5929 4)."""

    certificate: bytes | None = None  # as DER

    def load_cert_chain(self, certfile: Path, keyfile: Path) -> None:  # type: ignore[override]
        """Load it and remember its first certificate."""
        super().load_cert_chain(certfile, keyfile)
        pem = certfile.read_text("ascii", "replace")
        first = pem[pem.index(ssl.PEM_HEADER) :].partition(ssl.PEM_FOOTER)
        self.certificate = ssl.PEM_cert_to_DER_cert(first[0] + first[1])


def end_point(certificate: bytes) -> bytes | None:
    """The tls-server-end-point binding of a certificate (RFC 5929 4.1); None if it has none."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    read = x509.load_der_x509_certificate(certificate)
    algorithm = read.signature_hash_algorithm
    if isinstance(algorithm, hashes.MD5 | hashes.SHA1):
        algorithm = hashes.SHA256()  # RFC 5929 4.1: those two are not used
    return None if algorithm is None else read.fingerprint(algorithm)


def server_context(certificate: Path, key: Path) -> ServerContext:
    """The context to be a server with."""
    context = ServerContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as problem:
        raise UsageError(f"cannot use {certificate} with key {key}: {problem}") from problem
    _sees_cuts(context)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996; not every Python begins there
    return context


def self_signed(names: Sequence[str], directory: Path) -> tuple[Path, Path]:
    """Make a certificate for these host names and addresses: its path and that of its key."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(names, key, subject=names[0], issuer=names[0])
    directory.mkdir(parents=True, exist_ok=True)
    key_path = _write(
        directory / "key.pem",
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        mode=0o600,
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    return _write(directory / "cert.pem", pem, mode=0o644), key_path


def misissued(
    path: Path, *, by: tuple[Path, Path], names: Sequence[str] = (), expired: bool = False
) -> Path:
    """Make a certificate like that of `by`, a certificate and its key, but for what is said.

    It has the same key and is issued by the right one, so that a client who trusts that one has
    nothing else to object to.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    right = x509.load_pem_x509_certificate(by[0].read_bytes())
    key = serialization.load_pem_private_key(by[1].read_bytes(), None)
    common_name = right.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
    certificate = _certificate(
        names or _names_of(right),
        key,
        subject="wrong on purpose",  # its issuer's name would make it self-signed, and no more
        issuer=str(common_name),
        until=-1 if expired else DAYS,
    )
    return _write(path, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)


def _names_of(certificate: x509.Certificate) -> list[str]:
    from cryptography import x509

    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return [str(name.value) for name in found.value]


def _certificate(
    names: Sequence[str], key: object, *, subject: str, issuer: str, until: int = DAYS
) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    assert isinstance(key, ec.EllipticCurvePrivateKey)
    named, by = (
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        for name in (subject, issuer)
    )
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=min(until, 0) - 1))  # clocks differ
        .not_valid_after(now + datetime.timedelta(days=until))
        .add_extension(x509.SubjectAlternativeName(map(_general_name, names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        # Python 3.13 and later verify strictly: without these two it is no CA (RFC 5280 4.2.1).
        .add_extension(_key_usage(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _key_usage() -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(path: Path, octets: bytes, *, mode: int) -> Path:
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(octets)
    return path
