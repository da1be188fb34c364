"""The plan of a run: how many users there are at a moment, and how many messages are due by then.

Stages follow each other without gaps; within one, users and rate change evenly.  So what is due by
a moment is a parabola, and the moment when the n-th message is due is a root of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.load_results import Stage


@dataclass(frozen=True, slots=True)
class Plan:
    """Stages, as functions of the seconds since the run began."""

    stages: Sequence[Stage]

    @property
    def duration(self) -> float:
        """Seconds until its end."""
        return self.stages[-1].end

    def stage_at(self, moment: float) -> Stage:
        """The stage that goes on; the last one when all are over."""
        return next((stage for stage in self.stages if moment < stage.end), self.stages[-1])

    def users_at(self, moment: float) -> int:
        """How many users there should be."""
        stage = self.stage_at(moment)
        return round(_between(stage, moment, stage.users))

    def due_by(self, moment: float) -> float:
        """How many messages should have begun; a message is due when this reaches its number."""
        return sum(stage.due_by(moment) for stage in self.stages)

    def moment_of(self, count: float) -> float | None:
        """When so many messages are due; None if the plan ends before."""
        for stage in self.stages:
            whole = stage.due_by(stage.end)
            if count <= whole:
                return stage.begin + _seconds_for(stage, count)
            count -= whole
        return None


def _between(stage: Stage, moment: float, ends: tuple[float, float]) -> float:
    """The value at a moment of the stage, or at the end that is nearest to it."""
    share = (moment - stage.begin) / (stage.end - stage.begin)
    return ends[0] + (ends[1] - ends[0]) * min(1.0, max(0.0, share))


def _seconds_for(stage: Stage, count: float) -> float:
    """Seconds into the stage until so many messages are due."""
    if stage.rate is None or count <= 0:
        return 0.0
    first, last = stage.rate
    slope = (last - first) / (stage.end - stage.begin)
    # The root of slope/2 * t^2 + first * t = count, in the form that bears a slope of nothing.
    return 2 * count / (first + math.sqrt(max(0.0, first * first + 2 * slope * count)))
