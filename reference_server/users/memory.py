"""Users whose passwords are kept in the clear, in memory: what `--user NAME:PASSWORD` makes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterator, Mapping

from harness.protocol.sasl import Ability, ScramKeys, derive_keys, prepare
from reference_server.users.book import folded
from reference_server.users.decoy import Decoy
from reference_server.users.passwords import SALT


class MemoryUsers(Collection[str]):
    """Names, and passwords of those who may log in."""

    takes_time = False

    def __init__(self, passwords: Mapping[str, str | None]) -> None:
        named = {folded(name): password for name, password in passwords.items()}
        self._names = dict.fromkeys(named)
        self._secrets = {
            name: (prepare(password) or password).encode()
            for name, password in named.items()
            if password
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
        made_up = self._decoy.scram_keys(name)
        return self._scram_keys.get(name, made_up)

    def shared_secret(self, user: str) -> bytes:
        """The user's password, or one that nobody has."""
        name = folded(user)
        made_up = self._decoy.octets("secret", name)
        return self._secrets.get(name, made_up)

    def owner_of(self, token: str) -> str | None:
        """Nobody: there are no tokens here."""
        return None


def _same(one: bytes, other: bytes) -> bool:
    """Whether they are equal; how long it takes tells neither how much of them is, nor a length."""
    return hmac.compare_digest(hashlib.sha256(one).digest(), hashlib.sha256(other).digest())
