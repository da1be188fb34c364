"""Tokens: the word that marks one message of a run, and by whom it was made.

A token is signed with a key that is made of the seed: mail of another run is not taken for ours.
That is no secret, and keeps nobody from making one who wants to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

PATTERN: Final = re.compile(r"load-([0-9a-f]{8})-([0-9]{8})-([0-9]{9})-([0-9a-f]{8})")
FIELD: Final = "X-Load-Token"  # of messages that we did not write: on top of their header

_SEED = 0xFFFFFFFF  # as much of it as a token holds
_SIGNATURE = 8  # hexadecimal digits
_BLOCK = 4  # bits of the serial: one hash signs sixteen messages, for it costs more than the rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token taken apart; whether it is signed, `Signer` knows."""

    seed: int
    sender: int
    serial: int
    signature: str


def read_token(word: str) -> Token | None:
    """What a token says, or None if it is none."""
    match = PATTERN.fullmatch(word)
    if match is None:
        return None
    seed, sender, serial, signature = match.groups()
    return Token(seed=int(seed, 16), sender=int(sender), serial=int(serial), signature=signature)


class Signer:
    """Makes the tokens of one run; those of each purpose are signed in another way."""

    def __init__(self, seed: int, purpose: str) -> None:
        self._seed = seed & _SEED
        self._hash = blake2b(key=b"smtp-harness load %08x" % self._seed)
        self._hash.update(purpose.encode())

    def tokens(self, sender: int, serials: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        """Each serial with its token."""
        prefix = b"load-%08x-%08d-" % (self._seed, sender)
        block, signatures = -1, b""
        for serial in serials:
            if serial >> _BLOCK != block:
                block = serial >> _BLOCK
                signatures = self._sign(sender, block)
            at = (serial & (1 << _BLOCK) - 1) * _SIGNATURE
            yield serial, b"%b%09d-%b" % (prefix, serial, signatures[at : at + _SIGNATURE])

    def token(self, sender: int, serial: int) -> bytes:
        """One token."""
        return next(self.tokens(sender, (serial,)))[1]

    def has_signed(self, token: Token) -> bool:
        """Whether we would have made just this one."""
        made = self.token(token.sender, token.serial).decode()
        return read_token(made) == token

    def _sign(self, sender: int, block: int) -> bytes:
        signed = self._hash.copy()
        signed.update(b" %d %d" % (sender, block))
        return signed.hexdigest().encode()
