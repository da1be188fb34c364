"""A certificate in the words of a card."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from harness.probing.card import Certificate

if TYPE_CHECKING:
    from cryptography import x509

_DAY = 86_400


def look_at(der: bytes, now: float, *, trusted: str) -> Certificate:
    """What a certificate says; `trusted` is why it is not, or empty."""
    from cryptography import x509

    read = x509.load_der_x509_certificate(der)
    end = read.not_valid_after_utc
    return Certificate(
        subject=read.subject.rfc4514_string() or "(empty)",
        issuer=read.issuer.rfc4514_string() or "(empty)",
        is_self_issued=read.subject == read.issuer,
        names=_names(read),
        not_before=_date(read.not_valid_before_utc),
        not_after=_date(end),
        days_left=int((end - datetime.fromtimestamp(now, UTC)).total_seconds() // _DAY),
        key=_key(read),
        signature=_signature(read),
        trusted=trusted,
    )


def _names(read: x509.Certificate) -> tuple[str, ...]:
    from cryptography import x509

    try:
        found = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return tuple(str(name.value) for name in found)


def _key(read: x509.Certificate) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    key = read.public_key()
    match key:
        case rsa.RSAPublicKey():
            return f"RSA, {key.key_size} bits"
        case ec.EllipticCurvePublicKey():
            return f"EC, {key.curve.name}"
    return type(key).__name__.removesuffix("PublicKey")


def _signature(read: x509.Certificate) -> str:
    algorithm = read.signature_hash_algorithm
    return "without a hash" if algorithm is None else algorithm.name


def _date(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
