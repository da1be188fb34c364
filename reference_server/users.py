"""Users and how they log in: what the server's end of SASL asks.

Whoever is unknown, or has nothing of the kind that a mechanism needs, gets a made-up one, the same
every time, so that neither what is said nor how long it takes tells who exists.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterator, Mapping

from harness.protocol.sasl import Ability, ScramKeys, derive_keys, prepare

SALT = 16  # octets


def folded(name: str) -> str:
    """A user's name as it is looked up: as in an address, case makes no difference."""
    return name.lower()


class Decoy:
    """What is shown in place of what a user has not."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def octets(self, purpose: str, user: str, length: int = 32) -> bytes:
        """Octets that are the same every time, and that nobody can foretell."""
        message = f"{purpose}\0{user}".encode()
        return hmac.digest(self._key, message, "sha256")[:length]

    def scram_keys(self, user: str, iterations: int) -> ScramKeys:
        """Keys that no password fits."""
        return ScramKeys(
            salt=self.octets("salt", user, SALT),
            iterations=iterations,
            stored_key=self.octets("stored key", user),
            server_key=self.octets("server key", user),
        )


class MemoryUsers(Collection[str]):
    """Users whose passwords are kept in the clear, in memory: what `--user NAME:PASSWORD` makes."""

    takes_time = False

    def __init__(self, passwords: Mapping[str, str | None]) -> None:
        named = {folded(name): password for name, password in passwords.items()}
        self._names = tuple(named)
        self._secrets = {
            name: _prepared(password).encode() for name, password in named.items() if password
        }
        self._scram_keys = {
            name: derive_keys(secret.decode(), salt=secrets.token_bytes(SALT))
            for name, secret in self._secrets.items()
        }
        self._decoy = Decoy(secrets.token_bytes(32))

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    @property
    def abilities(self) -> Collection[Ability]:
        """All but tokens, if anybody has a password."""
        return (Ability.PASSWORD, Ability.SCRAM, Ability.SECRET) if self._secrets else ()

    def knows_password(self, user: str, password: str) -> bool:
        """Whether this is the password of that user."""
        return _same(self.shared_secret(user), password.encode())

    def scram_keys(self, user: str) -> ScramKeys:
        """The user's keys, or some that nobody has."""
        name = folded(user)
        made_up = self._decoy.scram_keys(name, 4096)
        return self._scram_keys.get(name, made_up)

    def shared_secret(self, user: str) -> bytes:
        """The user's password, or one that nobody has."""
        name = folded(user)
        made_up = self._decoy.octets("secret", name)
        return self._secrets.get(name, made_up)

    def owner_of(self, token: str) -> str | None:
        """Nobody: there are no tokens here."""
        return None


def _prepared(password: str) -> str:
    return prepare(password) or password


def _same(one: bytes, other: bytes) -> bool:
    """Whether they are equal; how long it takes tells neither how much of them is, nor a length."""
    return hmac.compare_digest(hashlib.sha256(one).digest(), hashlib.sha256(other).digest())
