"""What all senders of a process share: target, profile, the mail to send, the counts."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from harness import __version__
from harness.load_results import LoadResult
from harness.target import Target
from loadtests.admission import admit
from loadtests.mail import Mail
from loadtests.profile import Profile
from loadtests.recorder import Recorder


@dataclass(frozen=True, slots=True)
class LoadRun:
    """One run as seen by one process."""

    target: Target
    profile: Profile
    mail: Mail
    recorder: Recorder
    numbers: Iterator[int] = field(default_factory=itertools.count)  # of senders


def prepare(target: Target, profile: Profile, *, started: str, seed: int | None = None) -> LoadRun:
    """A run that may begin; raises UsageError if this profile may not be run on this target."""
    admit(target, profile)
    if seed is not None:
        profile = replace(profile, seed=seed)
    blank = LoadResult(
        target=str(target),
        profile=profile.name,
        seed=profile.seed,
        users=profile.users,
        started=started,
        seconds=0.0,
        phases={},
        harness=__version__,
    )
    return LoadRun(target, profile, Mail(profile, target), Recorder(blank, profile.thresholds))
