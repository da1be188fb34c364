"""What is shown of a user who is unknown, or has nothing of the kind that a mechanism needs.

It is made up, the same every time, so that neither what is said nor how long it takes tells who
exists.
"""

from __future__ import annotations

import hmac

from harness.protocol.sasl import ScramKeys
from harness.protocol.sasl.scram_keys import ITERATIONS
from reference_server.users.passwords import SALT, Hash


class Decoy:
    """Made-up keys and secrets."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def octets(self, purpose: str, user: str, length: int = 32) -> bytes:
        """Octets that are the same every time, and that nobody can foretell."""
        message = f"{purpose}\0{user}".encode()
        return hmac.digest(self._key, message, "sha256")[:length]

    def scram_keys(self, user: str) -> ScramKeys:
        """Keys that no password fits."""
        return ScramKeys(
            salt=self.octets("salt", user, SALT),
            iterations=ITERATIONS,
            stored_key=self.octets("stored key", user),
            server_key=self.octets("server key", user),
        )

    def hash(self, user: str) -> Hash:
        """A hash that no password fits."""
        return Hash(salt=self.octets("salt", user, SALT), octets=self.octets("hash", user))
