"""What SCRAM-SHA-256 keeps and computes of a password (RFC 5802 3, RFC 7677)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Final

HASH: Final = "sha256"
ITERATIONS: Final = 4_096  # RFC 7677 4: at least


@dataclass(frozen=True, slots=True, kw_only=True)
class ScramKeys:
    """What a server keeps: with it one can verify a client, but not be one."""

    salt: bytes
    iterations: int
    stored_key: bytes = field(repr=False)
    server_key: bytes = field(repr=False)

    def is_proof(self, proof: bytes, message: bytes) -> bool:
        """Whether only who knows the password can have made this proof of the message."""
        if len(proof) != len(self.stored_key):
            return False
        client_key = _xor(proof, _hmac(self.stored_key, message))
        return hmac.compare_digest(_hash(client_key), self.stored_key)

    def signature(self, message: bytes) -> bytes:
        """What only who knows these keys can say of the message."""
        return _hmac(self.server_key, message)


def derive_keys(password: str, *, salt: bytes, iterations: int = ITERATIONS) -> ScramKeys:
    """The keys for a password that has been prepared."""
    salted = _salted(password, salt, iterations)
    return ScramKeys(
        salt=salt,
        iterations=iterations,
        stored_key=_hash(_hmac(salted, b"Client Key")),
        server_key=_hmac(salted, b"Server Key"),
    )


def prove(password: str, *, salt: bytes, iterations: int, message: bytes) -> tuple[bytes, bytes]:
    """The client's proof of the message, and the server's signature that must answer it."""
    salted = _salted(password, salt, iterations)
    client_key = _hmac(salted, b"Client Key")
    proof = _xor(client_key, _hmac(_hash(client_key), message))
    return proof, _hmac(_hmac(salted, b"Server Key"), message)


def _salted(password: str, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac(HASH, password.encode(), salt, iterations)


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, HASH)


def _hash(octets: bytes) -> bytes:
    return hashlib.sha256(octets).digest()


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
