"""A witness: mail for anybody is taken, told to a function, and thrown away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from harness.protocol.receiver import RULES, Envelope, Rules
from harness.protocol.receiver.events import Mail
from harness.protocol.receiver.rules import anything_goes
from reference_server.intake.directory import Directory
from reference_server.intake.intake import Intake
from reference_server.intake.policy import House
from reference_server.server import Server
from reference_server.smtp_sink.behaviour import LIMITS
from reference_server.storage.storage import Nowhere
from reference_server.talks.sink import unstamped

Tell = Callable[[Envelope, bytes], None]

NAME: Final = "sink.test"
# What promises something beyond taking a message is not offered: who relays to us keeps it.
_OFFERED: Final = frozenset(
    {"PIPELINING", "8BITMIME", "SMTPUTF8", "CHUNKING", "ENHANCEDSTATUSCODES"}
)


class Witness(Intake):
    """Where messages are told of, and go no further."""

    def __init__(self, house: House, tell: Tell) -> None:
        super().__init__(house, Nowhere())
        self._heard = tell

    def objection_to(self, mail: Mail) -> None:
        """There is room for any message."""

    def take_now(self, envelope: Envelope, content: bytes, id: str) -> None:
        """Tell of a message."""
        self._heard(envelope, content)


def make_witness(tell: Tell) -> Server:
    """A server at which everybody is at home; a message has been told of before its 250."""
    directory = Directory(domain=NAME, has_user=lambda name: True, takes_all=True)
    house = House(directory=directory)
    return Server(house=house, intake=Witness(house, tell), rules=_rules())


def _rules() -> Rules:
    """Honest rules, but whatever is wrong with a message is to be seen, not refused."""
    return replace(
        RULES,
        limits=LIMITS,
        extensions={name: row for name, row in RULES.extensions.items() if name in _OFFERED},
        object_to_content=anything_goes,
        stamp=unstamped,
    )
