"""Accounts in a dictionary, for whoever needs a server's end in a test."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from harness.protocol.sasl import Ability, ScramKeys, derive_keys


@dataclass
class Accounts:
    """Who knows what; what was asked is in `asked`."""

    passwords: Mapping[str, str] = field(default_factory=lambda: {"alice": "secret"})
    tokens: Mapping[str, str] = field(default_factory=dict)
    abilities: Collection[Ability] = tuple(Ability)
    takes_time: bool = False
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def knows_password(self, user: str, password: str) -> bool:
        self.asked.append((user, password))
        return self.passwords.get(user) == password

    def scram_keys(self, user: str) -> ScramKeys:
        self.asked.append((user,))
        password = self.passwords.get(user, "nobody knows this")
        return derive_keys(password, salt=b"salt of " + user.encode(), iterations=4096)

    def shared_secret(self, user: str) -> bytes:
        self.asked.append((user,))
        return self.passwords.get(user, "nobody knows this").encode()

    def owner_of(self, token: str) -> str | None:
        self.asked.append((token,))
        return self.tokens.get(token)
