"""Reading the tricks of a row, and what is done where a row names none."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from typing import Final, TypeVar

from harness.documents import Fields, MappingNode
from harness.protocol.replies import CHALLENGE, Reply, reply
from reference_server.faults import notation
from reference_server.faults.model import (
    TRICKS,
    Certificate,
    Drop,
    Greylist,
    Rate,
    Split,
    Stage,
    Trick,
)

T = TypeVar("T")

GREYLISTED: Final = reply(450, "4.7.1 Greylisted, try again later")
TOO_FAST: Final = reply(450, "4.7.1 Too much at once, try again later")
TOO_FAST_TO_COME: Final = reply(421, "4.7.0 Too much at once, try again later")
_WHOLE: Final = TRICKS - {"after", "again", "keep"}  # the others say how
WHOLE: Final = ", ".join(sorted(_WHOLE))
_NO_REPLY: Final = frozenset({Stage.CONNECT, Stage.GREETING, Stage.TLS})
_DROPS: Final = {
    **dict.fromkeys(("yes", "true", "close"), Drop.CLOSE),
    "reset": Drop.RESET,
}
_LONGEST: Final = 86_400.0  # seconds of a delay


def read_trick(fields: Fields, stages: Collection[Stage], seed: str) -> Trick | None:
    """What goes wrong; None where the row says nothing of it."""
    trick = _Reader(fields, stages).trick(seed)
    return trick if any(key in fields for key in _WHOLE) else None


def default_reply(stages: Collection[Stage], when: Greylist | Rate) -> Reply:
    """What is said to who comes too early or too often, where the row does not say."""
    if isinstance(when, Greylist):
        return GREYLISTED
    return TOO_FAST_TO_COME if set(stages) & _NO_REPLY else TOO_FAST


def _object_to_go_ahead(told: Reply) -> str:
    # Who hears 220 begins a handshake, and we would read it as commands.
    return "at STARTTLS a reply refuses: 4yz or 5yz" if told.is_positive else ""


def _object_to_challenge(told: Reply) -> str:
    return "at AUTH a reply is the outcome, no challenge" if told.code == CHALLENGE else ""


_OBJECTIONS: Final[Mapping[Stage, Callable[[Reply], str]]] = {
    Stage.STARTTLS: _object_to_go_ahead,
    Stage.AUTH: _object_to_challenge,
}


class _Reader:
    """Reads the keys of one row that say what is done."""

    def __init__(self, fields: Fields, stages: Collection[Stage]) -> None:
        self._fields = fields
        self._complaints = fields.complaints
        self._stages = stages

    def trick(self, seed: str) -> Trick:
        """All of it."""
        fields = self._fields
        certificate = fields.choice("certificate", [one.value for one in Certificate])
        drop = fields.choice("drop", _DROPS)
        return Trick(
            after=fields.number("after", 0) or 0,
            delay=self._delay(),
            again=self._made("again", notation.read_odds) or 0.0,
            certificate=Certificate(certificate) if certificate else None,
            reply=self._reply(),
            garbage=self._garbage(seed),
            line_ends=fields.choice("line_ends", ["lf"]) or "",
            truncate=fields.number("truncate"),
            split=self._split(),
            slow=self._slow(),
            drop=_DROPS[drop] if drop else None,
            silent=fields.flag("silent"),
            keep=fields.flag("keep"),
            lose=self._lose(),
            duplicate=fields.flag("duplicate"),
            alter=fields.number("alter", minimum=1) or 0,
        )

    def _lose(self) -> bool:
        loses = self._fields.flag("lose")
        for key in ("keep", "duplicate", "alter"):
            if loses and key in self._fields:
                self._complaints.add(self._fields.place(key), f"{key!r} beside 'lose'")
        return loses

    def _delay(self) -> float:
        seconds = self._fields.duration("delay", 0.0) or 0.0
        if seconds > _LONGEST:
            self._complaints.add(self._fields.place("delay"), "a delay of more than a day")
        if "again" in self._fields and "delay" not in self._fields:
            self._complaints.add(self._fields.place("again"), "'again' without 'delay'")
        return seconds

    def _reply(self) -> Reply | None:
        found = self._made("reply", notation.read_reply)
        for stage, objection in _OBJECTIONS.items():
            if found is not None and stage in self._stages and (words := objection(found)):
                self._complaints.add(self._fields.place("reply"), words)
        return found

    def _garbage(self, seed: str) -> bytes:
        node = self._fields.node("garbage")
        if node is None:
            return b""
        if not node.style and node.value.isdigit():
            count = self._fields.made(node, notation.read_count) or 1
            return random.Random(seed).randbytes(min(count, notation.MOST_GARBAGE))
        return self._fields.made(node, notation.read_octets) or b""

    def _split(self) -> Split | None:
        node = self._fields.take("split")
        if node is None:
            return None
        if isinstance(node, MappingNode):
            with Fields(node, self._complaints, "'split'") as parts:
                after = parts.number("after", minimum=1)
                octets = parts.number("octets", minimum=1)
                pause = parts.duration("pause", 0.0) or 0.0
            if (after is None) == (octets is None):
                self._complaints.add(node.at, "'split' has either 'after' or 'octets'")
            return Split(after=after, pieces=octets, pause=pause)
        text = self._fields.as_text(node)
        octets = None if text is None else self._fields.made(text, notation.read_count)
        return None if octets is None else Split(pieces=octets)

    def _slow(self) -> float:
        rate = self._made("slow", notation.read_rate)
        return 0.0 if rate is None else rate[0] / rate[1]

    def _made(self, key: str, make: Callable[[str], T]) -> T | None:
        node = self._fields.node(key)
        return None if node is None else self._fields.made(node, make)
