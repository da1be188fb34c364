"""Settings: how a run is done, whatever it runs against."""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import UsageError
from harness.results import Level
from harness.wire import read_cut

MOST_JOBS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options of a run."""

    jobs: int = 1
    seed: int = 0  # of tokens; the same seed makes the same octets
    segment: str = "whole"  # whole, lines, bytes, random:SEED
    fail_fast: bool = False
    level: Level = Level.MUST
    as_written: bool = False  # `names:` exchange nothing
    slow: bool = False  # cases that wait for more than 2 s are played
    wait_for_target: float = 0.0  # seconds until somebody must listen there

    def __post_init__(self) -> None:
        read_cut(self.segment, "")  # raises if there is no such mode
        if not 1 <= self.jobs <= MOST_JOBS:
            raise UsageError(f"-j must be between 1 and {MOST_JOBS}, not {self.jobs}")
