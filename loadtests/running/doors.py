"""Where the senders of a process connect to, and how they meet TLS there: looked up once a run."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterable, Sequence

from harness.certificates import client_context
from harness.errors import PeerClosed
from harness.target import Address, Target
from loadtests.driving import Place, TlsClient, look_up
from loadtests.profile import Behaviour, Tls
from loadtests.sessions import address_of, is_inside_tls


class Doors:
    """The listeners of a target, as its senders use them."""

    def __init__(self, target: Target, seed: int) -> None:
        self._target = target
        self._seed = seed
        self._places: dict[Address, Sequence[Place]] = {}
        self._tls: dict[str, TlsClient | None] = {}  # by behaviour

    def find(self, behaviours: Iterable[Behaviour]) -> None:
        """Look all of them up before anybody connects; raises UsageError if TLS cannot be had.

        A name that is unknown now is asked for again by whoever connects, for whom it is trouble.
        """
        for behaviour in behaviours:
            self.tls(behaviour)
            with contextlib.suppress(PeerClosed):
                # Nobody else may have a turn: a worker that is told to begin would not hear it yet.
                self.place(behaviour, blocking=True)

    def place(self, behaviour: Behaviour, *, blocking: bool = False) -> Sequence[Place]:
        """Where such senders connect to; raises PeerClosed if its name is unknown."""
        address = address_of(behaviour, self._target)
        if address not in self._places:
            try:
                self._places[address] = look_up(address.host, address.port, blocking=blocking)
            except OSError as problem:
                raise PeerClosed(problem.strerror or str(problem)) from None
        return self._places[address]

    def tls(self, behaviour: Behaviour) -> TlsClient | None:
        """How such senders meet TLS, if they do; all of them resume each other's sessions."""
        if behaviour.name not in self._tls:
            self._tls[behaviour.name] = self._client(behaviour)
        return self._tls[behaviour.name]

    def _client(self, behaviour: Behaviour) -> TlsClient | None:
        if behaviour.tls is Tls.NONE and not is_inside_tls(behaviour, self._target):
            return None
        policy = self._target.tls
        host = address_of(behaviour, self._target).host
        return TlsClient(
            client_context(ca=policy.ca, verify=policy.verify),
            server_name=policy.server_name or host,
            resume=behaviour.resume,
            source=random.Random(f"{self._seed}/{behaviour.name}/tls"),
        )
