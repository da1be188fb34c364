"""How a case ends before its last step: raised where it happens, caught where it is played."""

from __future__ import annotations

from dataclasses import dataclass

from harness.results import Exchange, Surprise


class Ending(Exception):
    """The case is over."""


class Unmet(Ending):
    """Something was not as wanted."""

    def __init__(self, surprise: Surprise) -> None:
        super().__init__(str(surprise))
        self.surprise = surprise


class Void(Ending):
    """Nothing can be said about the target: a skip, with its reason."""


class Trouble(Ending):
    """The harness, the network or a refused start: an error, never blamed on the target."""


class StartRefused(Trouble):
    """The target did not let us get to where the case begins."""


class Busy(Ending):
    """Too many connections for the target: to be tried again, with fewer at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of playing a case: met, unless one of the words says otherwise."""

    surprise: Surprise | None = None
    void: str = ""
    trouble: str = ""
    refused: bool = False  # the trouble is a start that was refused
    busy: str = ""
    notes: tuple[str, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    ports: tuple[int, ...] = ()
    seconds: float = 0.0

    @property
    def is_met(self) -> bool:
        """Whether everything was as wanted."""
        return not (self.surprise or self.void or self.trouble or self.busy)
