"""Passwords as they are kept: hashed by scrypt (RFC 7914), which is slow on purpose.

A check costs about 40 ms and 16 MB.  Who has been right once need not pay again, so that a load
test with log-ins measures the server and not the hash: `Remembered`.  Failures always pay.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

SALT: Final = 16  # octets
_LENGTH: Final = 32
_MOST_MEMORY: Final = 256 * 1024 * 1024  # what a line of a file may make us use


@dataclass(frozen=True, slots=True, kw_only=True)
class Hash:
    """What is kept of a password."""

    salt: bytes
    octets: bytes = field(repr=False)
    n: int = 2**14
    r: int = 8
    p: int = 1

    def fits(self, password: str) -> bool:
        """Whether it is the hash of that password; takes its time whatever the answer."""
        return hmac.compare_digest(_scrypt(password, self), self.octets)

    def __str__(self) -> str:
        """As it stands in a file."""
        return f"{self.n},{self.r},{self.p},{encoded(self.salt)},{encoded(self.octets)}"


def hash_password(password: str) -> Hash:
    """A fresh hash of the password."""
    draft = Hash(salt=secrets.token_bytes(SALT), octets=b"")
    return Hash(salt=draft.salt, octets=_scrypt(password, draft))


def read_hash(text: str) -> Hash | None:
    """The hash that is written there; None if that is none, or one that costs too much."""
    match text.split(","):
        case [n, r, p, salt, octets] if n.isdecimal() and r.isdecimal() and p.isdecimal():
            found = Hash(salt=decoded(salt), octets=decoded(octets), n=int(n), r=int(r), p=int(p))
            return found if _is_sane(found) else None
        case _:
            return None


def _is_sane(hash: Hash) -> bool:
    is_power = hash.n > 1 and hash.n & (hash.n - 1) == 0
    costs = 128 * hash.n * hash.r * hash.p
    return is_power and 0 < costs <= _MOST_MEMORY and len(hash.octets) == _LENGTH


def _scrypt(password: str, by: Hash) -> bytes:
    return hashlib.scrypt(
        password.encode(),
        salt=by.salt,
        n=by.n,
        r=by.r,
        p=by.p,
        maxmem=2 * _MOST_MEMORY,
        dklen=_LENGTH,
    )


def encoded(octets: bytes) -> str:
    """Octets as base64, as they stand in a file."""
    return base64.b64encode(octets).decode()


def decoded(text: str) -> bytes:
    """The octets; empty if it is no base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


class Remembered:
    """Checks that were right, a bounded number of them, the latest; threads may share it.

    What is kept is keyed by a number that only this process knows: it gives no password away, and
    it holds the hash that the password was checked against, so a changed one is checked anew.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._key = secrets.token_bytes(32)
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self._lock = threading.Lock()

    def fits(self, user: str, password: str, hash: Hash) -> bool:
        """Whether it is the hash of that password: at once where it has been found before."""
        mark = hmac.digest(self._key, f"{user}\0{hash}\0{password}".encode(), "sha256")
        with self._lock:
            if mark in self._known:
                self._known.move_to_end(mark)
                return True
        if not hash.fits(password):
            return False
        with self._lock:
            self._known[mark] = None
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        return True

    def __len__(self) -> int:
        return len(self._known)
